package main

import (
	"slices"

	"github.com/hawser-ws/websocket/autobahn"
)

// verdicts are all that there are, the worst first.
func verdicts() []autobahn.Verdict {
	return []autobahn.Verdict{
		autobahn.Failed, autobahn.WrongCode, autobahn.Unclean, autobahn.FailedByClient,
		autobahn.NonStrict, autobahn.Unimplemented, autobahn.Informational, autobahn.OK,
	}
}

// worst is the worse verdict of the two that a result has. Result.Worst prefers
// the first, with which a case could pass that ended badly.
func worst(r *autobahn.Result) autobahn.Verdict {
	all := verdicts()
	return all[max(0, min(slices.Index(all, r.Behavior), slices.Index(all, r.BehaviorClose)))]
}

// A tally counts cases by their worst verdict.
type tally map[autobahn.Verdict]int

func counts(results []*autobahn.Result) tally {
	t := tally{}
	for _, r := range results {
		t[worst(r)]++
	}
	return t
}

// fine is how many cases nobody has to look at.
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

func (t tally) passed() bool { return t.fine() == t.all() }

// occurring is those of all verdicts that any of tallies has, the best first.
func occurring(tallies ...tally) (list []autobahn.Verdict) {
	for _, v := range verdicts() {
		if slices.ContainsFunc(tallies, func(t tally) bool { return t[v] > 0 }) {
			list = append(list, v)
		}
	}
	slices.Reverse(list)
	return list
}
