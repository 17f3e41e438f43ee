package autobahn

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	_ "github.com/hawser-ws/websocket/xconnect" // has net/http accept WebSockets over HTTP/2
)

var (
	full   = flag.Bool("full", false, "play all cases, not a quick selection")
	update = flag.Bool("update", false, "write what comes out to expected.json")
)

// baseline is expected.json: what our own server and client are expected to get,
// by what is judged and case. A verdict that is not OK or INFORMATIONAL carries its reason,
// after a colon. Where Behavior and BehaviorClose differ, both are there.
type baseline map[string]map[string]string

const baselineFile = "expected.json"

// judgings are what is judged, by its name in the baseline.
var judgings = []struct {
	name string
	own  Own
	// picks selects the cases; less is what is played of them unless -full is given.
	picks func(judged Role, patterns, exclude string) ([]*Case, error)
	less  string
}{
	{"server", Own{Role: Server}, Select, quick},
	{"server on a loop", Own{Role: Server, Loop: true}, Select, quick},
	{"client", Own{Role: Client}, Select, quick},
	{"server over HTTP/2", Own{Role: Server, HTTP2: true}, SelectHTTP2, overStreams},
	{"client over HTTP/2", Own{Role: Client, HTTP2: true}, SelectHTTP2, overStreams},
	{"server on net/http over HTTP/2", Own{Role: Server, HTTP2: true, NetHTTP: true}, SelectHTTP2, "1.*,2.*,5.*,7.*,20.5.*,20.8.*,21.*"},
}

// overStreams is what is played over HTTP/2: frames are those of HTTP/1.1, and the bytes beneath
// them are what is new.
const overStreams = "1.*,2.*,3.*,4.*,5.*,6.[1-9].*,7.*,9.?.1,10.*,12.?.4,20.*,21.*"

// The baseline changes only on purpose:
//
//	go test ./autobahn -run TestExpected -full -update
func TestExpected(t *testing.T) {
	want := readBaseline(t)
	for _, j := range judgings {
		t.Run(j.name, func(t *testing.T) {
			selection := j.less
			switch {
			case *full:
				selection = "*"
			case testing.Short():
				selection = "1.?.[1-5],2.*,3.*,4.*,5.*,6.[1-9].*,7.*,20.[1-8].*,21.*"
			}
			cases, err := j.picks(j.own.Role, selection, "")
			if err != nil {
				t.Fatal(err)
			}
			own := Own{Role: j.own.Role, HTTP2: j.own.HTTP2, NetHTTP: j.own.NetHTTP, Loop: j.own.Loop, Cases: cases}
			agent, err := own.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, r := range agent.Results {
				got[r.ID] = verdicts(r)
				if expected, reason, _ := strings.Cut(want[j.name][r.ID], ": "); expected == got[r.ID] && reason != "" {
					got[r.ID] += ": " + reason
				} else if expected != got[r.ID] && !*update {
					t.Errorf("%s: %s, expected %q\n%s\nmust: %s\ngot: %s %s", r.ID, got[r.ID], expected, r.Description, r.Expectation, r.Result, r.ResultClose)
				}
			}
			if diff := cmp.Diff(ids(cases), slices.SortedFunc(maps.Keys(got), verdict.CompareIDs)); diff != "" {
				t.Errorf("cases without a result (-), results without a case (+):\n%s", diff)
			}
			if *full {
				if diff := cmp.Diff(slices.SortedFunc(maps.Keys(want[j.name]), verdict.CompareIDs), ids(cases)); diff != "" && !*update {
					t.Errorf("only in %s (-), only in the catalog (+):\n%s", baselineFile, diff)
				}
				want[j.name] = got
			}
		})
	}
	if *update && *full {
		writeBaseline(t, want)
	}
}

// A verdict that is not fine has a reason, or it does not belong into a baseline.
func TestBaselineGivesReasons(t *testing.T) {
	for role, cases := range readBaseline(t) {
		for id, line := range cases {
			verdict, reason, _ := strings.Cut(line, ": ")
			if !Verdict(verdict).Passed() && reason == "" {
				t.Errorf("%s %s is %q, without a reason", role, id, line)
			}
		}
	}
}

func verdicts(r *Result) string {
	if r.BehaviorClose == OK || r.BehaviorClose == r.Behavior {
		return string(r.Behavior)
	}
	return string(r.Behavior) + ", " + string(r.BehaviorClose)
}

func ids(cases []*Case) (list []string) {
	for _, c := range cases {
		list = append(list, c.ID)
	}
	return list
}

func readBaseline(t *testing.T) baseline {
	t.Helper()
	b := baseline{}
	in, err := os.ReadFile(baselineFile)
	if err == nil {
		err = json.Unmarshal(in, &b)
	}
	if err != nil && !*update {
		t.Fatal(err)
	}
	return b
}

// writeBaseline writes the cases in order, a line each.
func writeBaseline(t *testing.T, b baseline) {
	t.Helper()
	var out strings.Builder
	out.WriteString("{\n")
	for i, role := range slices.Sorted(maps.Keys(b)) {
		if i > 0 {
			out.WriteString(",\n")
		}
		out.WriteString("  \"" + role + "\": {\n")
		for j, id := range slices.SortedFunc(maps.Keys(b[role]), verdict.CompareIDs) {
			if j > 0 {
				out.WriteString(",\n")
			}
			line, _ := json.Marshal(b[role][id])
			out.WriteString("    \"" + id + "\": " + string(line))
		}
		out.WriteString("\n  }")
	}
	out.WriteString("\n}\n")
	if err := os.WriteFile(baselineFile, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
