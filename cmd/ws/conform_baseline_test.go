package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/websocket/autobahn"
)

// A line says what it said after it was read and written.
func TestKnownFailure(t *testing.T) {
	for _, line := range []string{
		"server  *  7.1.6    OK / UNCLEAN",
		"client  libwebsockets/4.3  9.2.6    FAILED",
		`server  "my \"server\" # 2"  20.15.6  UNIMPLEMENTED / WRONG CODE  # since 1.2`,
		"server  mine  10.1.1   FAILED | OK",
		`server  "a\\"  1.1.1    FAILED  # its name ends with a backslash`,
		`client  "*"  1.1.1    UNIMPLEMENTED | OK / FAILED BY CLIENT | FAILED`,
	} {
		k, err := parseKnown(line)
		if err != nil || k.String() != line {
			t.Errorf("%q: %v, %v", line, k, err)
		}
	}
	for line, want := range map[string]string{
		"\tserver * 7.1.6 ok/unclean#1": `"UNCLEAN#1" is no verdict`,
		"servers * 1.1.1 FAILED":        `want server or client, not "servers"`,
		"server * 1.1.1":                "want a role, an agent, a case and its verdict",
		"server":                        "want a role",
		"server * 1.1.1 WRONG":          `"WRONG" is no verdict`,
		`server "" 1.1.1 FAILED`:        "the agent has no name",
		"server * 1.1.1 OK":             "OK is not a failure",
		"server * 1.1.1 NON-STRICT":     "is not a failure",
		"server * 1.1.1 FAILED | ":      `"" is no verdict`,
	} {
		if _, err := parseKnown(line); err == nil || !strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(want)) {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
	if k, err := parseKnown("server * 1.1.1 FAILED / UNCLEAN"); err != nil || k.verdictsText() != "FAILED" {
		t.Errorf("how it ended counts beside FAILED: %v, %v", k, err)
	}
	for _, line := range []string{"", "   ", "# server * 1.1.1 FAILED", "  # x"} {
		if k, err := parseKnown(line); k != nil || err != nil {
			t.Errorf("%q: %v, %v", line, k, err)
		}
	}
}

// baselineOf writes a file with these lines and reads it.
func baselineOf(t *testing.T, lines ...string) *baseline {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known.txt")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := readBaseline(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// agentWith is an agent with results such as "1.1.1 FAILED / UNCLEAN".
func agentWith(t *testing.T, name string, results ...string) autobahn.Agent {
	t.Helper()
	a := autobahn.Agent{Name: name}
	for _, result := range results {
		id, text := cutWord(result)
		first, second, two := strings.Cut(text, "/")
		if !two {
			second = "OK"
		}
		r := played(autobahn.Verdict(strings.TrimSpace(first)), autobahn.Verdict(strings.TrimSpace(second)), id)[0]
		r.Agent = name
		a.Results = append(a.Results, r)
	}
	return a
}

// What is new, known and mended.
func TestCompare(t *testing.T) {
	b := baselineOf(t,
		"server  one  1.1.1  FAILED",
		"server  one  1.1.2  OK / UNCLEAN",
		"server  one  1.1.3  UNIMPLEMENTED / UNCLEAN",
		"server  one  1.1.4  UNIMPLEMENTED",
		"server  one  1.1.5  FAILED | OK",
		"server  one  1.1.6  FAILED | OK",
		"server  one  1.1.7  FAILED # not played",
		"server  two  1.1.1  FAILED # not judged",
		"client  one  1.1.1  FAILED # not judged",
		"server  *    1.2.1  FAILED",
		"server  *    1.2.2  FAILED",
		"server  *    99.1   FAILED # gone",
		"client  *    99.1   FAILED # not judged",
	)
	sides := []side{{role: autobahn.Server, agents: []autobahn.Agent{
		agentWith(t, "one", "1.1.1 FAILED", "1.1.2 NON-STRICT / UNCLEAN", "1.1.3 OK / UNCLEAN", "1.1.4 FAILED",
			"1.1.5 OK", "1.1.6 FAILED / UNCLEAN", "1.1.8 FAILED", "1.2.1 OK", "1.2.2 OK", "1.2.3 NON-STRICT", "1.2.4 INFORMATIONAL"),
		agentWith(t, "three", "1.1.1 OK / WRONG CODE", "1.2.1 FAILED", "1.2.2 NON-STRICT"),
	}}}
	var stale []string
	for _, k := range compare(sides, b) {
		stale = append(stale, k.id)
	}
	one, three := sides[0].standings[0], sides[0].standings[1]
	for _, row := range []struct {
		what      string
		got, want []string
	}{
		{"new", ids(one.fresh), []string{"1.1.4", "1.1.8"}},
		{"known", ids(one.known), []string{"1.1.1", "1.1.2", "1.1.6"}},
		{"better", ids(one.better), []string{"1.1.3", "1.2.2"}},
		{"new of three", ids(three.fresh), []string{"1.1.1"}},
		{"known of three", ids(three.known), []string{"1.2.1"}},
		{"better of three", ids(three.better), []string{"1.2.2"}},
		{"stale", stale, []string{"1.1.3", "1.2.2", "99.1"}},
	} {
		if diff := cmp.Diff(row.want, row.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.what, diff)
		}
	}
}

// A file that is brought up to date keeps what was not judged, its comments and its order; and a
// run with it has nothing to say.
func TestBaselineUpdate(t *testing.T) {
	b := baselineOf(t,
		"# of ours",
		"server one 1.1.1 failed # as we wrote it",
		"server one 1.1.3 UNIMPLEMENTED / UNCLEAN # see #12",
		"server one 1.1.5 FAILED | OK",
		"server one 1.1.7 FAILED",
		"",
		"server * 1.2.1 FAILED",
		"server * 1.2.2 FAILED # old",
		"server * 1.2.3 FAILED",
		"server * 99.1 FAILED",
		"client * 1.1.1 FAILED",
	)
	run := func() []side {
		return []side{{role: autobahn.Server, agents: []autobahn.Agent{
			agentWith(t, "one", "1.1.1 FAILED", "1.1.2 UNIMPLEMENTED", "1.1.3 OK / UNCLEAN", "1.1.5 OK / WRONG CODE", "1.2.1 OK", "1.2.2 OK", "1.2.3 OK / UNCLEAN"),
			agentWith(t, "two 2", "1.1.1 FAILED", "1.2.1 OK / UNCLEAN", "1.2.2 OK", "1.2.3 FAILED"),
		}}}
	}
	sides := run()
	c := b.update(sides, compare(sides, b), func(st *standing) string { return st.agent.Name })
	want := `# of ours
server one 1.1.1 failed # as we wrote it
server  one  1.1.2    UNIMPLEMENTED
server  one  1.1.3    OK / UNCLEAN  # see #12
server  one  1.1.5    FAILED | OK | OK / WRONG CODE
server one 1.1.7 FAILED
server  one  1.2.3    OK / UNCLEAN

server  *  1.2.1    OK / UNCLEAN
server * 1.2.3 FAILED
client * 1.1.1 FAILED
server  "two 2"  1.1.1    FAILED
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(b.encode()), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c != (change{added: 3, changed: 3, removed: 2}) {
		t.Errorf("%+v", c)
	}
	if err := replaceFile(b.file, b.encode()); err != nil {
		t.Fatal(err)
	}
	again, err := readBaseline(b.file)
	if err != nil {
		t.Fatal(err)
	}
	sides = run()
	if stale := compare(sides, again); len(stale) > 0 {
		t.Errorf("stale: %v", stale)
	}
	for _, st := range standings(sides) {
		if len(st.fresh) > 0 || len(st.better) > 0 {
			t.Errorf("%s: %v, %v", st.agent.Name, ids(st.fresh), ids(st.better))
		}
	}
}

// Lines of an agent are in the order of the cases, wherever they are added.
func TestBaselineInsert(t *testing.T) {
	b := newBaseline("x")
	for _, id := range []string{"5.1", "10.1.1", "1.1.1", "9.1.1", "5.1"} {
		b.insert(&knownFailure{role: autobahn.Server, agent: "one", id: id, allowed: []verdicts{{autobahn.Failed, autobahn.OK}}})
	}
	var order []string
	for _, k := range b.all() {
		order = append(order, k.id)
	}
	if diff := cmp.Diff([]string{"1.1.1", "5.1", "9.1.1", "10.1.1"}, order); diff != "" {
		t.Error(diff)
	}
	if text := string(b.encode()); !strings.HasPrefix(text, baselineHead) {
		t.Errorf("the head is gone: %q", text)
	}
}

// Who is called otherwise than before is told why its known failures are new.
func TestBaselineOfAnother(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "known.txt")
	text := "server mine 1.1.1 FAILED\nserver mine 1.1.2 FAILED\nserver * 1.1.3 FAILED | OK\nclient other 1.1.1 FAILED\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := readBaseline(file)
	if err != nil {
		t.Fatal(err)
	}
	known.file = "known.txt"
	o := (&conformFlags{known: known}).conclusion([]side{{role: autobahn.Server, agents: []autobahn.Agent{agentWith(t, "mine-2", "1.1.1 FAILED")}}})
	var out strings.Builder
	(&screen{out: &out, width: 100}).show(o)
	has(t, out.String(), "\nknown.txt has 2 lines of mine as a server, which was not judged\n")
	if strings.Contains(out.String(), "other") {
		t.Errorf("no client was judged: %s", out.String())
	}
}

// A file with mistakes names all of them.
func TestBaselineWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "known.txt")
	text := "server one 1.1.1 FAILED\r\nserver one 1.1.1 UNCLEAN\nserver one\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e := ws(t, "", "conform", "-cases", "1.1.1", "-baseline", file)
	e.want(t, "", file+":2: line 1 has the same case", exitUsage)
	has(t, e.stderr, file+":3: want a role")
	ws(t, "", "conform", "-cases", "1.1.1", "-baseline", file+"x").want(t, "", "there is no "+file+"x; -write-baseline writes it", exitUsage)
}

// The file is replaced, and what leads to it stays.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(file)
	text, _ := os.ReadFile(link)
	left, _ := os.ReadDir(dir)
	if err != nil || info.Mode() != 0o640 || string(text) != "new" || len(left) != 2 {
		t.Errorf("%v, %v, %q, %v", info, err, text, left)
	}
	if err := replaceFile(os.DevNull, []byte("new")); err != nil {
		t.Error(err)
	}
	if err := replaceFile(filepath.Join(dir, "none", "file"), nil); err == nil {
		t.Error("written into a directory that is not there")
	}
}

// An agent may be called *, which is not every agent.
func TestAgentCalledStar(t *testing.T) {
	b := baselineOf(t, `client  "*"  1.1.1  FAILED`)
	sides := []side{{role: autobahn.Client, agents: []autobahn.Agent{
		agentWith(t, "*", "1.1.1 FAILED"), agentWith(t, "other", "1.1.1 FAILED"),
	}}}
	if stale := compare(sides, b); len(stale) > 0 || len(sides[0].standings[0].fresh) > 0 || len(sides[0].standings[1].fresh) != 1 {
		t.Errorf("%v, %+v", stale, sides[0].standings)
	}
}

// What Windows does to a file stays, except for the mark at its beginning.
func TestBaselineOfWindows(t *testing.T) {
	b := baselineOf(t, "\ufeff# known\r", "server  *  1.1.1  FAILED\r")
	sides := []side{{role: autobahn.Server, agents: []autobahn.Agent{agentWith(t, "a", "1.1.1 FAILED", "1.1.2 FAILED")}}}
	stale := compare(sides, b)
	b.fit(sides, stale, func(*standing) string { return anyAgent })
	if got, want := string(b.encode()), "# known\r\nserver  *  1.1.1  FAILED\r\nserver  *  1.1.2    FAILED\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The line of an agent goes, and the line for any agent that stood behind it does not hold either.
func TestFitUncovers(t *testing.T) {
	b := baselineOf(t, "server  *  1.1.1  FAILED", "server  a  1.1.1  FAILED")
	sides := []side{{role: autobahn.Server, agents: []autobahn.Agent{agentWith(t, "a", "1.1.1 OK")}}}
	c := b.fit(sides, compare(sides, b), func(st *standing) string { return st.agent.Name })
	if stale := compare(sides, b); len(stale) > 0 || c.removed != 2 {
		t.Errorf("%+v, still %v", c, stale)
	}
}
