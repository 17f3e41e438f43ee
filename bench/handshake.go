package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/servers"
)

// HandshakeReport is the result of the command handshake.
type HandshakeReport struct {
	Machine Machine
	Request int // bytes
	Rows    []*HandshakeRow
}

// HandshakeRow is one way to do a handshake.
type HandshakeRow struct {
	Result
	How         string
	HTTP        bool // behind net/http
	Kind        servers.Kind
	Allocations float64 // for each handshake, over a stub
	Bytes       float64 `json:"Octets"` // allocated
	Rounds      []HandshakeRound
}

// HandshakeRound is one turn.
type HandshakeRound struct {
	CPU    float64 // µs of the server for each handshake
	Waited float64 // time that it was ready without a core, as a share of its CPU time
}

type handshakeFlags struct {
	libs         []string
	rounds, each int
	clients      int
	serve        bool
	lib          string
}

func greeterNames() (names []string) {
	for _, g := range servers.Greeters() {
		names = append(names, g.Name)
	}
	return append(names, servers.ByHandInC)
}

func (f *handshakeFlags) register(flags *flag.FlagSet) {
	f.libs = greeterNames()
	flags.Func("libs", "libraries, `a,b` (default "+strings.Join(f.libs, ",")+")", func(s string) error {
		f.libs = strings.Split(s, ",")
		return nil
	})
	flags.IntVar(&f.rounds, "rounds", 0, "`rounds` (default 9, with -quick 3)")
	flags.IntVar(&f.each, "each", 0, "`handshakes` in a round (default 2000, with -quick 500)")
	flags.IntVar(&f.clients, "clients", 8, "`clients` that connect at the same time")
	flags.BoolVar(&f.serve, "serve", false, "be a server")
	flags.StringVar(&f.lib, "lib", servers.Ours, "with -serve: `library`")
}

// handshake measures opening handshakes.
func handshake(ctx context.Context, args []string) error {
	var f handshakeFlags
	flags := flag.NewFlagSet("bench handshake", flag.ContinueOnError)
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
	report, err := runHandshake(ctx, b, f, *quick)
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

// handshakeSection is a run with the defaults.
func handshakeSection(ctx context.Context, b *bench, quick bool) (any, []Ratio, error) {
	var f handshakeFlags
	f.register(flag.NewFlagSet("", flag.ContinueOnError))
	report, err := runHandshake(ctx, b, f, quick)
	return report, report.ratios(), err
}

// server is the process of one library.
func (f *handshakeFlags) server() error {
	g, ok := servers.GetGreeter(f.lib)
	if !ok {
		return fmt.Errorf("no library %q; there are %q", f.lib, greeterNames())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return serveLines(l, func() { _ = g.Serve(l) }, func() error { return nil })
}

// A porch is a server and its client.
type porch struct {
	row    *HandshakeRow
	server *process.Process
}

func runHandshake(ctx context.Context, b *bench, f handshakeFlags, quick bool) (*HandshakeReport, error) {
	c := &choices{quick: quick}
	f.rounds, f.each = c.or(f.rounds, 9, 3), c.or(f.each, 2000, 500)
	report := &HandshakeReport{Machine: machine(f.libs), Request: len(browserRequest("127.0.0.1:50000"))}
	program, end, err := compileC("handshake", handshakeC)
	if err != nil {
		return report, err
	}
	defer end()
	var porches []*porch
	defer func() {
		for _, p := range porches {
			_ = p.server.Stop()
		}
	}()
	fmt.Fprintln(os.Stderr, "handshake: allocations")
	for _, lib := range f.libs {
		row := &HandshakeRow{Result: Result{Lib: lib, Compared: true}, Kind: servers.Floor, How: "read, SHA-1, write"}
		report.Rows = append(report.Rows, row)
		if g, ok := servers.GetGreeter(lib); ok {
			row.How, row.HTTP, row.Kind = g.How, g.HTTP != nil, g.Kind
			if row.Allocations, row.Bytes, err = countAllocations(g, 1000); err != nil {
				row.fail(err)
				continue
			}
		}
		server, err := startGreeter(b, lib, program)
		if err != nil {
			row.fail(err)
			continue
		}
		p := &porch{row, server}
		porches = append(porches, p)
		row.fail(p.knock(ctx, f.each/4, f.clients))
	}
	fmt.Fprintln(os.Stderr, "handshake: CPU time")
	for n := range f.rounds {
		for i := range porches {
			p := porches[(i+n)%len(porches)]
			if p.row.failed {
				continue
			}
			p.row.fail(p.round(ctx, f.each, f.clients))
		}
		if err := ctx.Err(); err != nil {
			return report, err
		}
	}
	return report, nil
}

func startGreeter(b *bench, lib, program string) (*process.Process, error) {
	if lib == servers.ByHandInC {
		if program == "" {
			return nil, errNoCompiler
		}
		return process.Start(b.serverCore, program)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return process.Start(b.serverCore, self, "handshake", "-serve", "-lib", lib)
}

// knock does n handshakes, with several clients at a time so that the server need not sleep in
// between.
func (p *porch) knock(ctx context.Context, n, clients int) error {
	var group sync.WaitGroup
	failures := make([]error, clients)
	for k := range clients {
		client, err := newPlainClient(p.server.Address)
		if err != nil {
			return err
		}
		group.Go(func() {
			for i := k; i < n && failures[k] == nil; i += clients {
				var c plainConn
				if failures[k] = ctx.Err(); failures[k] != nil {
					return
				}
				if c, failures[k] = client.dial(0); failures[k] == nil {
					_ = c.Close()
				}
			}
		})
	}
	group.Wait()
	return errors.Join(failures...)
}

// round is one turn.
func (p *porch) round(ctx context.Context, n, clients int) error {
	before, err := p.settledCPU()
	if err != nil {
		return err
	}
	waited := p.server.Waited()
	if err := p.knock(ctx, n, clients); err != nil {
		return err
	}
	after, err := p.settledCPU()
	if err != nil {
		return err
	}
	waited = p.server.Waited() - waited
	cpu := after - before
	p.row.Rounds = append(p.row.Rounds, HandshakeRound{
		CPU:    float64(cpu.Nanoseconds()) / 1e3 / float64(n),
		Waited: waited.Seconds() / cpu.Seconds(),
	})
	return nil
}

// settledCPU waits until the server has finished the last connections.
func (p *porch) settledCPU() (now time.Duration, err error) {
	for range 50 {
		before, err := p.server.CPU()
		if err != nil {
			return 0, err
		}
		time.Sleep(2 * time.Millisecond)
		if now, err = p.server.CPU(); err != nil || now == before {
			return now, err
		}
	}
	return now, nil
}
