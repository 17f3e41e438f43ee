package report

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"
)

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/page.gohtml"))

// pageScripts are joined into one script, in this order.
var pageScripts = []string{"data.js", "matrix.js", "wirelog.js", "detail.js", "page.js"}

// A Page has everything that a report shows.
type Page struct {
	Title   string
	Made    time.Time
	Servers []Agent // peers judged as servers: the suite was the fuzzing client
	Clients []Agent
}

// Write writes the page: a single HTML file that loads nothing else. It takes the names of
// chapters and groups from titles.
func (p *Page) Write(w io.Writer, titles func(id string) string) error {
	data := newPageData()
	v := pageView{Title: p.Title, Made: p.Made.UTC(), Meanings: meanings}
	for _, side := range []struct {
		id, name, lead string
		agents         []Agent
	}{
		{"servers", "Servers", "The suite was the client.", p.Servers},
		{"clients", "Clients", "The suite was the server.", p.Clients},
	} {
		if len(side.agents) == 0 {
			continue
		}
		m := newMatrix(side.id, side.agents, titles)
		m.Name, m.Lead = side.name, side.lead
		v.Parts = append(v.Parts, m)
		data.add(m)
	}
	packed, err := json.Marshal(data) // escapes <, > and &, so data cannot end the script
	if err != nil {
		return fmt.Errorf("the data of the report: %w", err)
	}
	v.Data = template.JS(packed)
	v.CSS = template.CSS(pageFile("page.css"))
	for _, name := range pageScripts {
		v.Script += template.JS(pageFile(name))
	}
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, v); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	if _, err := page.WriteTo(w); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// pageFile returns an embedded file. It panics if there is none, which is a bug.
func pageFile(name string) string {
	p, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(err)
	}
	return string(p)
}

// A pageView is the data of the template.
type pageView struct {
	Title    string
	Made     time.Time
	CSS      template.CSS
	Script   template.JS
	Data     template.JS
	Meanings []meaning
	Parts    []*pageMatrix
}

// Cases returns the number of rows of all parts.
func (v pageView) Cases() (n int) {
	for _, p := range v.Parts {
		n += p.Cases
	}
	return n
}

// Compares reports whether there are several agents to compare.
func (v pageView) Compares() bool {
	return slices.ContainsFunc(v.Parts, func(p *pageMatrix) bool { return len(p.Columns) > 1 })
}
