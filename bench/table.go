package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/hawser-ws/websocket/bench/servers"
)

func printMachine(w io.Writer, m Machine) {
	fmt.Fprintf(w, "%s; %s; Linux %s; %s; load average before: %s\n", m.Time.Format("2006-01-02 15:04 MST"), m.CPU, m.Kernel, m.Go, m.Load)
	var versions []string
	for _, name := range slices.Sorted(maps.Keys(m.Versions)) {
		versions = append(versions, name+" "+m.Versions[name])
	}
	fmt.Fprintln(w, strings.Join(versions, "; "))
}

// title says what was requested from the servers.
func title(s servers.Settings) string {
	title := string(s.Mode)
	if s.Mode != servers.None {
		title += fmt.Sprintf(", windows of %d bits", s.Bits)
		if s.Level != 0 {
			title += fmt.Sprintf(", level %d", s.Level)
		}
	}
	return title
}

// note returns remarks on a library's figures.
func (r *Result) note(rounds int) string {
	switch {
	case r.Note == "":
		return ""
	case rounds > 0:
		return r.Lib + ": MEASURED BUT NOT COMPARABLE: " + r.Note
	}
	return r.Lib + ": not compared: " + r.Note
}

func printNote(w io.Writer, note string) {
	if note != "" {
		fmt.Fprintln(w, "  "+note)
	}
}

func printTable(w io.Writer, t table.Writer) {
	if t.Length() > 0 {
		fmt.Fprintln(w, t.Render())
	}
}

// newTable returns a table of figures. Its second column has the names.
func newTable(header ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(header)
	var columns []table.ColumnConfig
	for i := range header {
		align := text.AlignRight
		if i == 1 {
			align = text.AlignLeft
		}
		columns = append(columns, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align})
	}
	t.SetColumnConfigs(columns)
	return t
}
