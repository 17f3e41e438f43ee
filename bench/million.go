package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/hawser-ws/websocket/bench/million"
	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/servers"
)

// millionCommand also starts the processes of servers and clients.
const millionCommand = "million"

// MillionReport is the result of the command million.
type MillionReport struct {
	Machine Machine
	million.Report
}

// holdMillion holds a million connections on loops, and measures them.
func holdMillion(ctx context.Context, args []string) error {
	p := million.Default()
	flags := flag.NewFlagSet("bench "+millionCommand, flag.ContinueOnError)
	flags.IntVar(&p.Connections, "connections", p.Connections, "`number` of connections")
	flags.IntVar(&p.Per, "per", p.Per, "`connections` of one process at most: the hard limit of descriptors (ulimit -Hn) less 50")
	flags.Float64Var(&p.Talkers, "talkers", p.Talkers, "the `share` of connections that talk")
	flags.DurationVar(&p.Every, "every", p.Every, "`time` between two messages of one that talks at its pace")
	flags.DurationVar(&p.For, "duration", p.For, "`time` that they talk at their pace, and then as fast as they can")
	flags.IntVar(&p.Opening, "opening", p.Opening, "`processes` that connect at a time")
	flags.Int64Var(&p.Reserve, "reserve", p.Reserve, "`bytes` of the machine's memory below which the run ends")
	file := flags.String("json", "", "`file` to write the figures to")
	serve := flags.Int("serve", 0, "be the server of this `number` of connections; the program starts itself so")
	connect := flags.String("client", "", "be a client of the server at this `address`; the program starts itself so")
	number := flags.Int("number", 0, "of the client")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("%q is one argument too many", flags.Arg(0))
	case *serve > 0:
		return million.Serve(*serve)
	case *connect != "":
		return million.Connect(*connect, *number, p.Connections)
	}
	server, client, err := process.Cores()
	if err != nil {
		return err
	}
	report, err := runMillion(ctx, &bench{serverCore: server, loadCore: client}, p, os.Stderr)
	if report == nil {
		return err
	}
	printMachine(os.Stdout, report.Machine)
	report.grid().print(os.Stdout)
	if err == nil {
		err = report.Failure()
	}
	return errors.Join(err, writeJSON(*file, report))
}

func runMillion(ctx context.Context, b *bench, p million.Plan, log io.Writer) (*MillionReport, error) {
	report := &MillionReport{Machine: machine([]string{servers.Loop})}
	r, err := million.Run(ctx, p, million.Programs{
		Server: func(n int) []string { return []string{millionCommand, "-serve", strconv.Itoa(n)} },
		Client: func(server string, k, n int) []string {
			return []string{millionCommand, "-client", server, "-number", strconv.Itoa(k), "-connections", strconv.Itoa(n)}
		},
		ServerCore: b.serverCore, ClientCore: b.loadCore,
	}, log)
	if r == nil {
		return nil, err
	}
	report.Report = *r
	return report, err
}

// grid has a line for each figure.
func (r *MillionReport) grid() *grid {
	g := &grid{
		title:  fmt.Sprintf("%d connections on loops, %s", r.Connections, r.Machine.Time.Format("2006-01-02 15:04 MST")),
		header: []string{"value", "what"},
	}
	add := func(what, format string, values ...any) { g.add(fmt.Sprintf(format, values...), what) }
	short := func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
	add("processes of servers, and as many of clients", "%d", r.Processes)
	add("until all were open", "%v", short(r.Opened))
	add("bytes in RAM of the servers for each connection, at once", "%.0f", r.AtOnce)
	add("the same, collected", "%.0f", r.Collected)
	add("bytes in RAM of all servers before the first connection", "%d", r.Before)
	add("bytes of the machine's memory for each connection, with both ends and the kernel", "%.0f", r.PairMemory)
	add("bytes of the machine's memory that were free at least", "%d", r.LeastFree)
	for _, t := range []struct {
		how string
		million.Talk
	}{{"at their pace", r.Paced}, {"as fast as they can", r.Flat}} {
		add(fmt.Sprintf("connections that talked %s among the others", t.how), "%d", t.Talkers)
		add("their messages answered, of those sent", "%d of %d", t.Received, t.Sent)
		add("a second", "%.0f", float64(t.Received)/max(t.Elapsed.Seconds(), 1e-9))
		add("CPU µs of the servers for a message", "%.2f", t.CPU)
		add("half of the answers within", "%v", t.Median)
		add("99 % within", "%v", t.P99)
		add("the last within", "%v", t.Worst)
	}
	b, s := r.Broadcast, r.Shutdown
	add("connections that received a broadcast", "%d", b.Received)
	add("until the servers had sent it", "%v", short(b.Sent))
	add("until the last had received it", "%v", short(b.Elapsed))
	add("CPU µs of the servers for each", "%.2f", b.CPU)
	add("bytes in RAM of the servers for each member of the hub", "%.0f", b.Member)
	add("connections that Shutdown closed with 1001", "%d", s.GoingAway)
	for _, how := range slices.Sorted(maps.Keys(s.Others)) {
		add("connections that ended with "+how, "%d", s.Others[how])
	}
	add("calls of Loop.Closed", "%d", s.Told)
	add("until the last had ended", "%v", short(s.Elapsed))
	add("CPU µs of the servers for each", "%.2f", s.CPU)
	return g
}
