package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

func TestSpans(t *testing.T) {
	if got, want := spans(5, 2), []span{{1, 2}, {3, 4}, {5, 5}}; !reflect.DeepEqual(got, want) {
		t.Errorf("spans: %v, want %v", got, want)
	}
	cases, err := autobahn.Select(autobahn.Client, "5.*", "")
	if err != nil {
		t.Fatal(err)
	}
	var results []*autobahn.Result
	for i, c := range cases {
		r := &autobahn.Result{ID: c.ID, Behavior: autobahn.OK, BehaviorClose: autobahn.OK}
		switch i {
		case 2, 3:
			r.Behavior = autobahn.Failed
		case 5:
			r.Behavior = autobahn.Unimplemented
		case 7:
			continue // was not played
		case 9:
			r.BehaviorClose = autobahn.Unclean
			r.Result = "Other cases ran at the same time, and it was not played again alone: why."
		}
		results = append(results, r)
	}
	if got, want := failed(cases, results), []span{{3, 4}, {8, 8}, {10, 10}}; !reflect.DeepEqual(got, want) {
		t.Errorf("failed: %v, want %v", got, want)
	}
	if got, want := singly(cases, results), []span{{8, 8}, {10, 10}}; !reflect.DeepEqual(got, want) {
		t.Errorf("singly: %v, want %v", got, want)
	}
}

// makePeer makes a peer whose server is the shell script.
func makePeer(t *testing.T, script string) *peer {
	t.Helper()
	p := &peer{Key: "fake", dir: t.TempDir(), cache: t.TempDir()}
	if err := os.WriteFile(filepath.Join(p.dir, "server"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestServerThatEnds(t *testing.T) {
	p := makePeer(t, "echo so it is >&2; exit 3")
	cases, err := autobahn.Select(autobahn.Server, "5.3", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.judge(t.Context(), autobahn.Server, cases)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "so it is") {
		t.Errorf("the error is %v", err)
	}
}

// A process ends with the children that it leaves behind.
func TestStop(t *testing.T) {
	p := makePeer(t, `trap "" TERM; (trap "" TERM; while :; do sleep 0.1; done) & echo $! > "$MATRIX_CACHE/child"; wait`)
	run, err := p.start(t.Context(), "server", "server")
	if err != nil {
		t.Fatal(err)
	}
	var child int
	for child == 0 {
		in, _ := os.ReadFile(filepath.Join(p.cache, "child"))
		child, _ = strconv.Atoi(strings.TrimSpace(string(in)))
		time.Sleep(time.Millisecond)
	}
	run.stop()
	for syscall.Kill(child, 0) == nil && alive(t, child) {
		time.Sleep(time.Millisecond)
	}
}

// alive reports whether a process runs; one that nobody has waited for does not.
func alive(t *testing.T, pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

func TestFindPeersFaults(t *testing.T) {
	dir := t.TempDir()
	if _, err := findPeers(dir, ""); err == nil {
		t.Error("no peers is no error")
	}
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ manifest, want string }{
		{`{`, "unexpected end"},
		{`{"name": "A", "language": "B"}`, "it needs a name, a language"},
		{`{"name": "A", "language": "B", "project": "https://example.org/"}`, "there is no program server"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "a", "manifest.json"), []byte(test.manifest), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := findPeers(dir, ""); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.manifest, err, test.want)
		}
	}
}
