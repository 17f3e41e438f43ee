package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/hawser-ws/websocket/bench/servers"
)

// DeflateReport is the result of the command deflate.
type DeflateReport struct {
	Machine     Machine
	Connections int
	Groups      []*DeflateGroup
}

// DeflateGroup is the content of one table: libraries doing the same.
type DeflateGroup struct {
	Settings servers.Settings
	Size     int // of a message
	Each     int // messages for each connection in a round
	Rows     []*DeflateRow
}

// DeflateRow is one library in a group.
type DeflateRow struct {
	Result
	Rounds []DeflateRound
}

type deflateFlags struct {
	choices
	sizes                     []int
	rounds, each, connections int
}

// deflate measures the cost of echoes with compression for a server.
func deflate(ctx context.Context, args []string) error {
	f := deflateFlags{sizes: []int{1 << 10, 64 << 10}}
	flags := flag.NewFlagSet("bench deflate", flag.ContinueOnError)
	f.register(flags)
	flags.Func("sizes", "`bytes` of the messages (default 1024,65536)", numbers(&f.sizes))
	flags.IntVar(&f.rounds, "rounds", 0, "`rounds` (default 7, with -quick 3)")
	flags.IntVar(&f.each, "each", 0, "`messages` for each connection in a round (default: 512 KiB of them, with -quick 128, and at least 64, or 8)")
	flags.IntVar(&f.connections, "connections", 64, "`connections`, each with one message in flight")
	if err := f.parse(flags, args); err != nil {
		return err
	}
	f.rounds = f.or(f.rounds, 7, 3)
	b, err := newBench()
	if err != nil {
		return err
	}
	report := &DeflateReport{Machine: machine(f.libs), Connections: f.connections}
	printMachine(os.Stdout, report.Machine)
	for _, s := range f.settings() {
		for _, size := range f.sizes {
			group := f.group(s, size)
			if err := group.run(ctx, b, &f); err != nil {
				return err
			}
			report.Groups = append(report.Groups, group)
			group.print(os.Stdout)
		}
	}
	fmt.Printf("load average after: %s\n", loadAverage())
	return writeJSON(f.json, report)
}

func (f *deflateFlags) group(s servers.Settings, size int) *DeflateGroup {
	full, quick := max(variety, 512<<10/size), max(8, 128<<10/size)
	g := &DeflateGroup{Settings: s, Size: size, Each: f.or(f.each, full, quick)}
	for _, lib := range f.libs {
		g.Rows = append(g.Rows, &DeflateRow{Result: Result{Lib: lib}})
	}
	return g
}
