package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Cases of which each of the two peers fails some, and which take a second.
const fewCases = "1.1.*,5.*,20.1.*,20.6.*"

// The whole way with two peers that the other tests install anyway: played in both roles,
// kept, explained by the findings of the repository, rendered.
func TestMatrix(t *testing.T) {
	dir := t.TempDir()
	o := &options{
		only: "gorilla,node-ws", parallel: 2,
		peers: "peers", notes: "findings", cache: filepath.Join(dir, "cache"), out: filepath.Join(dir, "out"),
	}
	if err := o.locate(); err != nil {
		t.Fatal(err)
	}
	o.selection = fewCases
	chosen, err := o.chosen()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.play(t.Context(), chosen); err != nil {
		t.Fatal(err)
	}
	c, err := o.load()
	if err != nil {
		t.Fatal(err)
	}
	c.peers = chosen
	if err := c.update(o.cache); err != nil {
		t.Fatal(err)
	}
	for _, p := range chosen {
		of := c.results.Peers[p.Key]
		for _, role := range []string{"server", "client"} {
			r := of.Roles[role]
			if r == nil || r.Played != len(r.Cases) || r.Played < 20 || r.counts()["OK"] < 10 {
				t.Errorf("%s as a %s: %+v", p.Key, role, r)
			}
		}
	}
	for _, f := range c.all() {
		if len(c.failures(f)) == 0 {
			continue
		}
		at := c.shown(f)
		if at == nil {
			continue // the case to show is not one of the few
		}
		if e := c.evidence[at.String()]; e == nil || len(e.Log) == 0 {
			t.Errorf("%s has no wire log", f.Title)
		}
	}
	if err := c.write(o.out); err != nil {
		t.Fatal(err)
	}
	again := &comparison{peers: c.peers, notes: c.notes, shared: c.shared, results: &results{}, evidence: evidences{}}
	if err := readJSON(filepath.Join(o.out, resultsFile), again.results); err != nil {
		t.Fatal(err)
	}
	if err := readJSON(filepath.Join(o.out, evidenceFile), &again.evidence); err != nil {
		t.Fatal(err)
	}
	compareFiles(t, again, o.out)
	page, err := os.ReadFile(filepath.Join(o.out, pageFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`id="p-gorilla"`, `id="p-node-ws"`, "gorilla/websocket", "20.1.20", "GET / HTTP/1.0"} {
		if !strings.Contains(string(page), part) {
			t.Errorf("the page lacks %s", part)
		}
	}
}

// The committed files agree with each other, with the manifests and with the findings: no
// peer is forgotten, every failure is explained, and both pages are what -render would write.
func TestDocs(t *testing.T) {
	o := &options{peers: "peers", notes: "findings", cache: t.TempDir(), out: "../../docs/conformance"}
	c, err := o.load()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.check(); err != nil {
		t.Errorf("make matrix has to run again, or findings to be written: %v", err)
	}
	compareFiles(t, c, o.out)
}

// pageLimit keeps the page fit for a telephone.
const pageLimit = 3 << 20

func compareFiles(t *testing.T, c *comparison, dir string) {
	t.Helper()
	page, err := c.page()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{pageFile: page, readmeFile: c.readme()} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what it would be now: go run ./matrix -render", name)
		}
		if len(got) > pageLimit {
			t.Errorf("%s has %d bytes, more than %d", name, len(got), pageLimit)
		}
	}
}
