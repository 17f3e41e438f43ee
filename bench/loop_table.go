package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hawser-ws/websocket/bench/servers"
)

// Promised limits of CPU time to C's epoll, for each case, and of a goroutine for each
// connection to the RawConn floor with 16 in flight.
var limitEpoll = map[string]float64{
	"echo 64×32 B×1":    1.10,
	"echo 64×32 B×16":   1.20,
	"echo 1000×32 B×1":  1.12,
	"echo 1000×1 KiB×1": 1.12,
	"echo 64×64 KiB×1":  1.10,
}

const (
	limitLoopPeer       = 1.0
	limitUpgradeRawConn = 1.15
	rawConn             = "rawconn"
)

// Promised limits of bytes for each of 10,000 connections.
var limitsLoopIdle = []struct {
	name              string
	atOnce, collected float64 // 0: none
}{
	{servers.Loop, 1000, 900},
	{servers.Loop + ", " + string(halfMessage), 4000, 0},
	{servers.Loop + ", " + string(halfHeader), 4000, 0},
	{servers.LoopTLS, 0, 9000}, // at once there is what the handshake leaves behind
	{servers.Upgrade, 4300, 0},
	{servers.Ours, 4600, 0},
}

func (r *LoopReport) grids() (all []*grid) {
	for _, c := range r.Echo {
		all = append(all, c.gridToEpoll())
	}
	if len(r.Blocked) > 0 {
		all = append(all, blockedGrid(r.Blocked))
	}
	if len(r.Idle.Rows) > 0 {
		all = append(all, r.Idle.gridOf(servers.Loop))
	}
	return all
}

// gridToEpoll compares every server with C.
func (c *EchoCase) gridToEpoll() *grid {
	g := &grid{
		title:  fmt.Sprintf("%s, rounds: %d", c.Name(), mostRounds(c.Rows, func(r *EchoRow) int { return len(r.Rounds) })),
		header: []string{"it to\nepoll", "library", servers.Loop + "\nto it", "CPU µs\na message", "least", "spread\n%", "messages\na second", "busy\n%", "waited\n%"},
	}
	floor, ours := c.row(servers.Epoll), c.row(servers.Loop)
	for _, r := range slices.SortedStableFunc(slices.Values(c.Rows), func(a, b *EchoRow) int { return cmp.Compare(a.cpu().Median, b.cpu().Median) }) {
		g.notes = append(g.notes, r.note(len(r.Rounds)))
		if len(r.Rounds) == 0 {
			continue
		}
		name := r.Lib
		if servers.KindOf(r.Lib) == servers.Floor {
			name += " (floor)"
		}
		to := func(a, b *EchoRow) string {
			if !r.Compared || a == b {
				return "—"
			}
			return ratio(a.to(b))
		}
		median := func(f func(EchoRound) float64) float64 { return r.over(f).Median }
		g.add(to(r, floor), name, to(ours, r),
			fmt.Sprintf("%.2f", r.cpu().Median), fmt.Sprintf("%.2f", r.cpu().Least), fmt.Sprintf("%.1f", 100*r.cpu().Spread()),
			fmt.Sprintf("%.0f", median(func(e EchoRound) float64 { return e.Rate })),
			fmt.Sprintf("%.0f", 100*median(func(e EchoRound) float64 { return e.Busy })),
			fmt.Sprintf("%.1f", 100*median(func(e EchoRound) float64 { return e.Waited })))
	}
	return g
}

// ratios compares the loop with C and with the best peer, and what holds for connections
// with a goroutine.
func (r *LoopReport) ratios() (all []Ratio) {
	for _, c := range r.Echo {
		ours, floor := c.row(servers.Loop), c.row(servers.Epoll)
		if ours != nil && floor != nil {
			all = append(all, Ratio{c.Name(), servers.Loop, servers.Epoll, ours.to(floor), limitEpoll[c.Name()]})
		}
		if peer := c.bestPeer(); ours != nil && peer != nil {
			all = append(all, Ratio{c.Name(), servers.Loop, peer.Lib, ours.to(peer), limitLoopPeer})
		}
		if shell, raw := c.row(servers.Upgrade), c.row(rawConn); shell != nil && raw != nil {
			limit := 0.0
			if c.InFlight > 1 {
				limit = limitUpgradeRawConn
			}
			all = append(all, Ratio{c.Name(), servers.Upgrade, rawConn, shell.to(raw), limit})
		}
	}
	all = append(all, blockedRatios(r.Blocked)...)
	return append(all, r.idleRatios()...)
}

func (r *LoopReport) idleRatios() (all []Ratio) {
	for _, l := range limitsLoopIdle {
		row := r.Idle.get(l.name, idleMain)
		if row == nil {
			continue
		}
		name := fmt.Sprintf("idle %d", idleMain)
		all = append(all, Ratio{name, l.name, "bytes a connection at once", row.atOnce(), l.atOnce})
		all = append(all, Ratio{name, l.name, "bytes a connection, collected", row.collected(), l.collected})
	}
	counts := r.Idle.counts()
	if len(counts) < 2 {
		return all
	}
	few, many := r.Idle.get(servers.Loop, slices.Min(counts)), r.Idle.get(servers.Loop, slices.Max(counts))
	if few != nil && many != nil {
		all = append(all, Ratio{fmt.Sprintf("idle %d", many.Connections), servers.Loop,
			fmt.Sprintf("itself with %d", few.Connections), many.atOnce() / few.atOnce(), limitIdleFlat})
	}
	return all
}
