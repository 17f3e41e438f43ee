package main

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/bench/servers"
)

// The test binary is its own server, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == serveCommand || os.Args[1] == millionCommand) {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestDeflate(t *testing.T) {
	b := newTestBench(t)
	f := deflateFlags{choices: choices{libs: []string{"gws", "gorilla"}}, rounds: 2, each: 70, connections: 3}
	g := f.group(servers.Settings{Mode: servers.Takeover, Bits: 15}, 1<<10)
	if err := g.run(t.Context(), b, &f); err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	g.print(&table)
	gws, gorilla := g.Rows[0], g.Rows[1]
	if !gws.Compared || len(gws.Rounds) != 2 {
		t.Fatalf("gws: %+v", gws)
	}
	if r := gws.Rounds[1]; r.CPU <= 0 || r.Answer < 100 || r.Answer > 800 || r.Request < 100 || r.Request > 800 ||
		r.Rate <= 0 || r.Compressed != 1 || r.Frames != 1 || r.Checked == 0 {
		t.Errorf("gws: %+v", r)
	}
	// It has no context takeover.
	if gorilla.Compared || len(gorilla.Rounds) != 0 || !strings.Contains(table.String(), "gorilla: not compared: asked for takeover, 15 bits") {
		t.Errorf("gorilla: %+v\n%s", gorilla, &table)
	}
	if !strings.Contains(table.String(), "1.00 │ gws ") {
		t.Errorf("no row for gws:\n%s", &table)
	}
}

func TestDeflateMismatched(t *testing.T) {
	b := newTestBench(t)
	f := deflateFlags{choices: choices{libs: []string{"gorilla"}, mismatched: true}, rounds: 1, each: 3, connections: 2}
	g := f.group(servers.Settings{Mode: servers.Takeover, Bits: 15}, 64<<10)
	if err := g.run(t.Context(), b, &f); err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	g.print(&table)
	if r := g.Rows[0]; r.Compared || len(r.Rounds) != 1 || !strings.Contains(table.String(), "NOT COMPARABLE") {
		t.Errorf("%+v\n%s", r, &table)
	}
}

func TestLargerAnswersAreFlagged(t *testing.T) {
	row := func(lib string, cpu, answer float64) *DeflateRow {
		return &DeflateRow{Result{Lib: lib, Compared: true}, []DeflateRound{{CPU: cpu, Answer: answer, Compressed: 1}}}
	}
	g := &DeflateGroup{
		Settings: servers.Settings{Mode: servers.NoTakeover, Bits: 15},
		Rows:     []*DeflateRow{row("hawser", 5, 550), row("gws", 10, 500), row("coder", 20, 600)},
	}
	var table bytes.Buffer
	g.print(&table)
	for _, want := range []string{"0.50 │ hawser", "1.00 │ gws", "2.00 │ coder", "LARGER: hawser's answers are larger than gws's (by 10.0 %)\n"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, &table)
		}
	}
}

func TestMemory(t *testing.T) {
	b := newTestBench(t)
	f := memoryFlags{choices: choices{libs: []string{"coder"}}, rounds: 1, connections: 20, busy: 5, long: longSize, settle: time.Millisecond}
	g := &MemoryGroup{Settings: servers.Settings{Mode: servers.Takeover, Bits: 15}, Rows: []*MemoryRow{{Result: Result{Lib: "coder"}}}}
	if err := g.run(t.Context(), b, &f); err != nil {
		t.Fatal(err)
	}
	row := g.Rows[0]
	if !row.Compared || len(row.Rounds) != 1 {
		t.Fatalf("%+v", row)
	}
	// A compressor of its standard library takes more than 500 KiB.
	if r := row.Rounds[0]; r.Settled < 100<<10 || r.Settled > r.AtOnce || r.Collected < 100<<10 || r.Peak < r.AtOnce || r.Before < 1<<20 {
		t.Errorf("%+v", r)
	}
}

// It is one for all tests, as the process that it is can move to its core once.
var testBench = sync.OnceValues(newBench)

func newTestBench(t *testing.T) *bench {
	t.Helper()
	b, err := testBench()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
