package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/hawser-ws/websocket/bench/flood"
	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/servers"
	"github.com/hawser-ws/websocket/bench/streams"
)

// HTTP2Report is the result of the command http2.
type HTTP2Report struct {
	Machine Machine
	Echo    []*HTTP2Row
	Stalled []*HTTP2Row
	Opening []*HTTP2Row
}

// HTTP2Row is one server with one number of connections and streams.
type HTTP2Row struct {
	Result
	Shape  streams.Shape
	Rounds []HTTP2Round
}

// HTTP2Round is the result of one process.
type HTTP2Round struct {
	CPU    float64 // µs of the server for each message, or for each stream that is opened and closed
	Rate   float64 // of them a second
	Busy   float64 // CPU time of the server as a share of its core's
	Waited float64
}

type http2Flags struct {
	choices
	rounds   int
	duration time.Duration
}

func (f *http2Flags) settle() {
	f.rounds = f.or(f.rounds, 7, 3)
	f.duration = time.Duration(f.or(int(f.duration), int(700*time.Millisecond), int(150*time.Millisecond)))
}

// http2 measures WebSockets over HTTP/2 beside those over HTTP/1.1.
func http2(ctx context.Context, args []string) error {
	var f http2Flags
	flags := flag.NewFlagSet("bench http2", flag.ContinueOnError)
	flags.BoolVar(&f.quick, "quick", false, "less of everything")
	flags.IntVar(&f.rounds, "rounds", 0, "`rounds` (default 7, with -quick 3)")
	flags.DurationVar(&f.duration, "duration", 0, "`time` of a server in a round (default 700ms, with -quick 150ms)")
	file := flags.String("json", "", "`file` to write the figures to, round by round")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is one argument too many", flags.Arg(0))
	}
	f.settle()
	b, err := newBench()
	if err != nil {
		return err
	}
	report, err := runHTTP2(ctx, b, f)
	if err != nil {
		return err
	}
	printMachine(os.Stdout, report.Machine)
	for _, g := range report.grids() {
		g.print(os.Stdout)
	}
	fmt.Println()
	for _, r := range report.ratios() {
		fmt.Println(r)
	}
	fmt.Printf("load average after: %s\n", loadAverage())
	return writeJSON(*file, report)
}

// http2Section is a run with the defaults.
func http2Section(ctx context.Context, b *bench, quick bool) (any, []Ratio, error) {
	f := http2Flags{choices: choices{quick: quick}}
	f.settle()
	report, err := runHTTP2(ctx, b, f)
	if err != nil {
		return report, nil, err
	}
	return report, report.ratios(), report.failure()
}

func runHTTP2(ctx context.Context, b *bench, f http2Flags) (*HTTP2Report, error) {
	r := &HTTP2Report{Machine: machine([]string{servers.Ours})}
	const small = 32
	row := func(lib string, connections, each, size, stalled int) *HTTP2Row {
		return &HTTP2Row{Result: Result{Lib: lib, Compared: true}, Shape: streams.Shape{Connections: connections, Streams: each, Size: size, Stalled: stalled}}
	}
	r.Echo = []*HTTP2Row{
		row(servers.Ours, 64, 1, small, 0), row("hawser-upgrade", 64, 1, small, 0),
		row(servers.HTTP2, 1, 64, small, 0), row(servers.HTTP2, 8, 8, small, 0), row(servers.HTTP2, 64, 1, small, 0),
		row(servers.NetHTTP2, 1, 64, small, 0), row(servers.NetHTTP2, 8, 8, small, 0), row(servers.NetHTTP2, 64, 1, small, 0),
	}
	r.Stalled = []*HTTP2Row{
		row(servers.HTTP2, 1, 8, 4<<10, 0), row(servers.HTTP2, 1, 8, 4<<10, 1), row(servers.HTTP2, 1, 8, 4<<10, 100),
	}
	r.Opening = []*HTTP2Row{row(servers.HTTP2, 1, 8, small, 0), row(servers.NetHTTP2, 1, 8, small, 0)}
	for _, part := range []struct {
		rows  []*HTTP2Row
		round func(*HTTP2Row) error
	}{
		{r.Echo, func(row *HTTP2Row) error { return row.echo(ctx, b, f) }},
		{r.Stalled, func(row *HTTP2Row) error { return row.echo(ctx, b, f) }},
		{r.Opening, func(row *HTTP2Row) error { return row.opening(ctx, b, f) }},
	} {
		if err := takeTurns(ctx, part.rows, &f.choices, f.rounds, func(r *HTTP2Row) *Result { return &r.Result }, part.round); err != nil {
			return r, err
		}
	}
	return r, nil
}

// failure returns the error of a row that has none of its figures.
func (r *HTTP2Report) failure() (all error) {
	for _, rows := range [][]*HTTP2Row{r.Echo, r.Stalled, r.Opening} {
		for _, row := range rows {
			if !row.Compared {
				all = errors.Join(all, fmt.Errorf("%s: %s", row.name(), row.Note))
			}
		}
	}
	return all
}

// echo is one round of echoes, in a new process.
func (r *HTTP2Row) echo(ctx context.Context, b *bench, f http2Flags) (err error) {
	server, err := startPlain(b, r.Lib, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	if !servers.SpeaksHTTP2(r.Lib) {
		load, err := flood.Open(ctx, server.Address, r.Shape.Connections, flood.NewScript(r.Shape.Size, 1, false))
		if err != nil {
			return err
		}
		defer load.Drop()
		return r.measure(server, f.duration, func(length time.Duration) (int, time.Duration, error) {
			n, err := load.Run(ctx, flood.Plan{For: length, Each: 1, Spin: true})
			return n.Messages, n.Elapsed, err
		})
	}
	load, err := streams.Open(ctx, server.Address, r.Shape)
	if err != nil {
		return err
	}
	defer load.Drop()
	return r.measure(server, f.duration, func(length time.Duration) (int, time.Duration, error) {
		n, err := load.Run(ctx, length)
		return n.Messages, n.Elapsed, err
	})
}

// opening is one round in which streams are opened and reset, some at a time.
func (r *HTTP2Row) opening(ctx context.Context, b *bench, f http2Flags) (err error) {
	server, err := startPlain(b, r.Lib, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	c, err := streams.Dial(ctx, server.Address)
	if err != nil {
		return err
	}
	defer c.Drop()
	return r.measure(server, f.duration, func(length time.Duration) (n int, _ time.Duration, err error) {
		start := time.Now()
		for time.Since(start) < length && ctx.Err() == nil {
			ids, err := c.Open("/", r.Shape.Streams)
			for _, id := range ids {
				if err == nil {
					err = c.Reset(id)
				}
			}
			if n += len(ids); err != nil {
				return n, 0, err
			}
		}
		return n, time.Since(start), ctx.Err()
	})
}

// measure runs a load for a while, and then between two samples of the server's counters.
func (r *HTTP2Row) measure(server *process.Process, length time.Duration, run func(time.Duration) (int, time.Duration, error)) error {
	if _, _, err := run(length / 4); err != nil {
		return err
	}
	waited := server.Waited()
	before, err := server.CPU()
	if err != nil {
		return err
	}
	n, elapsed, err := run(length)
	if err != nil {
		return err
	}
	after, err := server.CPU()
	if err != nil {
		return err
	}
	cpu := after - before
	r.Rounds = append(r.Rounds, HTTP2Round{
		CPU:    float64(cpu.Nanoseconds()) / 1e3 / float64(n),
		Rate:   float64(n) / elapsed.Seconds(),
		Busy:   cpu.Seconds() / elapsed.Seconds(),
		Waited: (server.Waited() - waited).Seconds() / cpu.Seconds(),
	})
	return nil
}
