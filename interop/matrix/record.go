package main

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

// A record has all results of a peer, with their wire logs. It stays in the cache.
type record struct {
	Key     string
	Version string
	Made    time.Time
	Played  []played
}

// played is the run of one role.
type played struct {
	Role    autobahn.Role
	Took    time.Duration
	Cases   []string // selected, in order
	Results []*autobahn.Result
	Problem string // why cases are missing, or ""
}

func (r *record) role(role autobahn.Role) *played {
	for i := range r.Played {
		if r.Played[i].Role == role {
			return &r.Played[i]
		}
	}
	return nil
}

func (p *played) result(id string) *autobahn.Result { return resultOf(p.Results, id) }

// verdict is both verdicts as one: that on the messages, and where it differs, that
// on the end of the connection.
func verdict(r *autobahn.Result) string {
	if r.BehaviorClose == r.Behavior || r.BehaviorClose == autobahn.OK {
		return string(r.Behavior)
	}
	return string(r.Behavior) + ", " + string(r.BehaviorClose)
}

// needsFinding reports whether a verdict has to be explained.
func needsFinding(verdict string) bool {
	for v := range strings.SplitSeq(verdict, ", ") {
		switch autobahn.Verdict(v) {
		case autobahn.OK, autobahn.Informational, autobahn.Unimplemented:
		default:
			return true
		}
	}
	return false
}

func recordFile(cache, key string) string {
	return filepath.Join(cache, "results", key+".gob")
}

func (r *record) save(cache string) (err error) {
	name := recordFile(cache, r.Key)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return gob.NewEncoder(file).Encode(r)
}

// loadRecord returns nil if the cache has no results of the peer.
func loadRecord(cache, key string) (*record, error) {
	file, err := os.Open(recordFile(cache, key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r := &record{}
	if err := gob.NewDecoder(file).Decode(r); err != nil {
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return r, nil
}

// saveReport writes the whole report of one peer into the cache, for whoever writes
// its findings.
func (r *record) saveReport(cache string) (name string, err error) {
	name = strings.TrimSuffix(recordFile(cache, r.Key), ".gob") + ".html"
	page := &autobahn.Page{Title: r.Key + " " + r.Version, Made: r.Made}
	for _, p := range r.Played {
		agent := autobahn.Agent{Name: r.Key, Took: p.Took, Stopped: p.Problem, Results: p.Results}
		if p.Role == autobahn.Client {
			page.Clients = []autobahn.Agent{agent}
		} else {
			page.Servers = []autobahn.Agent{agent}
		}
	}
	file, err := os.Create(name)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return name, page.Write(file)
}
