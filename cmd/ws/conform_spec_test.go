package main

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/autobahn"
)

// specFile writes a specification into a folder, and returns both.
func specFile(t *testing.T, text string) (file, dir string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "fuzzing.json")
	text = strings.NewReplacer("DIR", filepath.ToSlash(dir), "'", `"`).Replace(text)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, dir
}

// The index.json of a specification's outdir, as readers of the original's reports expect it.
type specIndex map[string]map[string]struct {
	Behavior string `json:"behavior"`
}

func (i specIndex) cases(agent string) string {
	return strings.Join(slices.Sorted(maps.Keys(i[agent])), " ")
}

func TestConformSpecServers(t *testing.T) {
	t.Parallel()
	url, _ := start(t)
	file, dir := specFile(t, `{
		'options': {'failByDrop': false, 'openHandshakeTimeout': 3}, 'outdir': 'DIR/out', 'webport': 8080,
		'servers': [
			{'agent': 'All/1.0', 'url': '`+url+`', 'options': {'version': 18}},
			{'agent': 'Some/1.0', 'url': '`+url+`', 'options': {'version': 7}}
		],
		'cases': ['1.1.*', '3.*', '8.*', '7.*.1'],
		'exclude-cases': ['1.1.2', '1.2.*', '1.1.99', '3.?'],
		'exclude-agent-cases': {'Some*': ['1.*', '3.1'], 'None': ['*']}
	}`)
	e := ws(t, "", "conform", "-spec", file)
	if e.code != exitFine {
		t.Errorf("exit code %d, %s", e.code, e.stderr)
	}
	has(t, e.stderr, "not used: case 1.1.99, case 3.?, case 8.*, options.openHandshakeTimeout, options.version, webport\n")
	index := readJSON[specIndex](t, filepath.Join(dir, "out", "index.json"))
	if got := index.cases("All/1.0"); got != "1.1.1 1.1.3 1.1.4 1.1.5 1.1.6 1.1.7 1.1.8 3.1 3.2 3.3 3.4 3.5 3.6 3.7 7.1.1 7.13.1 7.3.1 7.5.1 7.7.1 7.7.10 7.7.11 7.7.12 7.7.13 7.9.1" {
		t.Errorf("All: %s", got)
	}
	if got := index.cases("Some/1.0"); got != "3.2 3.3 3.4 3.5 3.6 3.7 7.1.1 7.13.1 7.3.1 7.5.1 7.7.1 7.7.10 7.7.11 7.7.12 7.7.13 7.9.1" {
		t.Errorf("Some: %s", got)
	}
	for _, name := range []string{"index.html", "all_1_0_case_1_1_1.json"} {
		if _, err := os.Stat(filepath.Join(dir, "out", name)); err != nil {
			t.Error(err)
		}
	}

	// What the command line says counts more.
	other := filepath.Join(dir, "other")
	e = ws(t, "", "conform", "-spec", file, "-server", "mine="+url, "-cases", "1.1.1", "-exclude", "1.1.2", "-o", other)
	if e.code != exitFine || reported(t, other, "servers", "mine") != 1 {
		t.Errorf("exit code %d, %s", e.code, e.stderr)
	}
}

func TestConformSpecClients(t *testing.T) {
	t.Parallel()
	file, dir := specFile(t, `{'url': 'ws://127.0.0.1:0', 'outdir': 'DIR/out', 'cases': ['1.1.*'], 'exclude-agent-cases': {'spared': ['1.1.1']}}`)
	r := begun(t, "conform", "-spec", file)
	line, err := r.log.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	r.url, _, _ = strings.Cut(strings.TrimPrefix(line, "listening on "), " ")
	for _, name := range []string{"one", "spared"} {
		if err := (&autobahn.Testee{URL: r.url, Agent: name}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if e := r.interrupt(t); e.code != exitFine {
		t.Errorf("exit code %d, %s", e.code, e.stderr)
	}
	index := readJSON[specIndex](t, filepath.Join(dir, "out", "index.json"))
	if len(index["one"]) != 8 || index.cases("spared") != "1.1.2 1.1.3 1.1.4 1.1.5 1.1.6 1.1.7 1.1.8" {
		t.Errorf("one: %s\nspared: %s", index.cases("one"), index.cases("spared"))
	}
}

// A server is asked with what the file says of it.
func TestConformSpecRequest(t *testing.T) {
	t.Parallel()
	var origin, offered, other atomic.Int32
	echo := autobahn.EchoHandler(&websocket.AcceptOptions{Subprotocols: []string{"soap"}})
	url := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") == "http://"+r.Host {
			origin.Add(1)
		}
		if r.Header.Get("Sec-WebSocket-Protocol") == "soap, wamp" {
			offered.Add(1)
		}
		other.Add(1)
		echo.ServeHTTP(w, r)
	}))
	host := strings.TrimPrefix(url, "ws://")
	file, _ := specFile(t, `{'servers': [{'url': '`+url+`', 'origin': 'http://`+host+`', 'protocols': ['soap', 'wamp']}], 'cases': ['1.1.*'], 'outdir': 'DIR'}`)
	if e := ws(t, "", "conform", "-spec", file); e.code != exitFine || origin.Load() != other.Load() || offered.Load() != other.Load() {
		t.Errorf("exit code %d, %d requests, %d with the origin, %d with the subprotocols\n%s", e.code, other.Load(), origin.Load(), offered.Load(), e.stderr)
	}
}

// The original's star is its own 517 cases, chapter 20 is asked for by number.
func TestConformSpecStar(t *testing.T) {
	t.Parallel()
	for cases, want := range map[string]string{"'*'": "", "'*', '20.5.*'": "20.5.1"} {
		file, _ := specFile(t, `{'url': 'ws://127.0.0.1:0', 'cases': [`+cases+`]}`)
		e := ws(t, "", "conform", "-spec", file, "-list")
		own := strings.Contains(e.stdout, "\n  20.")
		if n := strings.Contains(cases, "20."); e.code != exitFine || own != n || n && !strings.Contains(e.stdout, want) {
			t.Errorf("%s: exit code %d, %s, chapter 20 is there: %v", cases, e.code, e.stderr, own)
		}
	}
}

func TestConformSpecUsage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{`:                    "is not a specification of Autobahn|Testsuite",
		`{'servers': 3}`:       "is not a specification of Autobahn|Testsuite",
		`{'cases': ['*']}`:     "has neither servers to judge nor a url for clients",
		`{'url': 'ws://a:1'}`:  "selects no cases",
		`{'url': 'localhost'}`: "is not like ws://127.0.0.1:9001",
		`{'url': 'wss://a:1'}`: "needs cert and key",
		`{'servers': [{'url': 'localhost:9000'}], 'cases': ['*'], 'outdir': 'DIR'}`: "is it ws://localhost:9000?",
	} {
		file, _ := specFile(t, text)
		ws(t, "", "conform", "-spec", file).want(t, "", want, exitUsage)
	}
	file, _ := specFile(t, `{'url': 'ws://127.0.0.1:0', 'cases': ['1.*']}`)
	ws(t, "", "conform", "-spec", file, "-testee", "ws://127.0.0.1:1").want(t, "", "-spec makes no sense with -testee", exitUsage)
	ws(t, "", "conform", "-spec", file, "-quick", "-cases", "1.*").want(t, "", "exclude each other", exitUsage)
	ws(t, "", "conform", "-spec", filepath.Join(t.TempDir(), "none")).want(t, "", "no such file", exitUsage)
}

// A client that has played what it is not spared has left nothing out.
func TestDue(t *testing.T) {
	cases, err := autobahn.Select(autobahn.Client, "1.1.*", "")
	if err != nil {
		t.Fatal(err)
	}
	c := &clientJudge{flags: &conformFlags{}, side: &side{cases: cases}}
	if n := c.due("mine"); n != 8 {
		t.Errorf("%d cases are due", n)
	}
	c.flags.skip = (&spec{ExcludeAgentCases: map[string][]string{"m*": {"1.1.1", "1.1.2"}}}).skip
	if mine, other := c.due("mine"), c.due("other"); mine != 6 || other != 8 {
		t.Errorf("%d and %d cases are due", mine, other)
	}
}
