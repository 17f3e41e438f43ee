package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn"
)

// played is results of cases, all with the same verdicts.
func played(behavior, behaviorClose autobahn.Verdict, ids ...string) (list []*autobahn.Result) {
	for _, id := range ids {
		list = append(list, &autobahn.Result{
			ID: id, Behavior: behavior, BehaviorClose: behaviorClose,
			Description: "Something is sent.", Expectation: "It comes back.",
			Result: "It is not so", ResultClose: "It ended badly",
		})
	}
	return list
}

// numbered are so many cases of a group.
func numbered(group string, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s.%d", group, i+1))
	}
	return ids
}

func TestRanges(t *testing.T) {
	all := played(autobahn.OK, autobahn.OK, append(numbered("1.1", 5), numbered("2", 3)...)...)
	for want, some := range map[string][]*autobahn.Result{
		"1.1.1":                  all[:1],
		"1.1.1, 1.1.2":           all[:2],
		"1.1.1 to 1.1.3":         all[:3],
		"1.1.3 to 1.1.5, 2.1":    all[2:6],
		"1.1.1, 1.1.3 to 1.1.5":  append(all[:1:1], all[2:5]...),
		"1.1.1, 1.1.5, 2.2, 2.3": {all[0], all[4], all[6], all[7]},
	} {
		if got := ranges(some, all); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The worse of two verdicts counts.
func TestWorst(t *testing.T) {
	for _, test := range []struct{ behavior, behaviorClose, want autobahn.Verdict }{
		{autobahn.OK, autobahn.OK, autobahn.OK},
		{autobahn.Informational, autobahn.OK, autobahn.Informational},
		{autobahn.Informational, autobahn.Unclean, autobahn.Unclean},
		{autobahn.NonStrict, autobahn.WrongCode, autobahn.WrongCode},
		{autobahn.Failed, autobahn.OK, autobahn.Failed},
		{autobahn.OK, autobahn.Failed, autobahn.Failed},
		{"UNHEARD OF", autobahn.OK, autobahn.Failed},
	} {
		r := &autobahn.Result{Behavior: test.behavior, BehaviorClose: test.behaviorClose}
		if got := r.Worst(); got != test.want {
			t.Errorf("%s and %s: %s, want %s", test.behavior, test.behaviorClose, got, test.want)
		}
	}
}

// The worst comes first, no line is too long, and what many share is told once.
func TestFindings(t *testing.T) {
	const width = 60
	code := 1001
	wrong := played(autobahn.NonStrict, autobahn.WrongCode, "2.1")
	wrong[0].RemoteCloseCode = &code
	hostile := played(autobahn.Failed, autobahn.OK, "3.1")
	hostile[0].Received = []autobahn.Event{{Kind: "message", Payload: []byte("\x1b[2J" + strings.Repeat("x", 100))}}
	var all []*autobahn.Result
	for _, some := range [][]*autobahn.Result{
		played(autobahn.Unimplemented, autobahn.OK, numbered("12.1", 18)...),
		played(autobahn.OK, autobahn.Unclean, numbered("6.4", 21)...),
		played(autobahn.Informational, autobahn.OK, "7.1"), wrong, hostile,
	} {
		all = append(all, some...)
	}
	var out strings.Builder
	(&screen{out: &out, width: width}).findings(&standing{agent: autobahn.Agent{Name: "x", Results: all}}, false)
	rest := out.String()
	for _, part := range []string{
		"\nFAILED\n\n  3.1      Something is sent.\n           expected  It comes back.\n           came      It is not so. Received: message\n",
		`"\x1b[2Jxx`, "(104\n                     bytes).\n",
		"\nWRONG CODE\n\n  2.1 ", "NON-STRICT: It is not so. It ended", "code was 1001.",
		"\nUNCLEAN\n\n  6.4.1 to 6.4.21: It ended badly.\n",
		"\nUNIMPLEMENTED\n\n  12.1.1 to 12.1.18: It is not so.\n",
		"\nINFORMATIONAL: 7.1\n",
	} {
		at := strings.Index(rest, part)
		if at < 0 {
			t.Fatalf("there is no %q after what comes before it, in\n%s", part, out.String())
		}
		rest = rest[at:]
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > width+1 || strings.ContainsRune(line, '\x1b') {
			t.Errorf("%d bytes: %q", len(line), line)
		}
	}
}

// The peer is not blamed for a code that it only repeats, and silence is told.
func TestCloseCodes(t *testing.T) {
	ours, theirs := 1001, 1001
	r := played(autobahn.Failed, autobahn.WrongCode, "1.1.1")[0]
	r.Expected = map[autobahn.Verdict][]autobahn.Event{autobahn.OK: {{Kind: "message"}}}
	r.LocalCloseCode, r.RemoteCloseCode = &ours, &theirs
	for first, want := range map[bool]string{
		true:  "The suite closed with 1001, and the peer answered with 1001.",
		false: "The peer's close code was 1001.",
	} {
		r.ClosedByMe = first
		if got := came(r); !strings.HasSuffix(got, "badly. "+want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := whatCame(r); !strings.HasSuffix(got, " Received: nothing but the Close frame.") {
		t.Errorf("%q", got)
	}
	if r.Received = r.Expected[autobahn.OK]; !strings.HasSuffix(whatCame(r), ` Received: message "".`) {
		t.Errorf("%q", whatCame(r))
	}
}

// A list names every case once, under its title, with the sentence if it has one.
func TestList(t *testing.T) {
	var sides []side
	for _, role := range []autobahn.Role{autobahn.Server, autobahn.Client} {
		cases, err := autobahn.Select(role, "6.4.*,20.5.1", "")
		if err != nil {
			t.Fatal(err)
		}
		sides = append(sides, side{role: role, cases: cases})
	}
	var out strings.Builder
	(&screen{out: &out, width: 80}).list(sides)
	for words, times := range map[string]int{
		"6.4  Invalid text": 1, "  6.4.1   ": 1, "  6.4.4   ": 1,
		"  20.5.1  ":           2, // without a mask for servers, with one for clients
		"RFC 6455 section 5.1": 2,
	} {
		if n := strings.Count(out.String(), words); n != times {
			t.Errorf("%q %d times, want %d, in\n%s", words, n, times, out.String())
		}
	}
}

// The exit code is 1 for what is against the RFC, and for what was not judged.
func TestExitCode(t *testing.T) {
	for v, fails := range map[autobahn.Verdict]bool{
		autobahn.OK: false, autobahn.Informational: false, autobahn.NonStrict: false,
		autobahn.Failed: true, autobahn.WrongCode: true, autobahn.Unclean: true, autobahn.FailedByClient: true,
		autobahn.Unimplemented: true,
	} {
		agent := autobahn.Agent{Results: append(played(autobahn.OK, autobahn.OK, "1.1.1"), played(v, autobahn.OK, "1.1.2")...)}
		p := &progress{quiet: true}
		if err := new(conformFlags).conclusion([]side{{agents: []autobahn.Agent{agent}}}).judgement(p); (err != nil) != fails {
			t.Errorf("%s: %v", v, err)
		}
	}
}

// What did better alone is named, whatever it got.
func TestAgain(t *testing.T) {
	all := append(played(autobahn.OK, autobahn.OK, "1.1.1", "1.1.2"), played(autobahn.Failed, autobahn.OK, "1.1.3", "1.1.4")...)
	all[0].BesideOthers = autobahn.Failed
	all[2].BesideOthers = autobahn.Failed
	var out strings.Builder
	s := &screen{out: &out, width: 200}
	s.again(autobahn.Agent{Name: "x", Results: all}, false)
	if want := "\nPlayed again alone, with another verdict than beside other cases: 1.1.1\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	if s.again(autobahn.Agent{Results: all[2:]}, false); out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}
