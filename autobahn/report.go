package autobahn

import (
	"io"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/report"
)

// A Page has everything that a report shows.
type Page struct {
	Title   string
	Made    time.Time
	Servers []Agent // peers judged as servers: the suite was the fuzzing client
	Clients []Agent
}

// Write writes the page: a single HTML file that loads nothing else.
func (p *Page) Write(w io.Writer) error { return (*report.Page)(p).Write(w, Title) }

// An Agent is a peer with its results: its Name and URL, how long its run took (Took), why the
// run ended early, or "" (Stopped), and its Results.
type Agent = report.Agent

// WriteJSON writes results in the layout of Autobahn|Testsuite: dir/index.json, an overview of
// all agents and cases, and a file for each agent and case.
func WriteJSON(dir string, agents []Agent) error { return report.WriteJSON(dir, agents) }
