package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/hawser-ws/websocket/bench/flood"
	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/raw"
	"github.com/hawser-ws/websocket/bench/servers"
)

// EchoRound is the result of one process of a library.
type EchoRound struct {
	CPU     float64 // µs of the server for each message, all threads, including the kernel
	Rate    float64 // messages a second
	Busy    float64 // CPU time of the server as a share of the time of its cores
	Waited  float64 // time that the server's threads were ready without a core, as a share of its CPU time
	Reads   float64 // system calls for each message
	Writes  float64
	RSS     float64 // bytes of RAM for each connection, above the RAM before the first one
	Checked float64 // the share of answers of which every byte was compared
}

func (c *EchoCase) run(ctx context.Context, b *bench, f *echoFlags) error {
	script := flood.NewScript(c.Size, c.InFlight, c.Text)
	return takeTurns(ctx, c.Rows, &f.choices, f.rounds, func(r *EchoRow) *Result { return &r.Result },
		func(r *EchoRow) error { return c.round(ctx, b, f, script, r) })
}

// round is one round of one library, in a new process.
func (c *EchoCase) round(ctx context.Context, b *bench, f *echoFlags, script *flood.Script, row *EchoRow) (err error) {
	server, err := startPlain(b, row.Lib, c.Procs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	before, err := server.RSS()
	if err != nil {
		return err
	}
	load, err := flood.Open(ctx, server.Address, c.Connections, script)
	if err != nil {
		return err
	}
	defer load.Drop()
	if !row.agree(raw.Terms{}, load.Terms) {
		return nil
	}
	// A server on all cores also needs this one.
	spin := c.Procs == 1
	warming := flood.Plan{For: f.duration / 4, Each: 2 * c.InFlight, Full: true, Spin: spin}
	if _, err := load.Run(ctx, warming); err != nil {
		return err
	}
	r, err := c.measure(ctx, server, load, flood.Plan{For: f.duration, Each: c.InFlight, Spin: spin})
	if err != nil {
		return err
	}
	after, err := server.RSS()
	if err != nil {
		return err
	}
	r.RSS = float64(after-before) / float64(c.Connections)
	row.Rounds = append(row.Rounds, r)
	return nil
}

// measure is one run between two samples of the server's counters.
func (c *EchoCase) measure(ctx context.Context, server *process.Process, load *flood.Flood, p flood.Plan) (EchoRound, error) {
	reads, writes, err := server.Calls()
	if err != nil {
		return EchoRound{}, err
	}
	waited := server.Waited()
	before, err := server.CPU()
	if err != nil {
		return EchoRound{}, err
	}
	n, err := load.Run(ctx, p)
	if err != nil {
		return EchoRound{}, err
	}
	after, err := server.CPU()
	if err != nil {
		return EchoRound{}, err
	}
	waited = server.Waited() - waited
	moreReads, moreWrites, err := server.Calls()
	if err != nil {
		return EchoRound{}, err
	}
	cpu, messages := after-before, float64(n.Messages)
	return EchoRound{
		CPU:     float64(cpu.Nanoseconds()) / 1e3 / messages,
		Rate:    messages / n.Elapsed.Seconds(),
		Busy:    cpu.Seconds() / n.Elapsed.Seconds() / float64(c.Procs),
		Waited:  waited.Seconds() / cpu.Seconds(),
		Reads:   float64(moreReads-reads) / messages,
		Writes:  float64(moreWrites-writes) / messages,
		Checked: float64(n.Checked) / messages,
	}, nil
}

// startPlain runs the echo server of one library, without compression, on one core or on all.
func startPlain(b *bench, lib string, procs int) (*process.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if l, err := servers.Get(lib); err != nil {
		return nil, err
	} else if program, ok := l.(servers.Program); ok {
		// The process does this by itself, but here the error message is visible.
		if _, _, err := program.Command(servers.Settings{Mode: servers.None}); err != nil {
			return nil, err
		}
	}
	cores := []int{b.serverCore}
	if procs > 1 {
		cores = append(cores, b.loadCore)
	}
	return process.StartOn(cores, []string{"GOMAXPROCS=" + strconv.Itoa(procs)}, self,
		serveCommand, "-lib", lib, "-mode", string(servers.None))
}

// failure returns the error of a library that could not be compared. Where a ratio has a
// promised limit, no library may be missing unnoticed.
func (c *EchoCase) failure() error {
	for _, r := range c.Rows {
		if !r.Compared {
			return fmt.Errorf("%s: %s: %s", c.Name(), r.Lib, r.Note)
		}
	}
	return nil
}
