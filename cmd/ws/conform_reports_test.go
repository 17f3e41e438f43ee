package main

import (
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn"
)

// concluded is a run with a failure that is new, one that is known and one that is mended.
func concluded(t *testing.T) *conclusion {
	t.Helper()
	a := agentWith(t, "my.server", "1.1.1 FAILED", "1.1.2 OK / UNCLEAN", "1.1.3 OK", "1.1.4 NON-STRICT", "6.2.1 OK")
	a.Results[0].Result = "a | b <b>& `x`\n::error::no\x1b[31m"
	a.Results[0].Wirelog = []autobahn.Entry{
		{Kind: "TF", Opcode: 1, FIN: true, Masked: true, Length: 2, Data: []byte("hi")},
		{Kind: "RF", Opcode: 2, RSV: 4, Length: 40, Data: []byte(strings.Repeat("\x00", 40))},
		{Kind: "KLE"},
		{Kind: "RF", Opcode: 8, FIN: true, Length: 5, Data: []byte("\x03\xe8bye")},
		{Kind: "RF", Opcode: 11},
	}
	a.Results[0].Times = []int64{1000, 2000, 3000, 4000}
	a.Stopped = "gone"
	known := baselineOf(t, "server my.server 1.1.2 OK / UNCLEAN", "server my.server 1.1.3 FAILED # mended")
	known.file = "known.txt"
	f := &conformFlags{known: known, args: []string{"-server", "my.server=ws://h/", "-H", "Cookie: secret", "--H=A: secret", "--baseline=known.txt"}}
	s := side{role: autobahn.Server, agents: []autobahn.Agent{a}, cases: make([]*autobahn.Case, 9)}
	return f.conclusion([]side{s})
}

func TestJUnit(t *testing.T) {
	text, err := concluded(t).junit()
	if err != nil {
		t.Fatal(err)
	}
	has(t, string(text), xml.Header,
		`<testsuite name="my.server as a server" tests="6" failures="2" errors="1" skipped="1"`,
		`<testcase classname="server.my_server.1 Framing" name="1.1.1" time="0.000">`,
		`<failure message="FAILED: a | b &lt;b&gt;&amp; `, `type="FAILED">case      1.1.1: Something is sent.`,
		`   0.001 s  suite  text FIN masked 2 bytes &#34;hi&#34;`, `   0.002 s  peer   binary RSV=4 40 bytes`,
		`suite  gives up waiting`, `peer   close FIN 5 bytes 1000 &#34;bye&#34;`, `peer   opcode 11 0 bytes`,
		`<skipped message="known failure: OK / UNCLEAN: It ended badly."></skipped>`,
		`<failure message="1.1.3 is OK now; known.txt:2 still has it as FAILED" type="MENDED">`,
		`<system-out>NON-STRICT: It is not so</system-out>`,
		`name="all cases were played" time="0.000">`, `<error message="gone" type="stopped">`,
		`classname="server.my_server.6 UTF-8" name="6.2.1"`,
	)
	if strings.Contains(string(text), "\x1b") {
		t.Error("an escape of the peer's is there")
	}
}

// Who has new failures and mended ones is warned that the new file would have both.
func TestStaleAndNew(t *testing.T) {
	o := concluded(t)
	err := o.judgement(&progress{quiet: true})
	if err == nil {
		t.Fatal("it passes")
	}
	has(t, err.Error(), "1 new failure; and known failures are mended, ", "to write the file anew, with the 1 new failure in it: ws conform")
}

// A server without a name is not called by the name that it gives itself, which changes.
func TestJUnitUnnamed(t *testing.T) {
	o := concluded(t)
	o.flags.servers = []target{{url: "ws://h/"}}
	text, err := o.junit()
	if err != nil {
		t.Fatal(err)
	}
	has(t, string(text), `classname="server.1 Framing"`)
}

func TestMarkdown(t *testing.T) {
	o := concluded(t)
	o.problems = []error{errors.New("gone at *6.2.2*")}
	has(t, o.markdown(), "**Not finished:** gone at \\*6.2.2\\*\n",
		"**The baseline is out of date.**\n\n```text\nknown.txt:2: server my.server 1.1.3 (FAILED) does better now\nto write the file anew, with the 1 new failure in it: ws conform -server",
		"'Cookie: …'", "'--H=A: …'", "-write-baseline=known.txt",
		"### my.server as a server: 5 of 9 cases, 1 new failure, 1 known, 1 mended\n",
		"| | chapter | OK | NON-STRICT | UNCLEAN | FAILED |\n|--:|:--|--:|--:|--:|--:|\n| 1 | Framing | 1 | 1 | 1 | 1 |\n",
		"<details><summary>1.1.1 <b>FAILED</b> a | b &lt;b&gt;&amp; `x`\\n::error::no\\x1b[31m.",
		"Known failures: 1.1.2\n")
	if strings.Contains(o.markdown(), "secret") {
		t.Errorf("a value of -H is there: %s", o.markdown())
	}
}

// Of hundreds of failures only some are told in full.
func TestMarkdownMany(t *testing.T) {
	var results []string
	for _, c := range autobahn.Cases(autobahn.Server)[:200] {
		results = append(results, c.ID+" FAILED")
	}
	o := new(conformFlags).conclusion([]side{{role: autobahn.Server, agents: []autobahn.Agent{agentWith(t, "x", results...)}}})
	text := o.markdown()
	has(t, text, "200 failures\n", "And 150 more: ")
	if n := strings.Count(text, "<details>"); n != maxDetails {
		t.Errorf("%d are told in full", n)
	}
}

// The file of the step is added to, any other is replaced.
func TestMarkdownFile(t *testing.T) {
	o := concluded(t)
	file := filepath.Join(t.TempDir(), "summary.md")
	write := func(times int) {
		t.Helper()
		if err := o.writeMarkdown(file); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "## WebSocket conformance\n"); n != times {
			t.Errorf("the file has %d summaries, want %d", n, times)
		}
	}
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	write(1)
	write(1)
	t.Setenv("GITHUB_STEP_SUMMARY", file)
	write(2)
	write(3)
}

func TestAnnotations(t *testing.T) {
	var out strings.Builder
	o := concluded(t)
	o.problems = []error{errors.New("100% gone\nreally")}
	o.annotate(&out)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%q", lines)
	}
	for i, want := range []string{
		"::error title=ws conform%3A not finished::100%25 gone%0Areally",
		"::error file=known.txt,line=2,title=ws conform%3A mended%2C but still in known.txt::known.txt:2: server my.server 1.1.3 (FAILED) does better now%0A",
		"::error title=my.server as a server%3A 1.1.1 FAILED::a | b <b>& `x`\\n::error::no\\x1b[31m.%0Aexpected: It comes back.",
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("%q, want %q", lines[i], want)
		}
	}
}

// GitHub shows ten. The last one names the others, and the worst come first.
func TestAnnotationsMany(t *testing.T) {
	var results []string
	for _, c := range autobahn.Cases(autobahn.Server)[:14] {
		results = append(results, c.ID+" UNIMPLEMENTED")
	}
	results = append(results, "9.1.1 FAILED")
	var out strings.Builder
	new(conformFlags).conclusion([]side{{role: autobahn.Server, agents: []autobahn.Agent{agentWith(t, "x", results...)}}}).annotate(&out)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != maxAnnotations || !strings.Contains(lines[0], "9.1.1 FAILED") {
		t.Errorf("%d lines, the first is %q", len(lines), lines[0])
	}
	if last, want := lines[len(lines)-1], "::error title=ws conform%3A 6 more::1.2.1, 1.2.2, 1.2.3, 1.2.4, 1.2.5, 1.2.6"; last != want {
		t.Errorf("%q, want %q", last, want)
	}
}

// The command is for the maintainer's machine, which has no summary of the job.
func TestRewriteWithoutSummary(t *testing.T) {
	t.Setenv("GITHUB_STEP_SUMMARY", "/job/summary")
	for _, args := range [][]string{
		{"-markdown", "/job/summary", "-baseline", "b", "-o", "/job/summary"},
		{"--markdown=/job/summary", "-baseline", "b", "-o", "/job/summary"},
	} {
		f := &conformFlags{args: args}
		if got, want := f.rewrite(), "ws conform -write-baseline b -o /job/summary"; got != want {
			t.Errorf("%q: %s, want %s", args, got, want)
		}
	}
	f := &conformFlags{args: []string{"-markdown", "mine.md", "-baseline=b"}}
	if got, want := f.rewrite(), "ws conform -markdown mine.md -write-baseline=b"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestShellWord(t *testing.T) {
	for s, want := range map[string]string{"": "''", "a=ws://h:1/": "a=ws://h:1/", "1.*": "'1.*'", "it's": `'it'\''s'`} {
		if got := shellWord(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

// What a peer says is no workflow command, on standard error either: GitHub reads both.
func TestInert(t *testing.T) {
	const said = "::error::a\n \u3000::warning::b\nc ::error::d\ncame ##[error]e"
	t.Setenv("GITHUB_ACTIONS", "false")
	if got := inert(said); got != said {
		t.Errorf("elsewhere: %q", got)
	}
	t.Setenv("GITHUB_ACTIONS", "true")
	if got, want := inert(said), "\\::error::a\n\\ \u3000::warning::b\nc ::error::d\ncame ##\\[error]e"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What could not be written at the end is found out at the beginning.
func TestOutputsWritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*conformFlags{{out: file}, {junitFile: filepath.Join(file, "x.xml")}, {markdownFile: t.TempDir()}} {
		if err := f.checkOutputs(); err == nil {
			t.Errorf("%+v can be written", f)
		}
	}
	if err := checkWritable(filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a directory that is not there is writable")
	}
	dir := t.TempDir()
	f := &conformFlags{out: dir, junitFile: filepath.Join(dir, "new", "x.xml"), markdownFile: "/dev/stdout"}
	if err := f.checkOutputs(); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
