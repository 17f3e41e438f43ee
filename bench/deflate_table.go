package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/hawser-ws/websocket/bench/servers"
)

// over summarizes one figure of the rounds.
func (r *DeflateRow) over(figure func(DeflateRound) float64) Summary {
	return summarize(r.Rounds, figure)
}

func (r *DeflateRow) cpu() Summary {
	return r.over(func(d DeflateRound) float64 { return d.CPU })
}

func (r *DeflateRow) answer() float64 {
	return r.over(func(d DeflateRound) float64 { return d.Answer }).Median
}

// bestPeer returns the library to compare ours with: the one of the others that takes the least
// CPU time.
func (g *DeflateGroup) bestPeer() *DeflateRow {
	var best *DeflateRow
	for _, r := range g.Rows {
		if r.Lib != servers.Ours && r.Compared && (best == nil || r.cpu().Median < best.cpu().Median) {
			best = r
		}
	}
	return best
}

// print prints the group's table, least CPU time first.
func (g *DeflateGroup) print(w io.Writer) {
	t := newTable("CPU, to\nbest peer", "library", "CPU µs a\nmessage", "least", "spread\n%", "answer\nbytes", "its wire, to\nbest peer",
		"request\nbytes", "frames an\nanswer", "messages\na second", "waited\n%")
	rows := slices.SortedStableFunc(slices.Values(g.Rows), func(a, b *DeflateRow) int { return cmp.Compare(a.cpu().Median, b.cpu().Median) })
	best := g.bestPeer()
	for _, r := range rows {
		if len(r.Rounds) == 0 {
			continue
		}
		ratio, wire := "—", "—"
		if best != nil && r.Compared {
			ratio = fmt.Sprintf("%.2f", r.cpu().Median/best.cpu().Median)
			wire = fmt.Sprintf("%.3f", r.answer()/best.answer())
		}
		median := func(figure func(DeflateRound) float64) float64 { return r.over(figure).Median }
		t.AppendRow(table.Row{ratio, r.Lib,
			fmt.Sprintf("%.2f", r.cpu().Median),
			fmt.Sprintf("%.2f", r.cpu().Least),
			fmt.Sprintf("%.1f", 100*r.cpu().Spread()),
			fmt.Sprintf("%.1f", r.answer()), wire,
			fmt.Sprintf("%.1f", median(func(d DeflateRound) float64 { return d.Request })),
			fmt.Sprintf("%.1f", median(func(d DeflateRound) float64 { return d.Frames })),
			fmt.Sprintf("%.0f", median(func(d DeflateRound) float64 { return d.Rate })),
			fmt.Sprintf("%.1f", 100*median(func(d DeflateRound) float64 { return d.Waited })),
		})
	}
	fmt.Fprintf(w, "\n%s, messages of %d bytes, rounds: %d\n", title(g.Settings), g.Size, mostRounds(rows, func(r *DeflateRow) int { return len(r.Rounds) }))
	printTable(w, t)
	for _, r := range g.Rows {
		printNote(w, r.note(len(r.Rounds)))
		if part := r.over(func(d DeflateRound) float64 { return d.Compressed }).Median; r.Compared && g.Settings.Mode != servers.None && part < 1 {
			printNote(w, fmt.Sprintf("%s: only %.1f %% of its answers are compressed", r.Lib, 100*part))
		}
		if r.Lib == servers.Ours && r.Compared {
			printNote(w, g.larger(r))
		}
	}
}

// larger says whose answers are smaller than ours. Less CPU time is no merit then.
func (g *DeflateGroup) larger(ours *DeflateRow) string {
	var smaller []string
	for _, r := range g.Rows {
		if r.Compared && r.answer() < ours.answer() {
			smaller = append(smaller, fmt.Sprintf("%s's (by %.1f %%)", r.Lib, 100*(ours.answer()/r.answer()-1)))
		}
	}
	if len(smaller) == 0 {
		return ""
	}
	return "LARGER: " + ours.Lib + "'s answers are larger than " + strings.Join(smaller, ", ")
}
