package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/servers"
	"github.com/hawser-ws/websocket/bench/traffic"
)

// BroadcastReport is the result of the command broadcast.
type BroadcastReport struct {
	Machine     Machine
	Connections int
	Size        int
	Groups      []*BroadcastGroup
}

// BroadcastGroup is the content of one table.
type BroadcastGroup struct {
	Burst int // messages in a row, before all clients have received them
	Rows  []*BroadcastRow
}

// BroadcastRow is one library in a group.
type BroadcastRow struct {
	Result
	How    string
	Rounds []BroadcastRound
}

// BroadcastRound is the result of one process.
type BroadcastRound struct {
	CPU    float64 // µs of the server for each delivery
	Waited float64 // time that it was ready without a core, as a share of its CPU time
}

type broadcastFlags struct {
	libs              []string
	bursts            []int
	connections, size int
	rounds, each      int
	generations       int
	serve             bool
	lib               string
}

func broadcastNames() (names []string) {
	for _, h := range servers.Hubs() {
		names = append(names, h.Name)
	}
	return append(names, servers.LoopInC)
}

func (f *broadcastFlags) register(flags *flag.FlagSet) {
	f.libs, f.bursts = broadcastNames(), []int{1, 16}
	flags.Func("libs", "libraries, `a,b` (default "+strings.Join(f.libs, ",")+")", func(s string) error {
		f.libs = strings.Split(s, ",")
		return nil
	})
	flags.Func("bursts", "`messages` in a row (default 1,16)", numbers(&f.bursts))
	flags.IntVar(&f.connections, "connections", 0, "`connections` (default 1000, with -quick 300)")
	flags.IntVar(&f.size, "size", 1<<10, "`bytes` of the message, less than 65536")
	flags.IntVar(&f.rounds, "rounds", 0, "`rounds` with the same processes (default 9, with -quick 5)")
	flags.IntVar(&f.generations, "generations", 0, "`times` to start new processes (default 3, with -quick 1)")
	flags.IntVar(&f.each, "each", 32, "`messages` for each connection in a round")
	flags.BoolVar(&f.serve, "serve", false, "be a server")
	flags.StringVar(&f.lib, "lib", servers.Ours, "with -serve: `library`")
}

// broadcast measures the cost of sending the same message to all connections.
func broadcast(ctx context.Context, args []string) error {
	var f broadcastFlags
	flags := flag.NewFlagSet("bench broadcast", flag.ContinueOnError)
	f.register(flags)
	quick := flags.Bool("quick", false, "less of everything")
	file := flags.String("json", "", "`file` to write the figures to, round by round")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is one argument too many", flags.Arg(0))
	}
	if f.serve {
		return f.server()
	}
	b, err := newBench()
	if err != nil {
		return err
	}
	report, err := runBroadcast(ctx, b, f, *quick)
	if err != nil {
		return err
	}
	printMachine(os.Stdout, report.Machine)
	for _, g := range report.grids() {
		g.print(os.Stdout)
	}
	fmt.Printf("load average after: %s\n", loadAverage())
	return writeJSON(*file, report)
}

// broadcastSection is a run with the defaults.
func broadcastSection(ctx context.Context, b *bench, quick bool) (any, []Ratio, error) {
	var f broadcastFlags
	f.register(flag.NewFlagSet("", flag.ContinueOnError))
	report, err := runBroadcast(ctx, b, f, quick)
	return report, report.ratios(), err
}

func runBroadcast(ctx context.Context, b *bench, f broadcastFlags, quick bool) (*BroadcastReport, error) {
	c := &choices{quick: quick}
	f.rounds, f.generations = c.or(f.rounds, 9, 5), c.or(f.generations, 3, 1)
	f.connections = c.or(f.connections, 1000, 300)
	report := &BroadcastReport{Machine: machine(f.libs), Connections: f.connections, Size: f.size}
	loop, end, err := compileC("broadcast", broadcastC)
	if err != nil {
		return report, err
	}
	defer end()
	for _, burst := range f.bursts {
		g := &BroadcastGroup{Burst: burst}
		report.Groups = append(report.Groups, g)
		for _, lib := range f.libs {
			hub, _ := servers.GetHub(lib)
			g.Rows = append(g.Rows, &BroadcastRow{Result: Result{Lib: lib, Compared: true}, How: hub.How})
		}
		fmt.Fprintf(os.Stderr, "broadcast: %d in a row\n", burst)
		if err := g.run(ctx, b, &f, loop); err != nil {
			return report, err
		}
	}
	return report, nil
}

// text is the message, known to both ends.
func (f *broadcastFlags) text() []byte { return traffic.Records(1, f.size)[0] }

// startHub runs a server in its own process. loop is the C program.
func (f *broadcastFlags) startHub(b *bench, lib string, burst int, loop string) (*process.Process, error) {
	if lib == servers.LoopInC {
		if loop == "" {
			return nil, errNoCompiler
		}
		return process.Start(b.serverCore, loop, string(f.text()), strconv.Itoa(burst))
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return process.Start(b.serverCore, self, "broadcast", "-serve", "-lib", lib, "-bursts", strconv.Itoa(burst),
		"-size", strconv.Itoa(f.size), "-connections", strconv.Itoa(f.connections))
}

// A stage is a library's server and its clients.
type stage struct {
	row      *BroadcastRow
	server   *process.Process
	audience *audience
}

// run makes the libraries take turns in small pieces. A broadcast costs hardly more than the
// kernel's part, so that the noise of a busy machine would hide the difference. All servers
// exist all the time, and sleep while it is not their turn. Now and then all are replaced by
// new processes.
func (g *BroadcastGroup) run(ctx context.Context, b *bench, f *broadcastFlags, loop string) error {
	for range f.generations {
		if err := g.generation(ctx, b, f, loop); err != nil {
			return err
		}
	}
	return nil
}

func (g *BroadcastGroup) generation(ctx context.Context, b *bench, f *broadcastFlags, loop string) error {
	var stages []*stage
	defer func() {
		for _, s := range stages {
			s.end()
		}
	}()
	for _, row := range g.Rows {
		if row.failed {
			continue
		}
		s, err := g.open(ctx, b, f, row, loop)
		if err == nil {
			stages = append(stages, s)
			err = s.play(ctx, max(2, f.each/g.Burst))
		}
		row.fail(err)
	}
	for n := range f.rounds {
		for i := range stages {
			s := stages[(i+n)%len(stages)]
			if s.row.failed {
				continue
			}
			r, err := s.round(ctx, max(1, f.each/g.Burst), g.Burst)
			if err == nil {
				s.row.Rounds = append(s.row.Rounds, r)
			}
			s.row.fail(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// fail ends a library's part if there is an error.
func (r *Result) fail(err error) {
	if err != nil {
		r.failed, r.Compared, r.Note = true, false, err.Error()
	}
}

func (g *BroadcastGroup) open(ctx context.Context, b *bench, f *broadcastFlags, row *BroadcastRow, loop string) (*stage, error) {
	server, err := f.startHub(b, row.Lib, g.Burst, loop)
	if err != nil {
		return nil, err
	}
	a, err := openAudience(ctx, server.Address, f.connections, f.text(), g.Burst)
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return &stage{row, server, a}, nil
}

func (s *stage) end() {
	s.audience.drop()
	_ = s.server.Stop()
}

// play makes the server send a number of times, and all clients receive each time.
func (s *stage) play(ctx context.Context, times int) error {
	for range times {
		// The server sends at each line of input.
		if err := errors.Join(ctx.Err(), s.server.Collect()); err != nil {
			return err
		}
		if err := s.audience.hear(); err != nil {
			return err
		}
	}
	return nil
}

// round is one turn of one library.
func (s *stage) round(ctx context.Context, times, burst int) (r BroadcastRound, err error) {
	before, err := s.server.CPU()
	if err != nil {
		return r, err
	}
	waited := s.server.Waited()
	if err := s.play(ctx, times); err != nil {
		return r, err
	}
	waited = s.server.Waited() - waited
	after, err := s.server.CPU()
	if err != nil {
		return r, err
	}
	cpu := after - before
	return BroadcastRound{
		CPU:    float64(cpu.Nanoseconds()) / 1e3 / float64(times*burst*len(s.audience.fds)),
		Waited: waited.Seconds() / cpu.Seconds(),
	}, nil
}

// server is the process of one library. Once all clients are connected, it sends at each line
// of input.
func (f *broadcastFlags) server() error {
	hub, ok := servers.GetHub(f.lib)
	if !ok {
		return fmt.Errorf("no library %q; there are %q", f.lib, broadcastNames())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	send, count := hub.Serve(l)
	text := f.text()
	return serveLines(l, func() {}, func() error {
		for end := time.Now().Add(10 * time.Second); count() < f.connections; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				return fmt.Errorf("%d of %d connections are there", count(), f.connections)
			}
		}
		for range slices.Min(f.bursts) {
			send(text)
		}
		return nil
	})
}
