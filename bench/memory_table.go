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
func (r *MemoryRow) over(figure func(MemoryRound) float64) Summary {
	return summarize(r.Rounds, figure)
}

func (r *MemoryRow) settled() float64 {
	return r.over(func(m MemoryRound) float64 { return m.Settled }).Median
}

// print prints the group's table, least memory first.
func (g *MemoryGroup) print(w io.Writer) {
	t := newTable("settled, to\nbest peer", "library", "settled KiB\na connection", "spread\n%", "at once", "peak", "collected", "process\nbefore, KiB")
	rows := slices.SortedStableFunc(slices.Values(g.Rows), func(a, b *MemoryRow) int { return cmp.Compare(a.settled(), b.settled()) })
	var best *MemoryRow
	for _, r := range rows {
		if best == nil && r.Lib != servers.Ours && r.Compared {
			best = r
		}
	}
	for _, r := range rows {
		if len(r.Rounds) == 0 {
			continue
		}
		ratio := "—"
		if best != nil && r.Compared {
			ratio = fmt.Sprintf("%.2f", r.settled()/best.settled())
		}
		kib := func(figure func(MemoryRound) float64) string { return fmt.Sprintf("%.1f", r.over(figure).Median/1024) }
		t.AppendRow(table.Row{ratio, r.Lib,
			kib(func(m MemoryRound) float64 { return m.Settled }),
			fmt.Sprintf("%.1f", 100*r.over(func(m MemoryRound) float64 { return m.Settled }).Spread()),
			kib(func(m MemoryRound) float64 { return m.AtOnce }),
			kib(func(m MemoryRound) float64 { return m.Peak }),
			kib(func(m MemoryRound) float64 { return m.Collected }),
			kib(func(m MemoryRound) float64 { return float64(m.Before) }),
		})
	}
	fmt.Fprintf(w, "\n%s, rounds: %d\n", title(g.Settings), mostRounds(rows, func(r *MemoryRow) int { return len(r.Rounds) }))
	printTable(w, t)
	for _, r := range g.Rows {
		printNote(w, r.note(len(r.Rounds)))
	}
}
