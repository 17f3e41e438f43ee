package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/bench/flood"
	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/raw"
	"github.com/hawser-ws/websocket/bench/servers"
	"github.com/hawser-ws/websocket/bench/streams"
)

// IdleReport is the result of the command idle.
type IdleReport struct {
	Machine Machine
	Rows    []*IdleRow
}

// IdleRow is one library with one number of connections.
type IdleRow struct {
	Result
	Connections int
	Began       began `json:",omitempty"`
	Rounds      []IdleRound
}

// IdleRound is the result of one process: bytes of RAM for each connection, above the RAM
// before the first one.
type IdleRound struct {
	AtOnce    float64 // when the last answer has arrived
	Collected float64 // after it was asked to collect its garbage; 0 if it cannot be asked
	Before    int64   // bytes of the whole process
}

var (
	idleLibs   = []string{"hawser", servers.Upgrade, servers.Loop, servers.HTTP2, servers.NetHTTP2, "hawser-as-gorilla", "gorilla", "coder", "gws", "gobwas", "gobwas-simple", "nbio", servers.Parked}
	idleCounts = []int{1000, 10000, 18000}

	// For a short run.
	idleQuickLibs   = []string{"hawser", servers.HTTP2, servers.NetHTTP2, "gobwas-simple", servers.Parked}
	idleQuickCounts = []int{1000, 10000}
)

const idleSize = 32 // of the one message

type idleFlags struct {
	libs   []string
	counts []int
	rounds int
}

// idle measures the memory of idle connections.
func idle(ctx context.Context, args []string) error {
	f := idleFlags{libs: idleLibs, counts: idleCounts}
	flags := flag.NewFlagSet("bench idle", flag.ContinueOnError)
	flags.Func("libs", "libraries, `a,b` (default "+strings.Join(idleLibs, ",")+")", func(s string) error {
		f.libs = strings.Split(s, ",")
		return nil
	})
	flags.Func("connections", "`numbers` of connections (default 1000,10000,18000)", numbers(&f.counts))
	flags.IntVar(&f.rounds, "rounds", 0, "`rounds` (default 2, with -quick 1)")
	quick := flags.Bool("quick", false, "one round, fewer libraries and connections")
	file := flags.String("json", "", "`file` to write the figures to, round by round")
	serve := flags.Bool("serve", false, "be the server that the others are compared with")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is one argument too many", flags.Arg(0))
	}
	if *serve {
		return serveParked()
	}
	b, err := newBench()
	if err != nil {
		return err
	}
	report, err := runIdle(ctx, b, f, *quick)
	if err != nil {
		return err
	}
	printMachine(os.Stdout, report.Machine)
	report.grid().print(os.Stdout)
	fmt.Printf("load average after: %s\n", loadAverage())
	return writeJSON(*file, report)
}

// idleSection is a run with the defaults.
func idleSection(ctx context.Context, b *bench, quick bool) (any, []Ratio, error) {
	report, err := runIdle(ctx, b, idleFlags{libs: idleLibs, counts: idleCounts}, quick)
	return report, report.ratios(), err
}

func runIdle(ctx context.Context, b *bench, f idleFlags, quick bool) (*IdleReport, error) {
	c := &choices{quick: quick}
	f.rounds = c.or(f.rounds, 2, 1)
	if quick && slices.Equal(f.counts, idleCounts) {
		f.counts = idleQuickCounts
	}
	if quick && slices.Equal(f.libs, idleLibs) {
		f.libs = idleQuickLibs
	}
	report := &IdleReport{Machine: machine(slices.DeleteFunc(slices.Clone(f.libs), func(lib string) bool { return lib == servers.Parked }))}
	for _, n := range f.counts {
		for _, lib := range f.libs {
			report.Rows = append(report.Rows, newIdleRow(lib, n, ""))
		}
	}
	return report, report.run(ctx, b, c, f.rounds)
}

func newIdleRow(lib string, n int, b began) *IdleRow {
	return &IdleRow{Result: Result{Lib: lib, Compared: true}, Connections: n, Began: b}
}

func (r *IdleReport) run(ctx context.Context, b *bench, c *choices, rounds int) error {
	return takeTurns(ctx, r.Rows, c, rounds, func(r *IdleRow) *Result { return &r.Result },
		func(r *IdleRow) error { return r.round(ctx, b) })
}

// round is one round of one library, in a new process.
func (row *IdleRow) round(ctx context.Context, b *bench) (err error) {
	fmt.Fprintf(os.Stderr, "idle: %s, %d connections\n", row.name(), row.Connections)
	var server *process.Process
	if row.Lib == servers.Parked {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		server, err = process.Start(b.serverCore, self, "idle", "-serve")
		if err != nil {
			return err
		}
	} else if server, err = start(b.serverCore, row.Lib, servers.Settings{Mode: servers.None, Bits: 15}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	r := IdleRound{}
	if r.Before, err = server.SettledRSS(); err != nil {
		return err
	}
	drop, err := row.open(ctx, server.Address)
	defer drop()
	if err != nil {
		return err
	}
	each := func() (float64, error) {
		rss, err := server.RSS()
		return float64(rss-r.Before) / float64(row.Connections), err
	}
	if r.AtOnce, err = each(); err != nil {
		return err
	}
	if err := server.Collect(); err != nil {
		return err
	}
	if r.Collected, err = each(); err != nil {
		return err
	}
	row.Rounds = append(row.Rounds, r)
	return nil
}

// open makes what is to be idle. drop ends it, also after an error.
func (row *IdleRow) open(ctx context.Context, address string) (drop func(), err error) {
	if servers.SpeaksHTTP2(row.Lib) {
		conns, err := openIdleStreams(ctx, address, row.Connections)
		return func() {
			for _, c := range conns {
				c.Drop()
			}
		}, err
	}
	conns, err := row.openConns(ctx, address)
	return func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}, err
}

// perConnection is how many streams of HTTP/2 a connection has: as many as our servers allow.
const perConnection = 250

// openIdleStreams makes streams, each with one message echoed.
func openIdleStreams(ctx context.Context, address string, n int) (conns []*streams.Conn, err error) {
	text := []byte(strings.Repeat("idle", idleSize/4))
	frame := raw.AppendFrame(nil, raw.Text, false, [4]byte{1, 2, 3, 4}, text)
	answer := flood.AppendAnswer(nil, raw.Text, text)
	for made := 0; made < n; made += perConnection {
		c, err := streams.Dial(ctx, address)
		if err != nil {
			return conns, err
		}
		conns = append(conns, c)
		ids, err := c.Open("/", min(n-made, perConnection))
		for _, id := range ids {
			if err == nil {
				err = c.Send(id, frame)
			}
			if err == nil {
				err = c.Receive(id, answer)
			}
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return conns, err
		}
	}
	return conns, nil
}

// serveParked does what serve does.
func serveParked() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return serveLines(l, func() { _ = servers.Park(l) }, func() error {
		debug.FreeOSMemory()
		debug.FreeOSMemory()
		return nil
	})
}

// serveLines is a server that does something at each line of its input, and answers with a
// line. It ends when its input ends.
func serveLines(l net.Listener, accept func(), line func() error) error {
	go accept()
	fmt.Println(l.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := line(); err != nil {
			return err
		}
		fmt.Println("done")
	}
	return nil
}
