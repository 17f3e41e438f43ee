package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/hawser-ws/websocket/bench/micro"
	"github.com/hawser-ws/websocket/bench/servers"
)

// print prints a table for each contest, the least time first.
func (r *MicroReport) print(w io.Writer) {
	for _, c := range r.Contests {
		fmt.Fprintf(w, "\n%s, %s, rounds: %d\n", c.Group, c.Case, mostRounds(c.Of, func(f *micro.Contender) int { return len(f.NS) }))
		header, rows := microTable(c)
		head := make([]any, len(header))
		for i, h := range header {
			head[i] = h
		}
		t := newTable(head...)
		for _, row := range rows {
			cells := make(table.Row, len(row))
			for i, cell := range row {
				cells[i] = cell
			}
			t.AppendRow(cells)
		}
		printTable(w, t)
	}
	for _, n := range r.Notes {
		printNote(w, n)
	}
}

// microTable is a contest as a table: the second column has the names.
func microTable(c *micro.Contest) (header []string, rows [][]string) {
	header = []string{"hawser,\nto this", "function", "ns", "least", "GB/s", "allocs"}
	notes := map[string]bool{}
	for _, f := range c.Of {
		for name := range f.Notes {
			notes[name] = true
		}
	}
	columns := slices.Sorted(maps.Keys(notes))
	header = append(header, columns...)
	ours := c.Get(servers.Ours)
	sorted := slices.SortedStableFunc(slices.Values(c.Of), func(a, b *micro.Contender) int {
		return int(1000*a.Median()) - int(1000*b.Median())
	})
	for _, f := range sorted {
		ratio := "—"
		if ours != nil && f != ours {
			ratio = fmt.Sprintf("%.2f", micro.Ratio(ours, f))
		}
		row := []string{ratio, f.Name, fmt.Sprintf("%.1f", f.Median()), fmt.Sprintf("%.1f", f.Least()),
			fmt.Sprintf("%.2f", float64(c.Octets)/f.Median()), fmt.Sprintf("%.2f", f.Allocs)}
		for _, name := range columns {
			row = append(row, f.Notes[name])
		}
		rows = append(rows, row)
	}
	return header, rows
}
