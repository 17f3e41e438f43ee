package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hawser-ws/websocket/bench/micro"
	"github.com/hawser-ws/websocket/bench/servers"
)

// limitBroadcast is promised: hardly more than a loop.
const limitBroadcast = 1.05

func (r *BroadcastRow) cpus() (all []float64) {
	for _, one := range r.Rounds {
		all = append(all, one.CPU)
	}
	return all
}

func (r *BroadcastRow) cpu() Summary {
	return summarize(r.Rounds, func(b BroadcastRound) float64 { return b.CPU })
}

func (g *BroadcastGroup) get(lib string) *BroadcastRow {
	for _, r := range g.Rows {
		if r.Lib == lib && len(r.Rounds) > 0 {
			return r
		}
	}
	return nil
}

// bestPeer returns the cheapest library other than ours.
func (g *BroadcastGroup) bestPeer() (best *BroadcastRow) {
	for _, r := range g.Rows {
		if !slices.Contains([]string{servers.Ours, servers.LoopInGo, servers.LoopInC}, r.Lib) && len(r.Rounds) > 0 &&
			(best == nil || r.cpu().Median < best.cpu().Median) {
			best = r
		}
	}
	return best
}

func (r *BroadcastReport) grids() (all []*grid) {
	for _, g := range r.Groups {
		when := "each when all have received the one before"
		if g.Burst > 1 {
			when = fmt.Sprintf("%d in a row", g.Burst)
		}
		t := &grid{
			title: fmt.Sprintf("Broadcast of %s to %d connections, %s, rounds: %d", micro.Size(r.Size), r.Connections, when,
				mostRounds(g.Rows, func(r *BroadcastRow) int { return len(r.Rounds) })),
			header: []string{"hawser\nto it", "library", "CPU µs a\ndelivery", "least", "spread\n%", "waited\n%", "how"},
		}
		ours := g.get(servers.Ours)
		for _, row := range slices.SortedStableFunc(slices.Values(g.Rows), func(a, b *BroadcastRow) int { return cmp.Compare(a.cpu().Median, b.cpu().Median) }) {
			t.notes = append(t.notes, row.note(len(row.Rounds)))
			if len(row.Rounds) == 0 {
				continue
			}
			to := "—"
			if ours != nil && row != ours {
				to = ratio(micro.MedianRatio(ours.cpus(), row.cpus()))
			}
			s := row.cpu()
			t.add(to, row.Lib, fmt.Sprintf("%.3f", s.Median), fmt.Sprintf("%.3f", s.Least), fmt.Sprintf("%.1f", 100*s.Spread()),
				fmt.Sprintf("%.1f", 100*summarize(row.Rounds, func(b BroadcastRound) float64 { return b.Waited }).Median), row.How)
		}
		all = append(all, t)
	}
	return all
}

func (r *BroadcastReport) ratios() (all []Ratio) {
	for _, g := range r.Groups {
		ours := g.get(servers.Ours)
		if ours == nil {
			continue
		}
		name := fmt.Sprintf("broadcast %d×%s×%d", r.Connections, micro.Size(r.Size), g.Burst)
		to := func(theirs *BroadcastRow, limit float64) {
			if theirs != nil {
				all = append(all, Ratio{name, servers.Ours, theirs.Lib, micro.MedianRatio(ours.cpus(), theirs.cpus()), limit})
			}
		}
		to(g.get(servers.LoopInGo), limitBroadcast)
		to(g.get(servers.LoopInC), 0)
		to(g.bestPeer(), 0)
	}
	return all
}
