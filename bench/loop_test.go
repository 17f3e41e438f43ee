package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/bench/million"
	"github.com/hawser-ws/websocket/bench/servers"
)

func TestLoop(t *testing.T) {
	b := newTestBench(t)
	f := loopFlags{
		echoFlags:   echoFlags{choices: plainChoices([]string{servers.Loop, servers.Upgrade, "gobwas", rawConn, servers.Epoll}), rounds: 1, duration: 10 * time.Millisecond},
		only:        loopParts,
		idleRounds:  1,
		idleCounts:  []int{20, 100},
		blockedTime: 50 * time.Millisecond,
	}
	report, err := runLoop(t.Context(), b, &f)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.failure(); err != nil {
		t.Error(err)
	}
	for _, row := range report.Blocked {
		if len(row.Rounds) != 1 || row.Rounds[0].Answers == 0 || row.Rounds[0].Blocked != 1 || row.Rounds[0].P99 <= 0 {
			t.Errorf("%+v", row)
		}
	}
	for _, row := range report.Idle.Rows {
		// The process itself weighs much with few connections, but C's.
		if len(row.Rounds) != 1 || row.atOnce() <= 0 && row.Lib != servers.EpollIdle {
			t.Errorf("%s, %d: %+v", row.name(), row.Connections, row.Rounds)
		}
	}
	var page bytes.Buffer
	for _, g := range report.grids() {
		g.markdown(&page)
	}
	for _, want := range []string{
		"**echo 64×32 B×1,", "**echo 64×32 B×16,", "**echo 1000×32 B×1,", "**echo 1000×1 KiB×1,", "**echo 64×64 KiB×1,",
		"| hawser-loop, half a message |", "| hawser-loop, half a header |", "| hawser-loop-tls |", "| epoll-idle |", "| nbio-blocks |",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, &page)
		}
	}
}

// Every promise of the loop is among the ratios, with its limit.
func TestLoopRatios(t *testing.T) {
	row := func(lib string, cpu float64) *EchoRow {
		return &EchoRow{Result: Result{Lib: lib, Compared: true}, Rounds: []EchoRound{{CPU: cpu}}}
	}
	f := echoFlags{choices: plainChoices(nil)}
	c := f.newCase(64, 32, 16, 1)
	c.Rows = []*EchoRow{row(servers.Loop, 3), row(servers.Upgrade, 5), row("gobwas", 6), row("gws", 4), row(rawConn, 4), row(servers.Epoll, 2)}
	idle := func(lib string, n int, b began, bytes float64) *IdleRow {
		r := newIdleRow(lib, n, b)
		r.Rounds = []IdleRound{{AtOnce: bytes, Collected: bytes / 2}}
		return r
	}
	r := &LoopReport{
		Echo:    []*EchoCase{c},
		Blocked: []*BlockedRow{{Result: Result{Lib: servers.LoopBlocks}, Every: time.Millisecond, Rounds: []BlockedRound{{P99: 7}}}},
		Idle: &IdleReport{Rows: []*IdleRow{
			idle(servers.Loop, 10000, "", 1000), idle(servers.Loop, 19000, "", 1200),
			idle(servers.Loop, 10000, halfMessage, 3000), idle(servers.LoopTLS, 10000, "", 8000),
		}},
	}
	var told []string
	for _, r := range r.ratios() {
		told = append(told, r.String())
	}
	for _, want := range []string{
		"echo 64×32 B×16: hawser-loop to epoll 1.50 (promised ≤ 1.20)",
		"echo 64×32 B×16: hawser-loop to gws 0.75 (promised ≤ 1.00)",
		"echo 64×32 B×16: hawser-upgrade to rawconn 1.25 (promised ≤ 1.15)",
		"blocked, each of 64 every 1ms: hawser-loop to ms for 99 % of the answers 7.00 (promised ≤ 50.00)",
		"idle 10000: hawser-loop to bytes a connection at once 1000.00 (promised ≤ 1000.00)",
		"idle 10000: hawser-loop to bytes a connection, collected 500.00 (promised ≤ 900.00)",
		"idle 10000: hawser-loop, half a message to bytes a connection at once 3000.00 (promised ≤ 4000.00)",
		"idle 10000: hawser-loop-tls to bytes a connection, collected 4000.00 (promised ≤ 9000.00)",
		"idle 19000: hawser-loop to itself with 10000 1.20 (promised ≤ 1.10)",
	} {
		if !slices.Contains(told, want) {
			t.Errorf("no %q in %q", want, told)
		}
	}
	for name := range limitEpoll {
		if !slices.ContainsFunc([]*EchoCase{f.newCase(64, 32, 1, 1), c, f.newCase(1000, 32, 1, 1), f.newCase(1000, 1<<10, 1, 1), f.newCase(64, longMessage, 1, 1)},
			func(c *EchoCase) bool { return c.Name() == name }) {
			t.Errorf("no case is called %q", name)
		}
	}
}

func TestMillion(t *testing.T) {
	p := million.Default()
	p.Connections, p.Per, p.Talkers, p.Every, p.For, p.Reserve = 700, 250, 0.1, 10*time.Millisecond, 200*time.Millisecond, 1
	report, err := runMillion(t.Context(), newTestBench(t), p, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Failure(); err != nil {
		t.Error(err)
	}
	// 23 of the 233 or 234 connections of each of 3 processes, each of which says 20 messages.
	if n := report.Paced.Received; report.Processes != 3 || n != 3*23*20 || report.Flat.Received < 3*23 || report.Shutdown.GoingAway != 700 {
		t.Errorf("%+v", report)
	}
	var page bytes.Buffer
	report.grid().markdown(&page)
	if !strings.Contains(page.String(), "| 700 | connections that Shutdown closed with 1001 |") {
		t.Error(page.String())
	}
}

// A run ends before memory gets short, and says so. What is lost fails it.
func TestMillionFails(t *testing.T) {
	p := million.Default()
	p.Connections, p.Per, p.Reserve = 200, 100, 1<<60
	if _, err := runMillion(t.Context(), newTestBench(t), p, io.Discard); err == nil || !strings.Contains(err.Error(), "memory gets short") {
		t.Errorf("%v", err)
	}
	p.Per = 1 << 30
	p.Connections = 1 << 30
	if _, err := runMillion(t.Context(), newTestBench(t), p, io.Discard); err == nil || !strings.Contains(err.Error(), "ulimit -Hn") {
		t.Errorf("%v", err)
	}
	r := million.Report{Connections: 10, Paced: million.Talk{Sent: 3, Received: 2}}
	err := r.Failure()
	for _, want := range []string{"1 of 3 answers are missing", "reached 0 of 10", "0 of 10 were closed with 1001", "called 0 times for 10"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}
