package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// A grid is a table for a terminal and for a page.
type grid struct {
	title  string
	header []string // the second column has the names
	rows   [][]string
	notes  []string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// print formats it for a terminal.
func (g *grid) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", g.title)
	head := make([]any, len(g.header))
	for i, h := range g.header {
		head[i] = h
	}
	t := newTable(head...)
	for _, row := range g.rows {
		cells := make(table.Row, len(row))
		for i, cell := range row {
			cells[i] = cell
		}
		t.AppendRow(cells)
	}
	printTable(w, t)
	for _, n := range g.notes {
		printNote(w, n)
	}
}

// markdown formats it for a page.
func (g *grid) markdown(w io.Writer) {
	if len(g.rows) > 0 {
		fmt.Fprintf(w, "**%s**\n\n", g.title)
		line := func(cells []string) {
			fmt.Fprintf(w, "| %s |\n", strings.ReplaceAll(strings.Join(cells, " | "), "\n", " "))
		}
		line(g.header)
		align := make([]string, len(g.header))
		for i := range align {
			align[i] = "--:"
			if i == 1 {
				align[i] = ":--"
			}
		}
		line(align)
		for _, row := range g.rows {
			line(row)
		}
		fmt.Fprintln(w)
	}
	for _, n := range g.notes {
		if n != "" {
			fmt.Fprintf(w, "%s\n\n", n)
		}
	}
}

// ratio formats a comparison.
func ratio(v float64) string {
	if v == 0 {
		return "—"
	}
	return fmt.Sprintf("%.2f", v)
}
