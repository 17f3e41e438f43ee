package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/hawser-ws/websocket/bench/servers"
)

// print prints a table for each figure: a line for each library, a column for each number of
// connections.
func (s *ScaleReport) print(w io.Writer) {
	size := s.Cases[0].Size
	s.table(w, fmt.Sprintf("CPU µs a message of %d bytes, one in flight for each connection", size), "%.2f",
		func(_ *EchoCase, r *EchoRow) float64 { return r.cpu().Median })
	s.table(w, "the same, "+servers.Ours+" to it", "%.2f",
		func(c *EchoCase, r *EchoRow) float64 { return c.row(servers.Ours).to(r) })
	s.table(w, "KiB in RAM for each connection while messages flow, above the process before the first", "%.1f",
		func(_ *EchoCase, r *EchoRow) float64 {
			return r.over(func(e EchoRound) float64 { return e.RSS }).Median / 1024
		})
	s.table(w, "% of its core that the server is busy", "%.0f",
		func(_ *EchoCase, r *EchoRow) float64 {
			return 100 * r.over(func(e EchoRound) float64 { return e.Busy }).Median
		})
	for _, c := range s.Cases {
		for _, r := range c.Rows {
			if note := r.note(len(r.Rounds)); note != "" {
				printNote(w, fmt.Sprintf("%d connections: %s", c.Connections, note))
			}
		}
	}
}

func (s *ScaleReport) table(w io.Writer, title, format string, figure func(*EchoCase, *EchoRow) float64) {
	header := []any{"", "library"}
	for _, c := range s.Cases {
		header = append(header, fmt.Sprintf("%d", c.Connections))
	}
	t := newTable(header...)
	for i, lib := range s.Libs {
		mark := ""
		if servers.KindOf(lib) == servers.Floor {
			mark = "floor"
		}
		row := table.Row{mark, lib}
		for _, c := range s.Cases {
			cell := "—"
			if r := c.Rows[i]; len(r.Rounds) > 0 && r.Compared {
				if x := figure(c, r); x > 0 {
					cell = fmt.Sprintf(format, x)
				}
			}
			row = append(row, cell)
		}
		t.AppendRow(row)
	}
	fmt.Fprintf(w, "\n%s\n", title)
	printTable(w, t)
}
