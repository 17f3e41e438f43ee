package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/bench/servers"
)

// EchoReport is the result of the command echo.
type EchoReport struct {
	Machine Machine
	Cases   []*EchoCase
}

// EchoCase is the content of one table: all libraries doing the same.
type EchoCase struct {
	Connections int
	Size        int // of a message
	InFlight    int // messages that a connection sends in one write and waits for
	Text        bool
	Procs       int // cores of the server, and GOMAXPROCS
	Rows        []*EchoRow
}

// EchoRow is one library in a case.
type EchoRow struct {
	Result
	Rounds []EchoRound
}

type echoFlags struct {
	choices
	connections, sizes, inFlight, procs []int
	given                               bool // one of the first three
	rounds                              int
	duration                            time.Duration
	text                                bool
}

// longMessage is the size from which only the smallest number of connections is measured.
const longMessage = 64 << 10

// echo measures the cost of echoes without compression for a server.
func echo(ctx context.Context, args []string) error {
	f := echoFlags{
		choices:     plainChoices(servers.EchoNames()),
		connections: []int{64, 1000}, sizes: []int{32, 1 << 10, longMessage}, inFlight: []int{1, 16}, procs: []int{1},
	}
	flags := flag.NewFlagSet("bench echo", flag.ContinueOnError)
	f.registerPlain(flags)
	given := func(list *[]int) func(string) error {
		return func(s string) error {
			f.given = true
			return numbers(list)(s)
		}
	}
	const all = " (default: the cases of the README; with one of these flags all combinations)"
	flags.Func("connections", "`numbers` of connections, 64,1000"+all, given(&f.connections))
	flags.Func("sizes", "`bytes` of the messages, 32,1024,65536"+all, given(&f.sizes))
	flags.Func("inflight", "`messages` in flight for each connection, 1,16"+all, given(&f.inFlight))
	flags.Func("procs", "`cores` of the server, and its GOMAXPROCS, 1,2 (default 1)", numbers(&f.procs))
	flags.IntVar(&f.rounds, "rounds", 0, "`rounds` (default 7, with -quick 3)")
	flags.DurationVar(&f.duration, "duration", 0, "`time` of a library in a round (default 700ms, with -quick 150ms)")
	flags.BoolVar(&f.text, "text", false, "text messages, which some servers check for UTF-8, instead of binary ones")
	if err := f.parse(flags, args); err != nil {
		return err
	}
	f.settle()
	b, err := newBench()
	if err != nil {
		return err
	}
	report := &EchoReport{Machine: machine(f.libs)}
	printMachine(os.Stdout, report.Machine)
	for _, c := range f.cases() {
		if err := c.run(ctx, b, &f); err != nil {
			return err
		}
		report.Cases = append(report.Cases, c)
		c.print(os.Stdout)
	}
	fmt.Println()
	for _, c := range report.Cases {
		for _, r := range c.ratios() {
			fmt.Println(r)
		}
	}
	fmt.Printf("load average after: %s\n", loadAverage())
	return writeJSON(f.json, report)
}

// settle resolves the flags that have two defaults.
func (f *echoFlags) settle() {
	f.rounds = f.or(f.rounds, 7, 3)
	f.duration = time.Duration(f.or(int(f.duration), int(700*time.Millisecond), int(150*time.Millisecond)))
}

// cases returns the cases that the flags ask for. The default cases are fewer than all
// combinations: long messages, and many in flight, only with the smallest number of
// connections.
func (f *echoFlags) cases() (all []*EchoCase) {
	for _, procs := range f.procs {
		for _, inFlight := range f.inFlight {
			for i, connections := range f.connections {
				for _, size := range f.sizes {
					if !f.given && (i > 0 && (size >= longMessage || inFlight > 1) || size >= longMessage && inFlight > 1) {
						continue
					}
					all = append(all, f.newCase(connections, size, inFlight, min(procs, runtime.NumCPU())))
				}
			}
		}
	}
	return all
}

func (f *echoFlags) newCase(connections, size, inFlight, procs int) *EchoCase {
	c := &EchoCase{Connections: connections, Size: size, InFlight: inFlight, Text: f.text, Procs: procs}
	for _, lib := range f.libs {
		c.Rows = append(c.Rows, &EchoRow{Result: Result{Lib: lib}})
	}
	return c
}

// Name is a short name: connections, size, in flight.
func (c *EchoCase) Name() string {
	size := fmt.Sprintf("%d B", c.Size)
	if c.Size >= 1<<10 && c.Size%(1<<10) == 0 {
		size = fmt.Sprintf("%d KiB", c.Size>>10)
	}
	parts := []string{fmt.Sprintf("echo %d×%s×%d", c.Connections, size, c.InFlight)}
	if c.Text {
		parts = append(parts, "text")
	}
	if c.Procs > 1 {
		parts = append(parts, fmt.Sprintf("%d cores", c.Procs))
	}
	return strings.Join(parts, ", ")
}
