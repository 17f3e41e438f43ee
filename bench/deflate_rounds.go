package main

import (
	"context"
	"errors"
	"time"

	"github.com/hawser-ws/websocket/bench/load"
	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/traffic"
)

// DeflateRound is what one process of a library did.
type DeflateRound struct {
	CPU        float64 // µs of the server for each message
	Answer     float64 // bytes on the wire for each message, headers included
	Request    float64 // the same from the client
	Frames     float64 // in an answer
	Rate       float64 // messages a second
	Waited     float64 // time that the server's threads stood ready without a core, as a part of its CPU time
	Compressed float64 // the part of the answers that was compressed
	Checked    int     // answers that were compared with their messages
}

const (
	// Different messages, so that nobody learns them by heart.
	variety = 64
	// One answer in so many is checked. It has no divisor in common with variety,
	// so that each message gets its turn.
	checkWarming, checkRound = 7, 101

	roundTimeout = 2 * time.Minute
)

// run is a group's rounds.
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
	// The second round of the script is what is measured, the steady state.
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

// measure is one run between two looks at the server.
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
		Answer:     float64(n.Octets) / messages,
		Request:    float64(n.Sent) / messages,
		Frames:     float64(n.Frames) / messages,
		Rate:       messages / n.Elapsed.Seconds(),
		Waited:     waited.Seconds() / cpu.Seconds(),
		Compressed: float64(n.Compressed) / messages,
		Checked:    n.Checked,
	}, nil
}
