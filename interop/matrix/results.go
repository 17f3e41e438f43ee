package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

// results is results.json: the verdicts of all peers. Later runs change the lines of the
// peers that they play.
type results struct {
	// Cases has the first line of each description, by case.
	Cases map[string]string       `json:"cases"`
	Peers map[string]*peerResults `json:"peers"`
}

type peerResults struct {
	Version string                  `json:"version"`
	Made    time.Time               `json:"made"`
	Roles   map[string]*roleResults `json:"roles"`
}

type roleResults struct {
	Seconds int      `json:"seconds"`
	Played  int      `json:"played"`
	NotRun  []string `json:"notRun,omitempty"`  // cases that it should have played
	Problem string   `json:"problem,omitempty"` // why
	// Verdicts has those other than OK, by case: that on the messages, then that on the end of
	// the connection where it differs.
	Verdicts map[string]string `json:"verdicts"`
	// Cases are those of the run, in order.
	Cases caseList `json:"cases"`
}

// A caseList is one line in JSON.
type caseList []string

// MarshalText implements [encoding.TextMarshaler].
func (l caseList) MarshalText() ([]byte, error) { return []byte(strings.Join(l, " ")), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (l *caseList) UnmarshalText(in []byte) error {
	*l = strings.Fields(string(in))
	return nil
}

// all returns the verdicts of all played cases.
func (r *roleResults) all() verdicts {
	got := verdicts{}
	for _, id := range r.Cases {
		got[id] = string(autobahn.OK)
	}
	for _, id := range r.NotRun {
		delete(got, id)
	}
	maps.Copy(got, r.Verdicts)
	return got
}

// add takes a record in place of what is known of its peer.
func (s *results) add(r *record) {
	p := &peerResults{Version: r.Version, Made: r.Made, Roles: map[string]*roleResults{}}
	for i := range r.Played {
		part := &r.Played[i]
		out := &roleResults{
			Seconds: int(part.Took.Round(time.Second).Seconds()), Played: len(part.Results),
			Verdicts: map[string]string{}, Cases: part.Cases,
		}
		got := verdictsOf(part)
		for _, id := range part.Cases {
			if got[id] == "" {
				out.NotRun = append(out.NotRun, id)
			}
		}
		for id, v := range got {
			if v != string(autobahn.OK) {
				out.Verdicts[id] = v
			}
		}
		if len(out.NotRun) > 0 {
			out.Problem, _, _ = strings.Cut(part.Problem, "\n")
		}
		for _, c := range part.Results {
			s.Cases[c.ID], _, _ = strings.Cut(strings.TrimSpace(c.Description), "\n")
		}
		p.Roles[part.Role.String()] = out
	}
	s.Peers[r.Key] = p
}

// roleOrder returns the cases that any peer plays in a role, in order.
func (s *results) roleOrder(role autobahn.Role) []string {
	seen := map[string]bool{}
	for _, p := range s.Peers {
		if r := p.Roles[role.String()]; r != nil {
			for _, id := range r.Cases {
				seen[id] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(seen), compareIDs)
}

// compareIDs orders case numbers: 2.9 comes before 2.10.
func compareIDs(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
}

// worst returns the worse part of a verdict.
func worst(verdict string) autobahn.Verdict {
	parts := strings.Split(verdict, ", ")
	for _, v := range autobahn.Verdicts() {
		if slices.Contains(parts, string(v)) {
			return v
		}
	}
	return autobahn.Verdict(verdict)
}

// counts counts the played cases by their worse verdict.
func (r *roleResults) counts() map[autobahn.Verdict]int {
	counts := map[autobahn.Verdict]int{}
	for _, v := range r.all() {
		counts[worst(v)]++
	}
	return counts
}

// An evidence is what happened in the case that a finding shows.
type evidence struct {
	Result string   `json:"result"`
	Log    []string `json:"log"`
}

// evidences is wirelogs.json, by peer/role/case.
type evidences map[string]*evidence

func evidenceOf(r *autobahn.Result) *evidence {
	return &evidence{
		Result: verdict(r) + ". " + strings.TrimSpace(r.Result+" "+r.ResultClose),
		Log:    excerpt(wireLog(r)),
	}
}

// readJSON leaves v as it is if there is no such file.
func readJSON(name string, v any) error {
	in, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(in, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func writeJSON(name string, v any) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	return writeFile(name, out.Bytes())
}

func writeFile(name string, out []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, out, 0o644)
}
