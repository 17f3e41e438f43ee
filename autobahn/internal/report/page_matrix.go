package report

import (
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// A pageMatrix is one side of the report: cases by agents.
type pageMatrix struct {
	ID, Name, Lead string
	Columns        []*pageColumn
	Groups         []*caseGroup
	Cases          int
	NotRun         bool // some agent did not play all cases
}

// A pageColumn is an agent.
type pageColumn struct {
	Agent
	Key    string // its name, made unique
	byID   map[string]*verdict.Result
	NotRun int
}

// Count returns the number of results with the verdict of m.
func (c *pageColumn) Count(m meaning) (n int) {
	for _, r := range c.byID {
		if m.Close && r.BehaviorClose == m.Verdict || !m.Close && r.Behavior == m.Verdict {
			n++
		}
	}
	return n
}

// Run returns the number of played cases.
func (c *pageColumn) Run() int { return len(c.byID) }

// Spent formats Took for people.
func (c *pageColumn) Spent() string {
	if c.Took < 10*time.Second {
		return c.Took.Round(10 * time.Millisecond).String()
	}
	return c.Took.Round(time.Second).String()
}

// A caseGroup has the rows whose numbers differ only in the last part.
type caseGroup struct {
	ID, Title string
	Chapter   *chapterHead // precedes the group, if it is the first of several
	Top       bool         // the group is a whole chapter
	Rows      []*pageRow
	Quiet     bool // nothing needs attention
	Sums      []sum
}

type chapterHead struct {
	ID, Title string
	Sums      []sum
}

// A sum is how many of an agent's cases are completely OK.
type sum struct{ Fine, All int }

type pageRow struct {
	ID, Words string
	Cells     []pageCell
	Differs   bool
	NotOK     bool
}

// A pageCell is a result in the matrix; Result is nil if the case was not played.
type pageCell struct {
	*verdict.Result
	Link template.URL
}

func (m meaning) Class() string  { return class(m.Verdict) }
func (c pageCell) Class() string { return class(c.Behavior) }

// CloseClass is empty if there is nothing to report about the close.
func (c pageCell) CloseClass() string {
	if c.BehaviorClose == verdict.OK || c.BehaviorClose == verdict.Informational && c.Behavior == verdict.Informational {
		return ""
	}
	return class(c.BehaviorClose)
}

func newMatrix(id string, agents []Agent, titles func(string) string) *pageMatrix {
	p := &pageMatrix{ID: id}
	taken := map[string]bool{}
	for _, a := range agents {
		key := a.Name
		for n := 2; taken[key]; n++ {
			key = a.Name + "~" + strconv.Itoa(n)
		}
		taken[key] = true
		c := &pageColumn{Agent: a, Key: key, byID: map[string]*verdict.Result{}}
		for _, r := range a.Results {
			c.byID[r.ID] = r
		}
		p.Columns = append(p.Columns, c)
	}
	ids := p.ids()
	p.Cases = len(ids)
	for _, c := range p.Columns {
		c.NotRun = p.Cases - c.Run()
		p.NotRun = p.NotRun || c.NotRun > 0
	}
	p.group(ids, titles)
	return p
}

// ids returns the cases that any agent played, in order.
func (p *pageMatrix) ids() []string {
	var ids []string
	for _, c := range p.Columns {
		for id := range c.byID {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, verdict.CompareIDs)
	return slices.Compact(ids)
}

func (p *pageMatrix) group(ids []string, titles func(string) string) {
	for len(ids) > 0 {
		chapter, _, _ := strings.Cut(ids[0], ".")
		n := leading(ids, func(id string) bool { return strings.HasPrefix(id+".", chapter+".") })
		p.chapter(chapter, ids[:n], titles)
		ids = ids[n:]
	}
}

// leading returns how many of ids, from the first, belong.
func leading(ids []string, belongs func(string) bool) int {
	if n := slices.IndexFunc(ids, func(id string) bool { return !belongs(id) }); n >= 0 {
		return n
	}
	return len(ids)
}

func (p *pageMatrix) chapter(chapter string, ids []string, titles func(string) string) {
	above := &chapterHead{ID: chapter, Title: titles(chapter), Sums: p.sums(ids)}
	for len(ids) > 0 {
		name := groupOf(ids[0])
		n := leading(ids, func(id string) bool { return groupOf(id) == name })
		g := &caseGroup{ID: name, Title: titles(name), Chapter: above, Quiet: true, Sums: p.sums(ids[:n])}
		if name == chapter {
			g.Top, g.Chapter = true, nil
		}
		above = nil
		for _, id := range ids[:n] {
			r := p.row(id)
			g.Rows = append(g.Rows, r)
			g.Quiet = g.Quiet && !r.NotOK
		}
		p.Groups = append(p.Groups, g)
		ids = ids[n:]
	}
}

func groupOf(id string) string { return id[:max(0, strings.LastIndexByte(id, '.'))] }

// sums returns the sums of ids for each agent.
func (p *pageMatrix) sums(ids []string) []sum {
	sums := make([]sum, len(p.Columns))
	for i, c := range p.Columns {
		sums[i].All = len(ids)
		for _, id := range ids {
			if r := c.byID[id]; r != nil && flawless(r) {
				sums[i].Fine++
			}
		}
	}
	return sums
}

// flawless reports whether r is completely OK.
func flawless(r *verdict.Result) bool {
	return r.Behavior == verdict.OK && r.BehaviorClose == verdict.OK
}

func (p *pageMatrix) row(id string) *pageRow {
	r := &pageRow{ID: id}
	var first *verdict.Result
	for i, c := range p.Columns {
		result := c.byID[id]
		r.Cells = append(r.Cells, pageCell{result, p.link(c, id)})
		if result == nil {
			r.NotOK = true
			r.Differs = r.Differs || i > 0
			continue
		}
		if first == nil {
			first = result
			r.Words, _, _ = strings.Cut(strings.TrimSpace(result.Description), "\n")
			r.Differs = i > 0
		}
		r.NotOK = r.NotOK || !flawless(result)
		r.Differs = r.Differs || result.Behavior != first.Behavior || result.BehaviorClose != first.BehaviorClose
	}
	return r
}

// link returns the fragment that shows the case id of c. It contains only characters that
// PathEscape leaves, so it is safe.
func (p *pageMatrix) link(c *pageColumn, id string) template.URL {
	return template.URL("#" + p.ID + "/" + url.PathEscape(c.Key) + "/" + url.PathEscape(id))
}
