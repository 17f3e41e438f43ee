package main

import (
	"slices"

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

// passed reports whether nothing violates the RFC. Like Autobahn|Testsuite, it counts
// NON-STRICT as conformant. A case that the peer does not implement was not judged, and is not
// a success.
func (t tally) passed() bool { return t.fine()+t[autobahn.NonStrict] == t.all() }

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
