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
	findings map[string][]*finding
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
	c := &comparison{peers: peers, findings: map[string][]*finding{}, evidence: evidences{}}
	c.results = &results{Cases: map[string]string{}, Peers: map[string]*peerResults{}}
	for _, p := range peers {
		if c.findings[p.Key], err = findings(o.notes, p.Key); err != nil {
			return nil, err
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
	kept := evidences{}
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
		if known == nil {
			continue
		}
		for _, f := range c.findings[p.Key] {
			role, id := c.shown(p, f)
			if id == "" {
				continue
			}
			name := p.Key + "/" + role.String() + "/" + id
			if r != nil && r.Made.Equal(known.Made) {
				kept[name] = evidenceOf(r.role(role).result(id))
			} else if e := c.evidence[name]; e != nil {
				kept[name] = e
			}
		}
	}
	c.evidence = kept
	maps.DeleteFunc(c.results.Peers, func(key string, _ *peerResults) bool { return !keys[key] })
	return nil
}

// shown returns the case whose wire log a finding has; "" if none of its cases fails.
func (c *comparison) shown(p *peer, f *finding) (autobahn.Role, string) {
	of := c.results.Peers[p.Key]
	for _, role := range f.Roles {
		if of == nil || of.Roles[role.String()] == nil {
			continue
		}
		for _, id := range c.failures(p, f, role) {
			if f.Show == "" || f.Show == id {
				return role, id
			}
		}
	}
	return 0, ""
}

// failures returns the cases that fail and that f, before all other findings, explains.
func (c *comparison) failures(p *peer, f *finding, role autobahn.Role) (list []string) {
	r := c.results.Peers[p.Key].Roles[role.String()]
	if r == nil {
		return nil
	}
	for id, v := range r.Verdicts {
		if needsFinding(v) && finder(c.findings[p.Key], role, id) == f {
			list = append(list, id)
		}
	}
	slices.SortFunc(list, compareIDs)
	return list
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
	return errors.Join(problems...)
}

func (c *comparison) checkPeer(p *peer) error {
	of := c.results.Peers[p.Key]
	if of == nil {
		return errors.New("it has no results")
	}
	var problems []error
	list := c.findings[p.Key]
	complete := map[autobahn.Role]verdicts{}
	for _, role := range p.roles() {
		r := of.Roles[role.String()]
		if r == nil {
			problems = append(problems, fmt.Errorf("it has no results as a %s", role))
			continue
		}
		if lack := uncovered(role, r.Cases, r.all(), list); lack != "" {
			problems = append(problems, fmt.Errorf("its findings lack\n\n%s", lack))
		}
		complete[role] = r.all()
	}
	for _, line := range stale(list, complete) {
		problems = append(problems, errors.New(line))
	}
	for _, f := range list {
		role, id := c.shown(p, f)
		switch {
		case id == "" && len(f.Cases) > 0:
			problems = append(problems, fmt.Errorf("line %d: the case to show, %q, does not fail, or another finding explains it", f.line, f.Show))
		case id != "" && c.evidence[p.Key+"/"+role.String()+"/"+id] == nil:
			problems = append(problems, fmt.Errorf("line %d: there is no wire log of %s; play the peer again", f.line, id))
		}
	}
	return errors.Join(problems...)
}
