package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hawser-ws/websocket/bench/micro"
	"github.com/hawser-ws/websocket/bench/servers"
)

// Promised limits.
const (
	limitHandshakeHTTP = 1.0 // to the best peer behind net/http
	limitUpgrade       = 0.75
	limitUpgradeAllocs = 2
)

func (r *HandshakeRow) cpus() (all []float64) {
	for _, one := range r.Rounds {
		all = append(all, one.CPU)
	}
	return all
}

func (r *HandshakeRow) cpu() Summary {
	return summarize(r.Rounds, func(h HandshakeRound) float64 { return h.CPU })
}

func (r *HandshakeReport) get(lib string) *HandshakeRow {
	for _, row := range r.Rows {
		if row.Lib == lib && len(row.Rounds) > 0 {
			return row
		}
	}
	return nil
}

func (r *HandshakeReport) grids() []*grid {
	return []*grid{
		r.grid(true, "Opening handshakes behind net/http", servers.Ours),
		r.grid(false, "Opening handshakes straight on a connection", servers.HawserUpgrade),
	}
}

func (r *HandshakeReport) grid(behind bool, title, ours string) *grid {
	g := &grid{
		title: fmt.Sprintf("%s, a request of %d bytes, rounds: %d", title, r.Request,
			mostRounds(r.Rows, func(r *HandshakeRow) int { return len(r.Rounds) })),
		header: []string{ours + "\nto it", "library", "CPU µs", "least", "spread\n%", "waited\n%", "allocations\nover a stub", "bytes\nallocated", "how"},
	}
	first := r.get(ours)
	for _, row := range slices.SortedStableFunc(slices.Values(r.Rows), func(a, b *HandshakeRow) int { return cmp.Compare(a.cpu().Median, b.cpu().Median) }) {
		if row.HTTP != behind {
			continue
		}
		g.notes = append(g.notes, row.note(len(row.Rounds)))
		if len(row.Rounds) == 0 {
			continue
		}
		to, allocs, bytes := "—", fmt.Sprintf("%.1f", row.Allocations), fmt.Sprintf("%.0f", row.Bytes)
		if first != nil && row != first {
			to = ratio(micro.MedianRatio(first.cpus(), row.cpus()))
		}
		if row.Lib == servers.ByHandInC {
			allocs, bytes = "", ""
		}
		s := row.cpu()
		g.add(to, row.Lib, fmt.Sprintf("%.2f", s.Median), fmt.Sprintf("%.2f", s.Least), fmt.Sprintf("%.1f", 100*s.Spread()),
			fmt.Sprintf("%.1f", 100*summarize(row.Rounds, func(h HandshakeRound) float64 { return h.Waited }).Median), allocs, bytes, row.How)
	}
	return g
}

// bestPeer returns the cheapest library other than ours.
func (r *HandshakeReport) bestPeer(behind bool) (best *HandshakeRow) {
	for _, row := range r.Rows {
		if row.HTTP == behind && row.Kind == servers.Peer && len(row.Rounds) > 0 && (best == nil || row.cpu().Median < best.cpu().Median) {
			best = row
		}
	}
	return best
}

func (r *HandshakeReport) ratios() (all []Ratio) {
	to := func(name string, ours, theirs *HandshakeRow, limit float64) {
		if ours != nil && theirs != nil {
			all = append(all, Ratio{name, ours.Lib, theirs.Lib, micro.MedianRatio(ours.cpus(), theirs.cpus()), limit})
		}
	}
	const behind, straight = "handshake behind net/http", "handshake on a connection"
	ours, handler, upgrade := r.get(servers.Ours), r.get("hawser-handler"), r.get(servers.HawserUpgrade)
	best := r.bestPeer(true)
	to(behind, ours, best, limitHandshakeHTTP)
	to(behind, handler, best, limitHandshakeHTTP)
	to(behind, ours, r.get(servers.ByHandInHTTP), 0)
	to(straight, upgrade, r.get("gobwas"), limitUpgrade)
	to(straight, upgrade, r.get(servers.ByHandInGo), 0)
	to(straight, upgrade, r.get(servers.ByHandInC), 0)
	if upgrade != nil {
		// Rounding loses nothing: the noise is one allocation in hundreds of handshakes.
		all = append(all, Ratio{straight, upgrade.Lib, "allocations", upgrade.Allocations, limitUpgradeAllocs + 0.05})
	}
	return all
}
