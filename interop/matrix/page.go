package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.gohtml").Funcs(template.FuncMap{"prose": prose}).
	ParseFS(pageFiles, "page/page.gohtml"))

// A pageView is the data of the template.
type pageView struct {
	Made      time.Time
	CSS       template.CSS
	Script    template.JS
	Languages int
	Peers     []*peerView
	Verdicts  []autobahn.Verdict // best first
	Sides     []*sideView
	Shared    []*findingView
}

type peerView struct {
	*peer
	Version  string
	Roles    []roleView
	Findings []*findingView
}

// A roleView is a line of the table of implementations.
type roleView struct {
	Role   autobahn.Role
	Played int
	NotRun int
	Counts []countView
	Why    string // cases were not run
}

type countView struct {
	Verdict autobahn.Verdict
	Count   int
}

type findingView struct {
	*finding
	ID       string // of the element
	Failures []failure
	Name     string // of the case shown
	Words    string // its description
	*evidence
}

func (v countView) Class() string { return class(string(v.Verdict)) }

// class is the style sheet's name for a verdict.
func class(verdict string) string {
	return strings.ReplaceAll(strings.ToLower(string(worst(verdict))), " ", "-")
}

// page returns index.html.
func (c *comparison) page() ([]byte, error) {
	v := pageView{Verdicts: verdictOrder()}
	languages := map[string]bool{}
	for _, p := range c.peers {
		of := c.results.Peers[p.Key]
		if of == nil {
			continue
		}
		languages[p.Language] = true
		if of.Made.After(v.Made) {
			v.Made = of.Made
		}
		v.Peers = append(v.Peers, c.peerView(p))
	}
	v.Languages = len(languages)
	for _, role := range []autobahn.Role{autobahn.Server, autobahn.Client} {
		if side := c.side(role, v.Peers); side != nil {
			v.Sides = append(v.Sides, side)
		}
	}
	for i, f := range c.shared {
		v.Shared = append(v.Shared, c.findingView(f, findingID(sharedFile, i)))
	}
	v.CSS, v.Script = template.CSS(file("page.css")), template.JS(file("page.js"))
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, v); err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	return out.Bytes(), nil
}

// file returns an embedded file. It panics if there is none, which is a bug.
func file(name string) string {
	in, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(err)
	}
	return string(in)
}

func verdictOrder() []autobahn.Verdict {
	list := autobahn.Verdicts()
	slices.Reverse(list)
	return list
}

func (c *comparison) peerView(p *peer) *peerView {
	of := c.results.Peers[p.Key]
	v := &peerView{peer: p, Version: strings.TrimPrefix(of.Version, "v")}
	for _, role := range []autobahn.Role{autobahn.Server, autobahn.Client} {
		r := of.Roles[role.String()]
		if r == nil {
			continue
		}
		line := roleView{Role: role, Played: r.Played, NotRun: len(r.NotRun), Why: r.Problem}
		counts := r.counts()
		for _, verdict := range verdictOrder() {
			line.Counts = append(line.Counts, countView{verdict, counts[verdict]})
		}
		v.Roles = append(v.Roles, line)
	}
	for i, f := range c.notes[p.Key].own {
		v.Findings = append(v.Findings, c.findingView(f, findingID(p.Key, i)))
	}
	return v
}

func (c *comparison) findingView(f *finding, id string) *findingView {
	v := &findingView{finding: f, ID: id, Failures: c.failures(f)}
	if at := c.shown(f); at != nil {
		v.Name = fmt.Sprintf("Case %s, %s as a %s", at.id, at.peer.Name, at.role)
		v.Words = c.results.Cases[at.id]
		v.evidence = c.evidence[at.String()]
	}
	return v
}

// Where says who fails in which cases, with those in one line who fail in the same.
func (f *findingView) Where() (lines []string) {
	var order []string
	names := map[string][]string{}
	for _, one := range f.Failures {
		as, cases := "as a "+one.role.String(), strings.Join(one.Cases, ", ")
		key := as + ": " + cases
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], one.peer.Name)
	}
	for _, key := range order {
		if !f.Shared {
			key = "A" + strings.TrimPrefix(key, "a")
		} else {
			key = strings.Join(names[key], ", ") + " " + key
		}
		lines = append(lines, key)
	}
	return lines
}

func findingID(key string, i int) string { return fmt.Sprintf("f-%s-%d", key, i+1) }

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	link     = regexp.MustCompile(`\[([^\]]+)\]\((https://[^)\s]+)\)`)
)

// prose makes HTML of a paragraph with `code` and [links](https://…).
func prose(paragraph string) template.HTML {
	escaped := template.HTMLEscapeString(paragraph)
	escaped = codeSpan.ReplaceAllString(escaped, "<code>$1</code>")
	return template.HTML(link.ReplaceAllString(escaped, `<a href="$2">$1</a>`))
}
