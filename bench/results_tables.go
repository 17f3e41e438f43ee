package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hawser-ws/websocket/bench/servers"
)

// Tables on the page for reports that have their own tables on a terminal.

func (c *EchoCase) grid() *grid {
	g := &grid{
		title:  fmt.Sprintf("%s, rounds: %d", c.Name(), mostRounds(c.Rows, func(r *EchoRow) int { return len(r.Rounds) })),
		header: []string{"hawser to it", "library", "CPU µs a message", "least", "spread %", "messages a second", "busy %", "waited %", "reads a message", "writes"},
	}
	ours := c.row(servers.Ours)
	for _, r := range slices.SortedStableFunc(slices.Values(c.Rows), func(a, b *EchoRow) int { return cmp.Compare(a.cpu().Median, b.cpu().Median) }) {
		g.notes = append(g.notes, r.note(len(r.Rounds)))
		if len(r.Rounds) == 0 {
			continue
		}
		to, name := "—", r.Lib
		if ours != nil && r != ours && r.Compared {
			to = ratio(ours.to(r))
		}
		if servers.KindOf(r.Lib) == servers.Floor {
			name += " (floor)"
		}
		median := func(f func(EchoRound) float64) float64 { return r.over(f).Median }
		g.add(to, name, fmt.Sprintf("%.2f", r.cpu().Median), fmt.Sprintf("%.2f", r.cpu().Least), fmt.Sprintf("%.1f", 100*r.cpu().Spread()),
			fmt.Sprintf("%.0f", median(func(e EchoRound) float64 { return e.Rate })),
			fmt.Sprintf("%.0f", 100*median(func(e EchoRound) float64 { return e.Busy })),
			fmt.Sprintf("%.1f", 100*median(func(e EchoRound) float64 { return e.Waited })),
			fmt.Sprintf("%.2f", median(func(e EchoRound) float64 { return e.Reads })),
			fmt.Sprintf("%.2f", median(func(e EchoRound) float64 { return e.Writes })))
	}
	return g
}

func (s *ScaleReport) grids() []*grid {
	one := func(title, format string, value func(c *EchoCase, r *EchoRow) float64) *grid {
		g := &grid{title: title, header: []string{"", "library"}}
		for _, c := range s.Cases {
			g.header = append(g.header, fmt.Sprint(c.Connections))
		}
		for i, lib := range s.Libs {
			row := []string{"", lib}
			if servers.KindOf(lib) == servers.Floor {
				row[0] = "floor"
			}
			for _, c := range s.Cases {
				cell := "—"
				if r := c.Rows[i]; len(r.Rounds) > 0 && r.Compared {
					cell = fmt.Sprintf(format, value(c, r))
				}
				row = append(row, cell)
			}
			g.add(row...)
		}
		return g
	}
	return []*grid{
		one("CPU µs a message of 32 bytes, one in flight for each connection", "%.2f",
			func(_ *EchoCase, r *EchoRow) float64 { return r.cpu().Median }),
		one("The same, hawser to it", "%.2f", func(c *EchoCase, r *EchoRow) float64 { return c.row(servers.Ours).to(r) }),
		one("Bytes in RAM for each connection while messages flow", "%.0f",
			func(_ *EchoCase, r *EchoRow) float64 {
				return r.over(func(e EchoRound) float64 { return e.RSS }).Median
			}),
	}
}

func (g *DeflateGroup) grid() *grid {
	t := &grid{
		title: fmt.Sprintf("%s, messages of %d bytes, rounds: %d", title(g.Settings), g.Size,
			mostRounds(g.Rows, func(r *DeflateRow) int { return len(r.Rounds) })),
		header: []string{"CPU, to best peer", "library", "CPU µs a message", "least", "spread %", "answer bytes", "its wire, to best peer"},
	}
	best := g.bestPeer()
	for _, r := range slices.SortedStableFunc(slices.Values(g.Rows), func(a, b *DeflateRow) int { return cmp.Compare(a.cpu().Median, b.cpu().Median) }) {
		t.notes = append(t.notes, r.note(len(r.Rounds)))
		if r.Lib == servers.Ours && r.Compared {
			t.notes = append(t.notes, g.larger(r))
		}
		if len(r.Rounds) == 0 {
			continue
		}
		to, wire := "—", "—"
		if best != nil && r.Compared {
			to, wire = ratio(r.cpu().Median/best.cpu().Median), fmt.Sprintf("%.3f", r.answer()/best.answer())
		}
		t.add(to, r.Lib, fmt.Sprintf("%.2f", r.cpu().Median), fmt.Sprintf("%.2f", r.cpu().Least), fmt.Sprintf("%.1f", 100*r.cpu().Spread()),
			fmt.Sprintf("%.1f", r.answer()), wire)
	}
	return t
}

func (g *MemoryGroup) grid() *grid {
	t := &grid{title: title(g.Settings), header: []string{"settled KiB", "library", "at once", "peak", "collected"}}
	for _, r := range slices.SortedStableFunc(slices.Values(g.Rows), func(a, b *MemoryRow) int { return cmp.Compare(a.settled(), b.settled()) }) {
		t.notes = append(t.notes, r.note(len(r.Rounds)))
		if len(r.Rounds) == 0 {
			continue
		}
		kib := func(f func(MemoryRound) float64) string { return fmt.Sprintf("%.1f", r.over(f).Median/1024) }
		t.add(kib(func(m MemoryRound) float64 { return m.Settled }), r.Lib,
			kib(func(m MemoryRound) float64 { return m.AtOnce }),
			kib(func(m MemoryRound) float64 { return m.Peak }),
			kib(func(m MemoryRound) float64 { return m.Collected }))
	}
	return t
}
