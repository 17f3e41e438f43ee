package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// A comparison is all that the page and the README are made from.
type comparison struct {
	peers    []*peer // those with results, by language and name
	notes    map[string]*notebook
	shared   []*finding
	results  *results
	evidence evidences
}

// The files of docs/conformance.
const (
	resultsFile  = "results.json"
	evidenceFile = "wirelogs.json"
	readmeFile   = "README.md"
	pageFile     = "index.html"
)

// load reads the manifests, the findings and the two JSON files.
func (o *options) load() (*comparison, error) {
	peers, err := findPeers(o.peers, o.cache)
	if err != nil {
		return nil, err
	}
	c := &comparison{peers: peers, notes: map[string]*notebook{}, evidence: evidences{}}
	c.results = &results{Cases: map[string]string{}, Peers: map[string]*peerResults{}}
	for _, p := range peers {
		if c.notes[p.Key], err = readNotebook(o.notes, p.Key); err != nil {
			return nil, err
		}
		c.shared = c.notes[p.Key].shared
		for _, n := range c.notes {
			n.shared = c.shared // one finding is one pointer
		}
	}
	if err := readJSON(filepath.Join(o.out, resultsFile), c.results); err != nil {
		return nil, err
	}
	if err := readJSON(filepath.Join(o.out, evidenceFile), &c.evidence); err != nil {
		return nil, err
	}
	slices.SortFunc(c.peers, func(a, b *peer) int {
		return strings.Compare(strings.ToLower(a.Language+"\n"+a.Name), strings.ToLower(b.Language+"\n"+b.Name))
	})
	return c, nil
}

// render takes newer results from the cache and writes the four files. The error also says
// which failures are not explained.
func (o *options) render() error {
	c, err := o.load()
	if err != nil {
		return err
	}
	if err := c.update(o.cache); err != nil {
		return err
	}
	if err := c.write(o.out); err != nil {
		return err
	}
	return c.check()
}

// update takes from the cache the records that are newer than the results.
func (c *comparison) update(cache string) error {
	keys := map[string]bool{}
	records := map[string]*record{}
	for _, p := range c.peers {
		keys[p.Key] = true
		r, err := loadRecord(cache, p.Key)
		if err != nil {
			return err
		}
		known := c.results.Peers[p.Key]
		if r != nil && (known == nil || r.Made.After(known.Made)) {
			c.results.add(r)
			known = c.results.Peers[p.Key]
		}
		if r != nil && r.Made.Equal(known.Made) {
			records[p.Key] = r
		}
	}
	maps.DeleteFunc(c.results.Peers, func(key string, _ *peerResults) bool { return !keys[key] })
	kept := evidences{}
	for _, f := range c.all() {
		at := c.shown(f)
		if at == nil {
			continue
		}
		if r := records[at.peer.Key]; r != nil {
			kept[at.String()] = evidenceOf(r.role(at.role).result(at.id))
		} else if e := c.evidence[at.String()]; e != nil {
			kept[at.String()] = e
		}
	}
	c.evidence = kept
	return nil
}

// all returns the findings of all peers and the shared ones.
func (c *comparison) all() (list []*finding) {
	for _, p := range c.peers {
		list = append(list, c.notes[p.Key].own...)
	}
	return append(list, c.shared...)
}

// A failure is cases of one peer that a finding explains.
type failure struct {
	peer  *peer
	role  autobahn.Role
	Cases []string
}

// failures returns what f, before all other findings, explains.
func (c *comparison) failures(f *finding) (list []failure) {
	for _, role := range f.Roles {
		for _, p := range c.peers {
			of := c.results.Peers[p.Key]
			if of == nil || of.Roles[role.String()] == nil {
				continue
			}
			one := failure{peer: p, role: role}
			for id, v := range of.Roles[role.String()].Verdicts {
				if needsFinding(v) && c.notes[p.Key].explains(role, id, v) == f {
					one.Cases = append(one.Cases, id)
				}
			}
			if len(one.Cases) > 0 {
				slices.SortFunc(one.Cases, compareIDs)
				list = append(list, one)
			}
		}
	}
	return list
}

// A place is a case played with a peer.
type place struct {
	peer *peer
	role autobahn.Role
	id   string
}

func (p *place) String() string { return p.peer.Key + "/" + p.role.String() + "/" + p.id }

// shown returns where the wire log of a finding is from, or nil.
func (c *comparison) shown(f *finding) *place {
	for _, one := range c.failures(f) {
		for _, id := range one.Cases {
			if f.Show == "" || f.Show == id {
				return &place{one.peer, one.role, id}
			}
		}
	}
	return nil
}

func (c *comparison) write(dir string) error {
	page, err := c.page()
	if err != nil {
		return err
	}
	return errors.Join(
		writeJSON(filepath.Join(dir, resultsFile), c.results),
		writeJSON(filepath.Join(dir, evidenceFile), c.evidence),
		writeFile(filepath.Join(dir, readmeFile), c.readme()),
		writeFile(filepath.Join(dir, pageFile), page),
	)
}

// check says what is missing: peers without results, failures without findings, findings
// without failures or without a wire log.
func (c *comparison) check() error {
	var problems []error
	for _, p := range c.peers {
		if err := c.checkPeer(p); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", p.Key, err))
		}
	}
	if err := c.checkShared(); err != nil {
		problems = append(problems, fmt.Errorf("%s.md: %w", sharedFile, err))
	}
	return errors.Join(problems...)
}

func (c *comparison) checkPeer(p *peer) error {
	of := c.results.Peers[p.Key]
	if of == nil {
		return errors.New("it has no results")
	}
	var problems []error
	notes := c.notes[p.Key]
	got := map[autobahn.Role]verdicts{}
	for _, role := range p.roles() {
		r := of.Roles[role.String()]
		if r == nil {
			problems = append(problems, fmt.Errorf("it has no results as a %s", role))
			continue
		}
		got[role] = r.all()
		if lack := uncovered(role, r.Cases, got[role], notes); lack != "" {
			problems = append(problems, fmt.Errorf("its findings lack\n\n%s", lack))
		}
	}
	for _, line := range stale(notes.own, got) {
		problems = append(problems, errors.New(line))
	}
	for _, f := range notes.own {
		problems = append(problems, c.checkShown(f))
	}
	return errors.Join(problems...)
}

func (c *comparison) checkShared() error {
	var problems []error
	for _, f := range c.shared {
		problems = append(problems, c.checkShown(f))
		list := c.failures(f)
		for _, pattern := range f.Cases {
			if !slices.ContainsFunc(list, func(one failure) bool {
				return slices.ContainsFunc(one.Cases, func(id string) bool { return matchesAny([]string{pattern}, id) })
			}) {
				problems = append(problems, fmt.Errorf("line %d, %s: nobody fails %s in this way", f.line, f.Title, pattern))
			}
		}
	}
	return errors.Join(problems...)
}

// checkShown checks that a finding has a wire log.
func (c *comparison) checkShown(f *finding) error {
	at := c.shown(f)
	switch {
	case at == nil && len(f.Cases) > 0:
		return fmt.Errorf("line %d, %s: its case %s does not fail, or another finding explains it", f.line, f.Title, f.Show)
	case at != nil && c.evidence[at.String()] == nil:
		return fmt.Errorf("line %d, %s: there is no wire log of %s; play the peer again", f.line, f.Title, at)
	case at != nil && strings.Contains(c.evidence[at.String()].Result, doubt):
		return fmt.Errorf("line %d, %s: %s was played beside other cases only; play the peer again", f.line, f.Title, at)
	}
	return nil
}
