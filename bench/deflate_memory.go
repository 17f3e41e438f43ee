package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/hawser-ws/websocket/bench/load"
	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/servers"
	"github.com/hawser-ws/websocket/bench/traffic"
)

// MemoryReport is the result of the command deflate-memory.
type MemoryReport struct {
	Machine     Machine
	Connections int
	Groups      []*MemoryGroup
}

// MemoryGroup is the content of one table.
type MemoryGroup struct {
	Settings servers.Settings
	Rows     []*MemoryRow
}

// MemoryRow is one library in a group.
type MemoryRow struct {
	Result
	Rounds []MemoryRound
}

// MemoryRound is the result of one process. The sizes are bytes of RAM for each connection,
// above the RAM before the first connection.
type MemoryRound struct {
	AtOnce  float64 // when the last answer has arrived
	Settled float64 // the minimum while the connections are idle
	Peak    float64
	// Collected is measured after a garbage collection, with free memory returned to the
	// system: what the connections hold. It is zero if the server cannot be asked.
	Collected float64
	Before    int64 // bytes of the whole process
}

type memoryFlags struct {
	choices
	rounds, connections, busy int
	long                      int
	settle                    time.Duration
}

const (
	// What a connection exchanges: short messages, with a long one in the middle.
	shortSize, shortCount = 1 << 10, 20
	longSize              = 64 << 10

	sampleEvery = 250 * time.Millisecond

	// The largest library takes 1.3 MB for a connection.
	mostMemory = 3 << 19
)

// deflateMemory measures the memory of connections that are idle after compressing.
func deflateMemory(ctx context.Context, args []string) error {
	var f memoryFlags
	flags := flag.NewFlagSet("bench deflate-memory", flag.ContinueOnError)
	f.register(flags)
	flags.IntVar(&f.rounds, "rounds", 0, "`rounds` (default 3, with -quick 1)")
	flags.IntVar(&f.connections, "connections", 0, "`connections` (default 1000, with -quick 300)")
	flags.IntVar(&f.busy, "busy", 64, "`connections` that exchange messages at a time")
	flags.IntVar(&f.long, "long", longSize, "`bytes` of the long message; 0 for none")
	flags.DurationVar(&f.settle, "settle", 0, "`time` to stay idle (default 15s, with -quick 4s)")
	if err := f.parse(flags, args); err != nil {
		return err
	}
	f.rounds = f.or(f.rounds, 3, 1)
	f.connections = f.or(f.connections, 1000, 300)
	f.settle = time.Duration(f.or(int(f.settle), int(15*time.Second), int(4*time.Second)))
	if free, err := process.Available(); err != nil || free < int64(f.connections)*mostMemory {
		return errors.Join(err, fmt.Errorf("%d MB of memory are free, which may not suffice for %d connections", free>>20, f.connections))
	}
	b, err := newBench()
	if err != nil {
		return err
	}
	report := &MemoryReport{Machine: machine(f.libs), Connections: f.connections}
	printMachine(os.Stdout, report.Machine)
	fmt.Printf("%d connections, of which %d at a time exchange %d messages of %d bytes and one of %d; then idle for %v\n",
		f.connections, f.busy, shortCount, shortSize, f.long, f.settle)
	for _, s := range f.settings() {
		g := &MemoryGroup{Settings: s}
		for _, lib := range f.libs {
			g.Rows = append(g.Rows, &MemoryRow{Result: Result{Lib: lib}})
		}
		if err := g.run(ctx, b, &f); err != nil {
			return err
		}
		report.Groups = append(report.Groups, g)
		g.print(os.Stdout)
	}
	fmt.Printf("load average after: %s\n", loadAverage())
	return writeJSON(f.json, report)
}

func (g *MemoryGroup) run(ctx context.Context, b *bench, f *memoryFlags) error {
	return takeTurns(ctx, g.Rows, &f.choices, f.rounds, func(r *MemoryRow) *Result { return &r.Result },
		func(r *MemoryRow) error { return g.round(ctx, b, f, r) })
}

// round is one round of one library, in a new process.
func (g *MemoryGroup) round(ctx context.Context, b *bench, f *memoryFlags, row *MemoryRow) (err error) {
	server, err := start(b.serverCore, row.Lib, g.Settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	r := MemoryRound{}
	if r.Before, err = server.RSS(); err != nil {
		return err
	}
	asked := g.Settings.Terms()
	l, err := load.Open(ctx, server.Address, f.connections, asked)
	if err != nil {
		return err
	}
	defer l.Drop()
	if !row.agree(asked, l.Terms) && !f.mismatched {
		return nil
	}
	messages := traffic.Records(shortCount, shortSize)
	if f.long > 0 {
		messages = slices.Insert(messages, shortCount/2, traffic.Records(1, f.long)...)
	}
	script, err := traffic.NewScript(messages, l.Terms)
	if err != nil {
		return err
	}
	l.Say(script)
	if _, err := l.Run(load.Plan{Each: len(messages), AtOnce: f.busy, Check: checkWarming, Timeout: roundTimeout}); err != nil {
		return err
	}
	if err := r.watch(ctx, server, f); err != nil {
		return err
	}
	if row.Lib != "ws" {
		if err := server.Collect(); err != nil {
			return err
		}
		rss, err := server.RSS()
		if err != nil {
			return err
		}
		r.Collected = float64(rss-r.Before) / float64(f.connections)
	}
	row.Rounds = append(row.Rounds, r)
	return nil
}

// watch samples the server while nothing happens.
func (r *MemoryRound) watch(ctx context.Context, server *process.Process, f *memoryFlags) error {
	each := func(rss int64) float64 { return float64(rss-r.Before) / float64(f.connections) }
	end := time.Now().Add(f.settle)
	for first := true; first || time.Now().Before(end); first = false {
		rss, err := server.RSS()
		if err != nil {
			return err
		}
		if first {
			r.AtOnce, r.Settled = each(rss), each(rss)
		}
		r.Settled = min(r.Settled, each(rss))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(sampleEvery):
		}
	}
	peak, err := server.PeakRSS()
	r.Peak = each(peak)
	return err
}
