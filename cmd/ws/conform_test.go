package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn"
)

// someCases take a second, for a pause in two of them.
const someCases = "1.1.*,5.*,7.3.*"

// readJSON reads what the file at path holds.
func readJSON[T any](t *testing.T, path string) (v T) {
	t.Helper()
	p, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(p, &v)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// has complains about what is missing in s.
func has(t *testing.T, s string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(s, part) {
			t.Errorf("there is no %q in\n%s", part, s)
		}
	}
}

// reported are the cases of an agent in the report of a role.
func reported(t *testing.T, dir, role, agent string) int {
	t.Helper()
	type line struct{ Behavior, ReportFile string }
	cases := readJSON[map[string]map[string]line](t, filepath.Join(dir, role, "index.json"))[agent]
	for id, c := range cases {
		r := readJSON[struct{ ID, Agent, Behavior string }](t, filepath.Join(dir, role, c.ReportFile))
		if r.ID != id || r.Agent != agent || r.Behavior != c.Behavior {
			t.Errorf("case %s of %s: %+v", id, agent, r)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for id := range cases {
		has(t, string(page), id)
	}
	return len(cases)
}

// Without more, our own server and our own client are judged.
func TestConformOwn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "reports")
	e := ws(t, "", "conform", "-cases", someCases, "-exclude", "7.3.6", "-o", dir)
	if e.code != exitFine {
		t.Errorf("exit code %d", e.code)
	}
	has(t, e.stdout, "hawser as a server: 33 cases", "hawser as a client: 33 cases", "Fragmentation  20")
	has(t, e.stderr, "hawser as a server: 33 of 33 cases", "The report is "+filepath.Join(dir, "index.html"))
	if strings.Contains(e.stdout, "\x1b") || strings.Count(e.stderr, "\n")-strings.Count(e.stderr, " cases after ") != 5 {
		t.Errorf("this is not for a terminal:\n%q\n%q", e.stdout, e.stderr)
	}
	for _, role := range []string{"servers", "clients"} {
		if n := reported(t, dir, role, "hawser"); n != 33 {
			t.Errorf("%s: the report has %d cases", role, n)
		}
	}
}

// output is what -json prints.
type output map[string]map[string]struct {
	Counts  map[string]int
	Stopped string
	Seconds float64
	Cases   map[string]struct{ Behavior, BehaviorClose, Result string }

	New, Known, Mended []string
}

// parsed is the output of a run with -json.
func parsed(t *testing.T, e ended) (out output) {
	t.Helper()
	if err := json.Unmarshal([]byte(e.stdout), &out); err != nil {
		t.Fatalf("%v: %q", err, e.stdout)
	}
	return out
}

func TestConformJSON(t *testing.T) {
	t.Parallel()
	e := ws(t, "", "conform", "-json", "-cases", "1.1.*")
	out := parsed(t, e)
	for _, role := range []string{"servers", "clients"} {
		own := out[role]["hawser"]
		if own.Counts["OK"] != 8 || len(own.Cases) != 8 || own.Cases["1.1.2"].Behavior != "OK" || own.Stopped != "" || own.Seconds <= 0 {
			t.Errorf("%s: %+v", role, own)
		}
	}
	if e.stderr != "" || e.code != exitFine {
		t.Errorf("stderr %q, exit code %d", e.stderr, e.code)
	}
}

// A server that changes a letter is found out, and the case is told of.
func TestConformBadEcho(t *testing.T) {
	t.Parallel()
	e := ws(t, "", "conform", "-server", corrupting(t), "-agent", "corrupt", "-cases", "6.2.1,6.2.2,2.1")
	if e.code != exitFailed {
		t.Errorf("exit code %d", e.code)
	}
	has(t, e.stdout, "corrupt as a server: 3 cases", "FAILED", "  6.2.1    A text message", "expected  The message comes back", "Hallo")
}

// Several stand side by side; those that go by the same name are told apart.
func TestConformSeveral(t *testing.T) {
	t.Parallel()
	dir, bad, good := t.TempDir(), corrupting(t), serving(t, autobahn.EchoHandler(nil))
	e := ws(t, "", "conform", "-server", "good="+good, "-server", bad, "-server", bad, "-cases", "6.2.1,2.1", "-o", dir)
	if e.code != exitFailed {
		t.Errorf("exit code %d", e.code)
	}
	host := strings.TrimPrefix(bad, "ws://")
	second := host + " at " + host
	has(t, e.stdout, "3 servers, 2 cases", "good", host, second, "1/1", "0/1", second+": FAILED")
	for _, name := range []string{"good", host, second} {
		if n := reported(t, dir, "servers", name); n != 2 {
			t.Errorf("%s: the report has %d cases", name, n)
		}
	}
}

func TestConformTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(autobahn.EchoHandler(nil))
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	url := strings.Replace(s.URL, "https:", "wss:", 1)
	if e := ws(t, "", "conform", "-insecure", "-server", url, "-cases", "1.1.1"); e.code != exitFine {
		t.Errorf("-insecure: %+v", e)
	}
	e := ws(t, "", "conform", "-server", url, "-cases", "1.1.1")
	has(t, e.stderr, "ws conform: "+url+" cannot be judged", "certificate")
	if e.code != exitUsage {
		t.Errorf("exit code %d", e.code)
	}
}

// One message and not hundreds of failed cases.
func TestConformUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, nobody answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	silent := "ws://" + l.Addr().String() + "/"
	refused := "ws://" + closedPort(t) + "/"
	noWebSocket := serving(t, http.NotFoundHandler())
	for url, why := range map[string]string{silent: "in time", refused: "refused", noWebSocket: "404"} {
		e := ws(t, "", "conform", "-server", url, "-timeout", "300ms")
		e.want(t, "", "ws conform: "+url+" cannot be judged", exitUsage)
		has(t, e.stderr, why)
		if n := strings.Count(e.stderr, "\n"); n != 2 {
			t.Errorf("%d lines of errors: %q", n, e.stderr)
		}
	}
	// Those that are up are judged nevertheless.
	e := ws(t, "", "conform", "-json", "-server", refused, "-server", "up="+serving(t, autobahn.EchoHandler(nil)), "-cases", "1.1.1")
	e.want(t, e.stdout, "refused", exitUsage)
	if out := parsed(t, e)["servers"]; out["up"].Counts["OK"] != 1 || out[strings.TrimSuffix(refused[5:], "/")].Stopped == "" {
		t.Errorf("%+v", out)
	}
}

// What is known when a server crashes is kept.
func TestConformCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url := mortal(t, 24) // four of them ask whether there is a server, and whether it echoes
	e := ws(t, "", "conform", "-server", url, "-agent", "mortal", "-parallel", "1", "-cases", "1.*,2.*", "-o", dir)
	has(t, e.stdout, "mortal as a server: 20 of 27 cases")
	has(t, e.stderr, url+" is gone", "stopped at case 2.5 after 20 of 27 cases; the report of these is in "+dir)
	if n := reported(t, dir, "servers", "mortal"); n != 20 || e.code != exitUsage {
		t.Errorf("%d cases, exit code %d", n, e.code)
	}
}
