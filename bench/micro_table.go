package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/hawser-ws/websocket/bench/micro"
	"github.com/hawser-ws/websocket/bench/servers"
)

// print prints all tables.
func (r *MicroReport) print(w io.Writer) {
	for _, g := range r.grids() {
		g.print(w)
	}
}

// grids returns the tables: one for each contest of libraries, and one for all contests of the
// same functions.
func (r *MicroReport) grids() (all []*grid) {
	byGroup := make(map[string][]*micro.Contest)
	var groups []string
	for _, c := range r.Contests {
		if byGroup[c.Group] == nil {
			groups = append(groups, c.Group)
		}
		byGroup[c.Group] = append(byGroup[c.Group], c)
	}
	for _, group := range groups {
		if group != "message" {
			all = append(all, functions(group, byGroup[group]))
			continue
		}
		for _, c := range byGroup[group] {
			all = append(all, libraries(c))
		}
	}
	if len(all) > 0 {
		all[0].notes = r.Notes
	}
	return all
}

var microTitles = map[string]string{
	"mask":    "Masking in place",
	"utf8":    "Judging UTF-8",
	"fused":   "Unmasking and judging at once, beside each alone",
	"header":  "Frame headers",
	"message": "A message read and one written",
}

// functions returns a table with a line for each contest.
func functions(group string, contests []*micro.Contest) *grid {
	first := contests[0]
	g := &grid{
		title:  fmt.Sprintf("%s, rounds: %d", microTitles[group], mostRounds(first.Of, func(f *micro.Contender) int { return len(f.NS) })),
		header: []string{"hawser ns", "what"},
	}
	sized := first.Bytes > 0
	if sized {
		g.header = append(g.header, "hawser GB/s")
	}
	for _, f := range first.Of[1:] {
		g.header = append(g.header, f.Name+" ns")
		if sized {
			g.header = append(g.header, "GB/s")
		}
		g.header = append(g.header, "hawser to it")
		if how := f.Notes["how"]; how != "" {
			g.notes = append(g.notes, f.Name+": "+how)
		}
	}
	for _, c := range contests {
		ours := c.Get(servers.Ours)
		row := []string{fmt.Sprintf("%.1f", ours.Median()), c.Case}
		if sized {
			row = append(row, fmt.Sprintf("%.2f", float64(c.Bytes)/ours.Median()))
		}
		for _, f := range c.Of[1:] {
			row = append(row, fmt.Sprintf("%.1f", f.Median()))
			if sized {
				row = append(row, fmt.Sprintf("%.2f", float64(c.Bytes)/f.Median()))
			}
			row = append(row, ratio(micro.Ratio(ours, f)))
		}
		g.add(row...)
	}
	return g
}

// libraries returns a table with a line for each library, least time first.
func libraries(c *micro.Contest) *grid {
	g := &grid{
		title:  fmt.Sprintf("%s, %s, rounds: %d", microTitles[c.Group], c.Case, mostRounds(c.Of, func(f *micro.Contender) int { return len(f.NS) })),
		header: []string{"hawser\nto it", "library", "ns", "least", "allocations", "bytes\nallocated", "Reads", "Writes", "UTF-8", "what", "how"},
	}
	ours := c.Get(servers.Ours)
	for _, f := range slices.SortedStableFunc(slices.Values(c.Of), func(a, b *micro.Contender) int { return cmp.Compare(a.Median(), b.Median()) }) {
		to := "—"
		if f != ours {
			to = ratio(micro.Ratio(ours, f))
		}
		g.add(to, f.Name, fmt.Sprintf("%.1f", f.Median()), fmt.Sprintf("%.1f", f.Least()),
			fmt.Sprintf("%.2f", f.Allocs), fmt.Sprintf("%.0f", f.Bytes),
			f.Notes["Reads"], f.Notes["Writes"], f.Notes["UTF-8"], f.Notes["whole"], f.Notes["how"])
	}
	return g
}
