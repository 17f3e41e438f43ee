package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/bench/servers"
)

func TestEcho(t *testing.T) {
	b := newTestBench(t)
	f := echoFlags{choices: plainChoices([]string{"gws", "tcp"}), rounds: 2, duration: 20 * time.Millisecond}
	for _, procs := range []int{1, 2} {
		for _, inFlight := range []int{1, 16} {
			c := f.newCase(3, 32, inFlight, procs)
			if err := c.run(t.Context(), b, &f); err != nil {
				t.Fatal(err)
			}
			for _, row := range c.Rows {
				if !row.Compared || len(row.Rounds) != 2 {
					t.Fatalf("%+v", row)
				}
				r := row.Rounds[1]
				if r.CPU <= 0 || r.Rate <= 0 || r.Busy <= 0 || r.Checked != 1 || r.Reads <= 0 || r.Reads > 3 || r.Writes <= 0 || r.Writes > 1.1 {
					t.Errorf("%s: %+v", row.Lib, r)
				}
			}
			// The floor answers a batch with one write.
			if w := c.Rows[1].Rounds[0].Writes; inFlight == 16 && w > 0.5 {
				t.Errorf("%v writes for a message of a batch", w)
			}
		}
	}
}

func TestEchoNotices(t *testing.T) {
	b := newTestBench(t)
	f := echoFlags{choices: plainChoices([]string{"no such"}), rounds: 1, duration: time.Millisecond}
	c := f.newCase(3, 32, 1, 1)
	if err := c.run(t.Context(), b, &f); err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	c.print(&table)
	if c.Rows[0].Compared || !strings.Contains(table.String(), "no such: not compared") || c.failure() == nil {
		t.Errorf("%+v\n%s", c.Rows[0], &table)
	}
}

func TestEchoCases(t *testing.T) {
	f := echoFlags{connections: []int{64, 1000}, sizes: []int{32, 1 << 10, longMessage}, inFlight: []int{1, 16}, procs: []int{1}}
	names := func() (names []string) {
		for _, c := range f.cases() {
			names = append(names, strings.TrimPrefix(c.Name(), "echo "))
		}
		return names
	}
	want := "64×32 B×1, 64×1 KiB×1, 64×64 KiB×1, 1000×32 B×1, 1000×1 KiB×1, 64×32 B×16, 64×1 KiB×16"
	if got := strings.Join(names(), ", "); got != want {
		t.Errorf("by default the cases are %s", got)
	}
	if f.given = true; len(f.cases()) != 12 {
		t.Errorf("all cases are %q", names())
	}
}

// Ratios are taken within a round: a slow round counts once for both.
func TestEchoRatios(t *testing.T) {
	row := func(lib string, cpu ...float64) *EchoRow {
		r := &EchoRow{Result: Result{Lib: lib, Compared: true}}
		for _, x := range cpu {
			r.Rounds = append(r.Rounds, EchoRound{CPU: x})
		}
		return r
	}
	c := &EchoCase{Connections: 64, Size: 1 << 10, InFlight: 1, Rows: []*EchoRow{
		row("hawser", 2, 20, 3), row("gws", 4, 40, 6), row("gobwas", 8, 8, 8), row("tcp", 1, 10, 10), row("epoll", 1, 1, 1), row("ws", 1, 1, 1),
	}}
	var told []string
	for _, r := range c.ratios() {
		told = append(told, r.String())
	}
	want := "echo 64×1 KiB×1: hawser to gws 0.50 (promised ≤ 0.80); echo 64×1 KiB×1: hawser to tcp 2.00 (promised ≤ 0.95)"
	if got := strings.Join(told, "; "); got != want {
		t.Errorf("got %s", got)
	}
	var table bytes.Buffer
	c.print(&table)
	for _, want := range []string{"0.50 │ gws (best peer)", "2.00 │ tcp (floor)", "│ epoll (floor)", "│ ws "} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, &table)
		}
	}
}

func TestScale(t *testing.T) {
	b := newTestBench(t)
	f := echoFlags{choices: plainChoices([]string{"hawser", "tcp"}), connections: []int{2, 300}, sizes: []int{32}, inFlight: []int{1}, procs: []int{1},
		given: true, rounds: 1, duration: 10 * time.Millisecond}
	report := &ScaleReport{Libs: f.libs, Cases: f.cases()}
	for _, c := range report.Cases {
		if err := c.run(t.Context(), b, &f); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range report.Cases[1].Rows {
		if !r.Compared || r.Rounds[0].RSS < 1<<10 {
			t.Errorf("%+v", r)
		}
	}
	var table bytes.Buffer
	report.print(&table)
	if !strings.Contains(table.String(), "library │    2 │  300 │") || !strings.Contains(table.String(), "floor │ tcp") {
		t.Errorf("the table is\n%s", &table)
	}
}

func TestSections(t *testing.T) {
	for _, s := range sections {
		if s.Name == "" || s.Run == nil {
			t.Errorf("%+v", s)
		}
	}
	if servers.KindOf(servers.Ours) != servers.Own || servers.KindOf(servers.BareGo) != servers.Floor {
		t.Error("ours, or bare Go, is not what it should be")
	}
	for _, lib := range quickEchoLibs {
		if servers.KindOf(lib) == 0 {
			t.Errorf("no library %s", lib)
		}
	}
}
