package main

import (
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// A sideView is the table of one role: cases by implementations.
type sideView struct {
	Role    autobahn.Role
	Columns []*peerView
	Groups  []*groupView
	Cases   int
	Same    int // cases with one verdict for all, which passes
}

// A groupView has the rows whose numbers differ only in the last part.
type groupView struct {
	ID, Title string
	Chapter   *chapterView // if it is the first of several groups
	Top       bool         // it is a whole chapter
	All       int          // cases
	Sums      []sumView
	Rows      []rowView // those that are not the same everywhere
}

type chapterView struct{ ID, Title string }

// A sumView is a group's cell: the worst verdict, and how many cases do not pass.
type sumView struct {
	Class string
	Count int
}

type rowView struct {
	ID, Words string
	Cells     []cellView
}

type cellView struct {
	Class string // "" for OK
	Text  string
	Link  string // to its finding
}

// side returns nil if nobody has the role.
func (c *comparison) side(role autobahn.Role, peers []*peerView) *sideView {
	s := &sideView{Role: role}
	var columns []*roleResults
	for _, p := range peers {
		if r := c.results.Peers[p.Key].Roles[role.String()]; r != nil {
			s.Columns = append(s.Columns, p)
			columns = append(columns, r)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	all := make([]verdicts, len(columns))
	for i, r := range columns {
		all[i] = r.all()
	}
	var group *groupView
	for _, id := range c.results.roleOrder(role) {
		s.Cases++
		if name := id[:max(0, strings.LastIndexByte(id, '.'))]; group == nil || group.ID != name {
			group = newGroup(name, len(columns))
			s.Groups = append(s.Groups, group)
		}
		group.All++
		row := rowView{ID: id, Words: c.results.Cases[id]}
		for i, p := range s.Columns {
			row.Cells = append(row.Cells, c.cell(p, role, id, all[i][id]))
			group.Sums[i].add(all[i][id])
		}
		if boring(row.Cells) {
			s.Same++
			continue
		}
		group.Rows = append(group.Rows, row)
	}
	s.nameChapters()
	return s
}

// nameChapters puts the title of a chapter before the first of its groups that is shown.
func (s *sideView) nameChapters() {
	last := ""
	for _, g := range s.Groups {
		chapter, _, ok := strings.Cut(g.ID, ".")
		if ok && chapter != last && len(g.Rows) > 0 {
			g.Chapter = &chapterView{chapter, autobahn.Title(chapter)}
			last = chapter
		}
	}
}

func newGroup(id string, columns int) *groupView {
	g := &groupView{ID: id, Title: autobahn.Title(id), Top: !strings.Contains(id, "."), Sums: make([]sumView, columns)}
	return g
}

// add counts a case of the group.
func (s *sumView) add(verdict string) {
	if verdict == "" {
		verdict = notRun
	}
	if verdict == notRun || !worst(verdict).Passed() {
		s.Count++
	}
	order := append([]string{notRun}, names(autobahn.Verdicts())...)
	if now := class(verdict); now != okClass && (s.Class == "" || slices.Index(order, now) < slices.Index(order, s.Class)) {
		s.Class = now
	}
}

// okClass is left out of the page, where most cells would have it.
const okClass = "ok"

// notRun stands for the verdict of a case that was not played.
const notRun = "none"

func names(list []autobahn.Verdict) (names []string) {
	for _, v := range list {
		names = append(names, class(string(v)))
	}
	return names
}

// boring reports whether the whole row passes in the same way.
func boring(cells []cellView) bool {
	return !slices.ContainsFunc(cells, func(c cellView) bool { return c.Class != "" })
}

// letters stand for verdicts in the cells.
var letters = map[autobahn.Verdict]string{
	autobahn.OK: "·", autobahn.Informational: "i", autobahn.Unimplemented: "–", autobahn.NonStrict: "n",
	autobahn.Failed: "F", autobahn.WrongCode: "C", autobahn.Unclean: "U", autobahn.FailedByClient: "T",
}

func (c *comparison) cell(p *peerView, role autobahn.Role, id, verdict string) cellView {
	if verdict == "" {
		return cellView{Class: notRun, Text: "?"}
	}
	v := cellView{Class: class(verdict), Text: letters[worst(verdict)]}
	if v.Class == okClass {
		v.Class = ""
	}
	if !needsFinding(verdict) {
		return v
	}
	notes := c.notes[p.Key]
	f := notes.explains(role, id, verdict)
	if i := slices.Index(notes.own, f); i >= 0 {
		v.Link = "#" + findingID(p.Key, i)
	} else if i := slices.Index(notes.shared, f); i >= 0 {
		v.Link = "#" + findingID(sharedFile, i)
	}
	return v
}
