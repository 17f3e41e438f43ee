package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/hawser-ws/websocket/autobahn"
)

// A screen is where the tables are printed.
type screen struct {
	out     io.Writer
	width   int
	colours bool
}

func newScreen(out *os.File) *screen {
	s := &screen{out: out, width: 100}
	if fd := int(out.Fd()); term.IsTerminal(fd) {
		if width, _, err := term.GetSize(fd); err == nil && width > 0 {
			s.width = width
		}
		s.colours = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return s
}

// show prints a table for each role, then everything that is not OK.
func (s *screen) show(o *conclusion) {
	played := func(a autobahn.Agent) bool { return len(a.Results) > 0 }
	end := ""
	for _, side := range o.sides {
		switch {
		case !slices.ContainsFunc(side.agents, played):
			continue
		case len(side.agents) == 1:
			s.single(side)
		default:
			s.several(side)
		}
		for i := range side.standings {
			st := &side.standings[i]
			if o.flags.writeBaseline != "" { // then what is known is still to be told
				st = &standing{role: st.role, agent: st.agent}
			}
			s.findings(st, len(side.agents) > 1)
			s.again(st.agent, len(side.agents) > 1)
			s.beside(o, st)
		}
		end = "\n"
	}
	lines := o.unjudged()
	for _, who := range slices.Sorted(maps.Keys(lines)) {
		s.print("\n" + s.wrapped("", fmt.Sprintf("%s has %s of %s, which was not judged", o.file(), plural(lines[who], "line"), visible(who, false))) + "\n")
	}
	s.print(end)
}

// single prints the table of one agent: chapters, and the number of each verdict.
func (s *screen) single(side side) {
	agent := side.agents[0]
	total := counts(agent.Results)
	columns := occurring(total)
	s.headline(fmt.Sprintf("%s as a %v", agent.Name, side.role), side, agent)
	header := table.Row{"", "Chapter"}
	for _, v := range columns {
		header = append(header, s.paint(v, string(v)))
	}
	t := s.newTable(header)
	line := func(number, title string, counted tally) table.Row {
		row := table.Row{number, title}
		for _, v := range columns {
			cell := ""
			if n := counted[v]; n > 0 {
				cell = s.paint(v, fmt.Sprint(n))
			}
			row = append(row, cell)
		}
		return row
	}
	for _, chapter := range chaptersOf(side.agents) {
		t.AppendRow(line(chapter, autobahn.Title(chapter), counts(inChapter(chapter, agent.Results))))
	}
	t.AppendFooter(line("", "All", total))
	s.print(t.Render() + "\n")
}

// several prints the table of several agents: chapters, and how many cases are fine.
func (s *screen) several(side side) {
	s.print(fmt.Sprintf("\n%s\n\n", s.bold(fmt.Sprintf("%d %vs, %d cases; how many of them are OK or INFORMATIONAL", len(side.agents), side.role, len(side.cases)))))
	header := table.Row{"", "Chapter"}
	tallies := make([]tally, len(side.agents))
	for i, agent := range side.agents {
		header = append(header, visible(agent.Name, false))
		tallies[i] = counts(agent.Results)
	}
	t := s.newTable(header)
	fine := func(number, title string, of func(agent int) tally) table.Row {
		row := table.Row{number, title}
		for i := range side.agents {
			counted := of(i)
			found := occurring(counted)
			if len(found) == 0 {
				row = append(row, "-")
				continue
			}
			row = append(row, s.paint(found[len(found)-1], fmt.Sprintf("%d/%d", counted.fine(), counted.all())))
		}
		return row
	}
	for _, chapter := range chaptersOf(side.agents) {
		t.AppendRow(fine(chapter, autobahn.Title(chapter), func(agent int) tally {
			return counts(inChapter(chapter, side.agents[agent].Results))
		}))
	}
	t.AppendSeparator()
	t.AppendRow(fine("", "All", func(agent int) tally { return tallies[agent] }))
	for _, v := range occurring(tallies...) {
		row := table.Row{"", string(v)}
		for _, counted := range tallies {
			cell := ""
			if n := counted[v]; n > 0 {
				cell = s.paint(v, fmt.Sprint(n))
			}
			row = append(row, cell)
		}
		t.AppendRow(row)
	}
	s.print(t.Render() + "\n")
}

// headline prints the line above a table.
func (s *screen) headline(who string, side side, agent autobahn.Agent) {
	played := fmt.Sprintf("%d cases", len(agent.Results))
	if len(agent.Results) < len(side.cases) {
		played = fmt.Sprintf("%d of %d cases", len(agent.Results), len(side.cases))
	}
	s.print(fmt.Sprintf("\n%s: %s in %s\n\n", s.bold(visible(who, false)), played, spent(agent.Took)))
}

// newTable returns a table without borders, with numbers aligned right.
func (s *screen) newTable(header table.Row) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.Options{SeparateHeader: true, SeparateFooter: true}
	style.Box.PaddingLeft, style.Box.PaddingRight = " ", " "
	style.Format.Header, style.Format.Footer = text.FormatDefault, text.FormatDefault
	t.SetStyle(style)
	columns := []table.ColumnConfig{{Number: 1, Align: text.AlignRight}}
	for n := 3; n <= len(header); n++ {
		columns = append(columns, table.ColumnConfig{
			Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight, AlignFooter: text.AlignRight,
		})
	}
	t.SetColumnConfigs(columns)
	t.SuppressTrailingSpaces()
	t.AppendHeader(header)
	return t
}

func (s *screen) print(text string) { fmt.Fprint(s.out, text) }

func (s *screen) bold(words string) string {
	if !s.colours {
		return words
	}
	return text.Bold.Sprint(words)
}

// paint colours words by a verdict.
func (s *screen) paint(v autobahn.Verdict, words string) string {
	if !s.colours {
		return words
	}
	switch v {
	case autobahn.OK:
		return text.FgGreen.Sprint(words)
	case autobahn.Informational:
		return text.FgCyan.Sprint(words)
	case autobahn.Failed:
		return text.FgRed.Sprint(words)
	}
	return text.FgYellow.Sprint(words)
}

// chapterOf returns the chapter of a case.
func chapterOf(id string) string {
	chapter, _, _ := strings.Cut(id, ".")
	return chapter
}

// chaptersOf returns the chapters that any agent has cases of, in the order of the catalog.
func chaptersOf(agents []autobahn.Agent) (list []string) {
	played := map[string]bool{}
	for _, a := range agents {
		for _, r := range a.Results {
			played[chapterOf(r.ID)] = true
		}
	}
	for _, role := range []autobahn.Role{autobahn.Server, autobahn.Client} {
		for _, c := range autobahn.Cases(role) {
			if chapter := chapterOf(c.ID); played[chapter] && !slices.Contains(list, chapter) {
				list = append(list, chapter)
			}
		}
	}
	return list
}

func inChapter(chapter string, results []*autobahn.Result) (list []*autobahn.Result) {
	for _, r := range results {
		if chapterOf(r.ID) == chapter {
			list = append(list, r)
		}
	}
	return list
}
