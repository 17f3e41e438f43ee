package main

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

// folder is the directory for a role's JSON, and its key in the output of -json.
func (s *side) folder() string { return s.role.String() + "s" }

func pageName(dir string) string { return filepath.Join(dir, "index.html") }

// jsonDir is the directory for the JSON of a role. A specification's outdir is for one role.
func (f *conformFlags) jsonDir(s *side) string {
	if f.outdir != "" {
		return f.outdir
	}
	return filepath.Join(f.out, s.folder())
}

// writeReport writes the files of -o.
func (f *conformFlags) writeReport(sides []side) error {
	page := &autobahn.Page{Title: "WebSocket conformance", Made: time.Now()}
	for _, s := range sides {
		if len(s.agents) == 0 {
			continue
		}
		if err := autobahn.WriteJSON(f.jsonDir(&s), s.agents); err != nil {
			return err
		}
		if s.role == autobahn.Client {
			page.Clients = s.agents
		} else {
			page.Servers = s.agents
		}
	}
	var text bytes.Buffer
	if err := page.Write(&text); err != nil {
		return err
	}
	return replaceFile(pageName(f.out), text.Bytes())
}

// agentJSON is an agent in the output of -json.
type agentJSON struct {
	Counts  map[autobahn.Verdict]int `json:"counts"`
	Stopped string                   `json:"stopped"`
	Seconds float64                  `json:"seconds"`
	Cases   map[string]caseJSON      `json:"cases"`
	*besideJSON
}

// besideJSON is how an agent did beside the baseline; only with one.
type besideJSON struct {
	New    []string `json:"new"`
	Known  []string `json:"known"`
	Mended []string `json:"mended"`
}

type caseJSON struct {
	Behavior      autobahn.Verdict `json:"behavior"`
	BehaviorClose autobahn.Verdict `json:"behaviorClose"`
	Result        string           `json:"result"`
}

// printJSON prints the output of -json.
func printJSON(w io.Writer, o *conclusion) error {
	out := map[string]map[string]agentJSON{"servers": {}, "clients": {}}
	for i := range o.sides {
		s := &o.sides[i]
		for _, st := range s.standings {
			a := st.agent
			cases := map[string]caseJSON{}
			for _, r := range a.Results {
				cases[r.ID] = caseJSON{r.Behavior, r.BehaviorClose, r.Result}
			}
			agent := agentJSON{
				Counts:  counts(a.Results),
				Stopped: a.Stopped,
				Seconds: a.Took.Round(time.Millisecond).Seconds(),
				Cases:   cases,
			}
			if o.flags.known != nil {
				agent.besideJSON = &besideJSON{ids(st.fresh), ids(st.known), ids(st.better)}
			}
			out[s.folder()][a.Name] = agent
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}

func ids(results []*autobahn.Result) []string {
	list := []string{} // not null
	for _, r := range results {
		list = append(list, r.ID)
	}
	return list
}
