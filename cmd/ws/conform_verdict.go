package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket/autobahn"
)

// A tally counts cases by their worse verdict.
type tally map[autobahn.Verdict]int

func counts(results []*autobahn.Result) tally {
	t := tally{}
	for _, r := range results {
		t[r.Worst()]++
	}
	return t
}

// fine returns how many cases need no attention.
func (t tally) fine() (n int) {
	for v, count := range t {
		if v.Passed() {
			n += count
		}
	}
	return n
}

func (t tally) all() (n int) {
	for _, count := range t {
		n += count
	}
	return n
}

// occurring returns the verdicts that occur in any of the tallies, best first.
func occurring(tallies ...tally) (list []autobahn.Verdict) {
	for _, v := range autobahn.Verdicts() {
		if slices.ContainsFunc(tallies, func(t tally) bool { return t[v] > 0 }) {
			list = append(list, v)
		}
	}
	slices.Reverse(list)
	return list
}

// verdicts are the two verdicts of a case as far as they are failures. All others are OK. Of a case
// whose first verdict is FAILED the second is OK too: then the suite ended the connection, and
// which way depends on the moment.
type verdicts struct{ behavior, behaviorClose autobahn.Verdict }

func verdictsOf(r *autobahn.Result) verdicts {
	return newVerdicts(r.Behavior, r.BehaviorClose)
}

func newVerdicts(behavior, behaviorClose autobahn.Verdict) verdicts {
	if behavior == autobahn.Failed {
		behaviorClose = autobahn.OK
	}
	return verdicts{orOK(behavior), orOK(behaviorClose)}
}

// orOK returns OK for what does not fail a run. Like Autobahn|Testsuite, it counts NON-STRICT as
// conformant. A case that the peer does not implement was not judged, and is not a success.
func orOK(v autobahn.Verdict) autobahn.Verdict {
	if v.Passed() || v == autobahn.NonStrict {
		return autobahn.OK
	}
	return v
}

func (v verdicts) fine() bool { return v == verdicts{autobahn.OK, autobahn.OK} }

// within reports whether every failure in v is in w too, so that v is no worse.
func (v verdicts) within(w verdicts) bool {
	return (v.behavior == autobahn.OK || v.behavior == w.behavior) &&
		(v.behaviorClose == autobahn.OK || v.behaviorClose == w.behaviorClose)
}

// String returns the first verdict, and after a slash the second one unless it is OK.
func (v verdicts) String() string {
	if v.behaviorClose == autobahn.OK {
		return string(v.behavior)
	}
	return string(v.behavior) + " / " + string(v.behaviorClose)
}

// parseVerdicts is the inverse of String. It takes small letters too.
func parseVerdicts(s string) (verdicts, error) {
	first, second, two := strings.Cut(s, "/")
	behavior, err := parseVerdict(first)
	if !two || err != nil {
		return verdicts{orOK(behavior), autobahn.OK}, err
	}
	behaviorClose, err := parseVerdict(second)
	return newVerdicts(behavior, behaviorClose), err
}

func parseVerdict(s string) (autobahn.Verdict, error) {
	v := autobahn.Verdict(strings.ToUpper(strings.Join(strings.Fields(s), " ")))
	if !slices.Contains(autobahn.Verdicts(), v) {
		return "", fmt.Errorf("%q is no verdict; want one of %q", strings.TrimSpace(s), autobahn.Verdicts())
	}
	return v, nil
}
