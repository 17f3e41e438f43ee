package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn"
)

const exampleFindings = `# ignored

## Fault: answers after its Close frame
- role: both
- cases: 5.3, 20.7.*
- sometimes: 5.4
- show: 5.3

We sent a ` + "`Ping`" + `.
It came back.

RFC 6455.

## Choice: text is not checked
- role: client
- cases: 6.3.1
- documented: https://example.org/

So it says.
`

func TestParseFindings(t *testing.T) {
	got, err := parseFindings(exampleFindings)
	if err != nil {
		t.Fatal(err)
	}
	want := []*finding{
		{
			Kind: "Fault", Title: "answers after its Close frame", Roles: []autobahn.Role{autobahn.Server, autobahn.Client},
			Cases: []string{"5.3", "20.7.*"}, Sometimes: []string{"5.4"}, Show: "5.3",
			Text: []string{"We sent a `Ping`. It came back.", "RFC 6455."}, line: 3,
		},
		{
			Kind: "Choice", Title: "text is not checked", Roles: []autobahn.Role{autobahn.Client},
			Cases: []string{"6.3.1"}, Documented: "https://example.org/", Text: []string{"So it says."}, line: 14,
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %+v\nwant %+v %+v", got[0], got[1], want[0], want[1])
	}
}

func TestParseFindingsFaults(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"text\n", "1: text before the first heading"},
		{"## Bug: x\n", `1: a heading is`},
		{"## Fault: x\n- cases: 5.3\n\ntext\n", "1: the finding has no role"},
		{"## Fault: x\n- role: server\n\ntext\n", "1: the finding has no cases"},
		{"## Fault: x\n- role: server\n- cases: 5.3\n", "1: the finding has no text"},
		{"## Fault: x\n- role: proxy\n", `2: the role is server, client or both, not "proxy"`},
		{"## Fault: x\n- rule: server\n", `2: a finding has no "rule"`},
		{"## Choice: x\n- role: server\n- cases: 5.3\n\ntext\n", "1: a choice says where it is documented"},
		{"## Fault: x\n- role: server\n- cases: 5.3\n- sometimes: *\n\ntext\n", "1: a finding of whatever fails explains nothing"},
		{"## Fault: x\n- role: server\n- cases: 55.3\n\ntext\n", `no case matches "55.3"`},
	} {
		_, err := parseFindings(test.in)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %s", test.in, err, test.want)
		}
	}
}

func TestSharedFindings(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a":        "## Fault: x\n- role: server\n- cases: 5.3\n- peers: b\n\ntext\n",
		sharedFile: "## Fault: x\n- role: server\n- cases: 5.3\n\ntext\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".md"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := findings(dir, name); err == nil {
			t.Errorf("%s.md is accepted", name)
		}
	}
}

func TestNotebook(t *testing.T) {
	own := &finding{Title: "own", Roles: []autobahn.Role{autobahn.Server}, Cases: []string{"5.*"}, line: 1}
	all := &finding{Title: "all", Roles: []autobahn.Role{autobahn.Server}, Cases: []string{"*"}, Verdict: "NON-STRICT"}
	others := &finding{Title: "others", Roles: []autobahn.Role{autobahn.Server}, Cases: []string{"*"}, Verdict: "FAILED", Peers: []string{"b"}}
	unclean := &finding{Title: "unclean", Roles: []autobahn.Role{autobahn.Server}, Cases: []string{"7.*"}, Verdict: "OK, UNCLEAN", line: 2}
	notes := &notebook{peer: "a", own: []*finding{own, unclean}, shared: []*finding{all, others}}
	for _, test := range []struct {
		role    autobahn.Role
		id      string
		verdict string
		want    *finding
	}{
		{autobahn.Server, "5.3", "FAILED", own},
		{autobahn.Server, "5.3", "NON-STRICT", own},
		{autobahn.Server, "7.3", "OK, UNCLEAN", unclean},
		{autobahn.Server, "7.3", "FAILED", nil},
		{autobahn.Server, "6.3", "NON-STRICT", all},
		{autobahn.Server, "6.3", "NON-STRICT, WRONG CODE", nil},
		{autobahn.Server, "6.3", "FAILED", nil},
		{autobahn.Client, "5.3", "FAILED", nil},
	} {
		if got := notes.explains(test.role, test.id, test.verdict); got != test.want {
			t.Errorf("%v %s %s: %v, want %v", test.role, test.id, test.verdict, got, test.want)
		}
	}
	got := verdicts{"5.3": "FAILED", "6.3": "FAILED", "7.3": "OK", "7.4": "OK, UNCLEAN", "7.5": "FAILED", "8.1": "INFORMATIONAL", "8.2": "UNIMPLEMENTED"}
	want := "## Fault: FAILED\n- role: server\n- cases: 6.3, 7.5\n\n"
	if lack := uncovered(autobahn.Server, []string{"5.3", "6.3", "7.3", "7.4", "7.5", "8.1", "8.2", "9.1"}, got, notes); lack != want {
		t.Errorf("uncovered: %q, want %q", lack, want)
	}
	of := map[autobahn.Role]verdicts{autobahn.Server: {"5.3": "OK", "7.3": "OK, UNCLEAN"}}
	if lines := stale(notes.own, of); len(lines) != 1 || !strings.Contains(lines[0], "no case of 5.* fails as a server") {
		t.Errorf("stale: %q", lines)
	}
	if lines := stale(notes.own, map[autobahn.Role]verdicts{autobahn.Server: got}); len(lines) != 0 {
		t.Errorf("stale: %q", lines)
	}
}
