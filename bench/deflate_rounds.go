package main

import (
	"context"
	"errors"
	"time"

	"github.com/hawser-ws/websocket/bench/load"
	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/traffic"
)

// DeflateRound is the result of one process of a library.
type DeflateRound struct {
	CPU        float64 // µs of the server for each message
	Answer     float64 // bytes on the wire for each message, including headers
	Request    float64 // the same from the client
	Frames     float64 // in an answer
	Rate       float64 // messages a second
	Waited     float64 // time that the server's threads were ready without a core, as a share of its CPU time
	Compressed float64 // the share of compressed answers
	Checked    int     // answers compared with their messages
}

const (
	// Different messages, so that no compressor benefits from repetition of whole messages.
	variety = 64
	// One answer in so many is checked. The numbers have no divisor in common with variety, so
	// every message gets its turn.
	checkWarming, checkRound = 7, 101

	roundTimeout = 2 * time.Minute
)

// run plays the rounds of a group.
func (g *DeflateGroup) run(ctx context.Context, b *bench, f *deflateFlags) error {
	return takeTurns(ctx, g.Rows, &f.choices, f.rounds, func(r *DeflateRow) *Result { return &r.Result },
		func(r *DeflateRow) error { return g.round(ctx, b, f, r) })
}

// round is one round of one library, in a new process.
func (g *DeflateGroup) round(ctx context.Context, b *bench, f *deflateFlags, row *DeflateRow) (err error) {
	server, err := start(b.serverCore, row.Lib, g.Settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	asked := g.Settings.Terms()
	l, err := load.Open(ctx, server.Address, f.connections, asked)
	if err != nil {
		return err
	}
	defer l.Drop()
	if !row.agree(asked, l.Terms) && !f.mismatched {
		return nil
	}
	script, err := b.script(g.Size, l.Terms)
	if err != nil {
		return err
	}
	l.Say(script)
	// The second round of the script is measured: the steady state.
	warming := max(g.Each/8, traffic.Window/g.Size*2, 2)
	if _, err := l.Run(load.Plan{Each: warming, Check: checkWarming, Timeout: roundTimeout}); err != nil {
		return err
	}
	r, err := measure(server, l, load.Plan{Each: g.Each, Check: checkRound, Timeout: roundTimeout})
	if err == nil {
		row.Rounds = append(row.Rounds, r)
	}
	return err
}

// measure is one run between two samples of the server's counters.
func measure(server *process.Process, l *load.Load, p load.Plan) (DeflateRound, error) {
	before, err := server.CPU()
	if err != nil {
		return DeflateRound{}, err
	}
	waited := server.Waited()
	n, err := l.Run(p)
	if err != nil {
		return DeflateRound{}, err
	}
	waited = server.Waited() - waited
	after, err := server.CPU()
	if err != nil {
		return DeflateRound{}, err
	}
	cpu, messages := after-before, float64(n.Messages)
	return DeflateRound{
		CPU:        float64(cpu.Nanoseconds()) / 1e3 / messages,
		Answer:     float64(n.Received) / messages,
		Request:    float64(n.Sent) / messages,
		Frames:     float64(n.Frames) / messages,
		Rate:       messages / n.Elapsed.Seconds(),
		Waited:     waited.Seconds() / cpu.Seconds(),
		Compressed: float64(n.Compressed) / messages,
		Checked:    n.Checked,
	}, nil
}
