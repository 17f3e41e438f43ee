package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/hawser-ws/websocket/bench/servers"
)

// over summarizes one figure of the rounds.
func (r *EchoRow) over(figure func(EchoRound) float64) Summary {
	return summarize(r.Rounds, figure)
}

func (r *EchoRow) cpu() Summary {
	return r.over(func(e EchoRound) float64 { return e.CPU })
}

// to returns the median of the rounds' ratios, or 0 if there is none. A disturbance longer than
// a round affects both sides of a ratio.
func (r *EchoRow) to(other *EchoRow) float64 {
	if r == nil || other == nil {
		return 0
	}
	var ratios []float64
	for i := range min(len(r.Rounds), len(other.Rounds)) {
		ratios = append(ratios, r.Rounds[i].CPU/other.Rounds[i].CPU)
	}
	return summarize(ratios, func(x float64) float64 { return x }).Median
}

// row returns the row of a library, or nil if it has no figures.
func (c *EchoCase) row(lib string) *EchoRow {
	for _, r := range c.Rows {
		if r.Lib == lib && r.Compared && len(r.Rounds) > 0 {
			return r
		}
	}
	return nil
}

// bestPeer returns the Go library, other than ours, with the least CPU time.
func (c *EchoCase) bestPeer() (best *EchoRow) {
	for _, r := range c.Rows {
		if servers.KindOf(r.Lib) == servers.Peer && c.row(r.Lib) != nil && (best == nil || r.cpu().Median < best.cpu().Median) {
			best = r
		}
	}
	return best
}

// Promised limits of our CPU time.
const (
	limitPeer, limitPeerPipelined = 0.80, 0.20
	limitBare, limitBarePipelined = 0.95, 1.30
)

// ratios compares ours with the best peer, and with a program without any library.
func (c *EchoCase) ratios() (all []Ratio) {
	ours := c.row(servers.Ours)
	if ours == nil {
		return nil
	}
	peer, bare := limitPeer, limitBare
	if c.InFlight > 1 {
		peer, bare = limitPeerPipelined, limitBarePipelined
	}
	for _, other := range []struct {
		row   *EchoRow
		limit float64
	}{{c.bestPeer(), peer}, {c.row(servers.BareGo), bare}} {
		if other.row != nil {
			all = append(all, Ratio{Name: c.Name(), Of: ours.Lib, To: other.row.Lib, Value: ours.to(other.row), Limit: other.limit})
		}
	}
	return all
}

// print prints the case's table, least CPU time first.
func (c *EchoCase) print(w io.Writer) {
	t := newTable(servers.Ours+"\nto it", "library", "CPU µs a\nmessage", "least", "spread\n%", "messages\na second",
		"busy\n%", "waited\n%", "reads a\nmessage", "writes a\nmessage")
	rows := slices.SortedStableFunc(slices.Values(c.Rows), func(a, b *EchoRow) int { return cmp.Compare(a.cpu().Median, b.cpu().Median) })
	ours, best := c.row(servers.Ours), c.bestPeer()
	for _, r := range rows {
		if len(r.Rounds) == 0 {
			continue
		}
		ratio, name := "—", r.Lib
		if ours != nil && r.Compared {
			ratio = fmt.Sprintf("%.2f", ours.to(r))
		}
		switch {
		case r == best:
			name += " (best peer)"
		case servers.KindOf(r.Lib) == servers.Floor:
			name += " (floor)"
		}
		median := func(figure func(EchoRound) float64) float64 { return r.over(figure).Median }
		t.AppendRow(table.Row{ratio, name,
			fmt.Sprintf("%.2f", r.cpu().Median),
			fmt.Sprintf("%.2f", r.cpu().Least),
			fmt.Sprintf("%.1f", 100*r.cpu().Spread()),
			fmt.Sprintf("%.0f", median(func(e EchoRound) float64 { return e.Rate })),
			fmt.Sprintf("%.0f", 100*median(func(e EchoRound) float64 { return e.Busy })),
			fmt.Sprintf("%.1f", 100*median(func(e EchoRound) float64 { return e.Waited })),
			fmt.Sprintf("%.2f", median(func(e EchoRound) float64 { return e.Reads })),
			fmt.Sprintf("%.2f", median(func(e EchoRound) float64 { return e.Writes })),
		})
	}
	fmt.Fprintf(w, "\n%s; rounds: %d\n", c.Name(), mostRounds(rows, func(r *EchoRow) int { return len(r.Rounds) }))
	printTable(w, t)
	for _, r := range c.Rows {
		printNote(w, r.note(len(r.Rounds)))
	}
}
