package show

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
)

const testdata = "../testdata"

// read goes through a capture of testdata.
func read(t *testing.T, name string, o trace.Options) *trace.Trace {
	t.Helper()
	file, err := os.Open(filepath.Join(testdata, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tr, err := trace.Read(t.Context(), file, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

// Frames and messages are those that a decoder found which shares nothing with ours.
func TestTables(t *testing.T) {
	tables, err := filepath.Glob(filepath.Join(testdata, "*.tsv"))
	if err != nil || len(tables) < 20 {
		t.Fatal(len(tables), err)
	}
	for _, table := range tables {
		name, kind, _ := strings.Cut(filepath.Base(table), ".")
		if kind == "heads.tsv" { // see trace.TestHTTP2Captures
			continue
		}
		t.Run(name+"/"+kind, func(t *testing.T) {
			want, err := os.ReadFile(table)
			if err != nil {
				t.Fatal(err)
			}
			captures, _ := filepath.Glob(filepath.Join(testdata, name+".pcap*"))
			if len(captures) == 0 {
				t.Fatal("no capture")
			}
			for _, file := range captures {
				tr := read(t, filepath.Base(file), trace.Options{})
				var got bytes.Buffer
				write := Frames
				if kind == "messages.tsv" {
					write = Messages
				}
				if err := write(&got, tr); err != nil {
					t.Fatal(err)
				}
				diff(t, got.String(), string(want))
			}
		})
	}
}

// diff complains of the first line that differs.
func diff(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(end)", "(end)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, a, b)
			return
		}
	}
}
