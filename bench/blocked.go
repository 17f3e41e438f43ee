package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/bench/crowd"
	"github.com/hawser-ws/websocket/bench/servers"
)

// BlockedRow is one server of which one connection keeps a handler for 100 ms of every 120,
// and what that costs the others.
type BlockedRow struct {
	Result
	Every  time.Duration // between two messages of each of the others
	Rounds []BlockedRound
}

// BlockedRound is the result of one process: how long the others wait for an answer, in ms.
type BlockedRound struct {
	Median, P99, Worst float64
	Answers            int
	Blocked            int // messages for which the handler blocked
}

const (
	blockedOthers = 64
	blockedPause  = 20 * time.Millisecond // between the answer and the next message that blocks
)

func blockedRows() (all []*BlockedRow) {
	for _, every := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond} {
		for _, lib := range servers.Blocking() {
			all = append(all, &BlockedRow{Result: Result{Lib: lib, Compared: true}, Every: every})
		}
	}
	return all
}

// round is one round of one server, in a new process.
func (r *BlockedRow) round(ctx context.Context, b *bench, duration time.Duration) (err error) {
	server, err := startPlain(b, r.Lib, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	door, err := crowd.NewDoor(server.Address, 0, blockedOthers+1)
	if err != nil {
		return err
	}
	c, err := crowd.Open(ctx, door, blockedOthers+1)
	if err != nil {
		return err
	}
	defer c.Drop()
	talk, err := c.Talk(ctx, crowd.Plan{Talkers: blockedOthers, Every: r.Every, For: duration, Spin: true,
		Block: servers.BlockWord, BlockAfter: blockedPause})
	if err != nil {
		return err
	}
	r.Rounds = append(r.Rounds, BlockedRound{
		Median: ms(talk.Latencies.Quantile(0.5)), P99: ms(talk.Latencies.Quantile(0.99)), Worst: ms(talk.Latencies.Quantile(1)),
		Answers: talk.Received, Blocked: talk.Blocked,
	})
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

func (r *BlockedRow) over(figure func(BlockedRound) float64) Summary {
	return summarize(r.Rounds, figure)
}

func (r *BlockedRow) p99() float64 {
	return r.over(func(b BlockedRound) float64 { return b.P99 }).Median
}

// blockedGrid is the table of all rows.
func blockedGrid(rows []*BlockedRow) *grid {
	g := &grid{
		title:  fmt.Sprintf("Answers on %d connections beside a handler that blocks 100 ms of every 120, in ms", blockedOthers),
		header: []string{"99 %\nwithin", "server", "each sends\nevery", "half\nwithin", "worst", "answers\na round", "blocked\na round"},
	}
	for _, r := range rows {
		g.notes = append(g.notes, r.note(len(r.Rounds)))
		if len(r.Rounds) == 0 {
			continue
		}
		median := func(figure func(BlockedRound) float64) float64 { return r.over(figure).Median }
		g.add(fmt.Sprintf("%.1f", r.p99()), r.Lib, r.Every.String(),
			fmt.Sprintf("%.2f", median(func(b BlockedRound) float64 { return b.Median })),
			fmt.Sprintf("%.1f", median(func(b BlockedRound) float64 { return b.Worst })),
			fmt.Sprintf("%.0f", median(func(b BlockedRound) float64 { return float64(b.Answers) })),
			fmt.Sprintf("%.0f", median(func(b BlockedRound) float64 { return float64(b.Blocked) })))
	}
	return g
}

// limitBlocked is the promised limit, in ms.
const limitBlocked = 50

func blockedRatios(rows []*BlockedRow) (all []Ratio) {
	for _, r := range rows {
		if r.Lib == servers.LoopBlocks && len(r.Rounds) > 0 {
			all = append(all, Ratio{fmt.Sprintf("blocked, each of %d every %v", blockedOthers, r.Every), servers.Loop, "ms for 99 % of the answers", r.p99(), limitBlocked})
		}
	}
	return all
}
