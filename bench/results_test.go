package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The page and its plots are made from figures that were kept.
func TestResults(t *testing.T) {
	folder := t.TempDir()
	if err := results(t.Context(), []string{"-from", "testdata/results.json", "-out", folder}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(folder, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## What is promised\n", "## Echo\n", "## More and more connections\n", "## Echo with compression\n",
		"## Memory of connections that have compressed\n", "## Idle connections\n", "## Broadcast\n",
		"## Opening handshakes\n", "## Over HTTP/2\n", "## Without goroutines\n", "## A million\n", "## Without a network\n",
		"**It failed:** a library fell over",
		"| — | hawser | ",
		"loop in Go", "by hand in Go", "parked", "utf8.Valid",
		" ≤ 0.80 |",
	} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page has no %q", want)
		}
	}
	columns := 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		if n := strings.Count(line, "|"); columns == 0 {
			columns = n
		} else if n != columns {
			t.Errorf("a line of %d columns in a table of %d: %s", n-1, columns-1, line)
		}
	}
	for name := range plotTitles {
		svg, err := os.ReadFile(filepath.Join(folder, "plots", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Contains(page, []byte("](plots/"+name+")")) {
			t.Errorf("the page does not show %s", name)
		}
		for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
		if !bytes.Contains(svg, []byte("hawser")) {
			t.Errorf("%s does not show ours", name)
		}
	}
}

// The headline has for each promise the worst case.
func TestPromised(t *testing.T) {
	g := promised([]Ratio{
		{"echo 1", "hawser", "gws", 0.7, 0.8},
		{"echo 2", "hawser", "gobwas", 0.9, 0.8},
		{"echo 1", "hawser", "tcp", 0.7, 0.95},
		{"echo 3", "hawser", "epoll", 3, 0},
	})
	want := [][]string{
		{"✗", "echo 2", "hawser", "gobwas", "0.90", "≤ 0.80", "1 of 2"},
		{"✓", "echo 1", "hawser", "tcp", "0.70", "≤ 0.95", "1 of 1"},
	}
	if !slices.EqualFunc(g.rows, want, slices.Equal) {
		t.Errorf("%q", g.rows)
	}
}

// Figures are the same when they have been kept.
func TestResultsJSON(t *testing.T) {
	var r Results
	if err := readJSON("testdata/results.json", &r); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "again.json")
	if err := writeJSON(file, &r); err != nil {
		t.Fatal(err)
	}
	var again Results
	if err := readJSON(file, &again); err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	r.page(&a, nil)
	again.page(&b, nil)
	if a.String() != b.String() {
		t.Error("the page is another one after the figures were kept")
	}
}
