package main

import (
	"fmt"
	"slices"

	"github.com/hawser-ws/websocket/autobahn"
)

// A standing is how an agent did, beside what the baseline knows of it. Without a baseline every
// failure is new.
type standing struct {
	role  autobahn.Role
	agent autobahn.Agent
	of    int // cases that there were to play

	fresh  []*autobahn.Result                 // failures that are not known, or known with other verdicts
	known  []*autobahn.Result                 // failures as the baseline has them
	better []*autobahn.Result                 // mended, or less bad than known
	before map[*autobahn.Result]*knownFailure // what the baseline has of some of fresh, and of better
}

// compare fills in the standings of every side, and returns the lines of the baseline that no
// longer hold. b may be nil.
//
// A line for any agent holds as long as one of them needs it. Lines of cases that were not played,
// and of agents that were not judged, are left alone.
func compare(sides []side, b *baseline) (stale []*knownFailure) {
	held := map[*knownFailure]bool{}
	for i := range sides {
		s := &sides[i]
		s.standings = nil
		for _, a := range s.agents {
			st := standing{role: s.role, agent: a, of: len(s.cases), before: map[*autobahn.Result]*knownFailure{}}
			for _, r := range a.Results {
				st.place(r, b, held)
			}
			s.standings = append(s.standings, st)
		}
	}
	if b == nil {
		return nil
	}
	unneeded := map[*knownFailure]bool{}
	for i := range sides {
		for j := range sides[i].standings {
			st := &sides[i].standings[j]
			st.better = slices.DeleteFunc(st.better, func(r *autobahn.Result) bool {
				k := st.before[r]
				unneeded[k] = !held[k]
				return held[k]
			})
		}
	}
	for _, k := range b.all() {
		judged := slices.ContainsFunc(sides, func(s side) bool { return s.role == k.role })
		if unneeded[k] || judged && !k.exists() {
			stale = append(stale, k)
		}
	}
	return stale
}

// unjudged counts the lines of the baseline by the agents that have them and were not judged, of
// the roles that were. An agent may have another name than before.
func (o *conclusion) unjudged() map[string]int {
	lines := map[string]int{}
	if o.flags.known == nil {
		return lines
	}
	for _, k := range o.flags.known.all() {
		role, agent := false, k.agent == anyAgent
		for _, s := range o.sides {
			role = role || s.role == k.role
			agent = agent || s.role == k.role && slices.ContainsFunc(s.agents, func(a autobahn.Agent) bool { return a.Name == k.agent })
		}
		if role && !agent {
			lines[fmt.Sprintf("%s as a %v", k.agent, k.role)]++
		}
	}
	return lines
}

// place decides what a result is beside the baseline.
func (st *standing) place(r *autobahn.Result, b *baseline, held map[*knownFailure]bool) {
	came := verdictsOf(r)
	k := b.lookup(st.role, st.agent.Name, r.ID)
	switch {
	case k == nil && came.fine():
	case k == nil:
		st.fresh = append(st.fresh, r)
	case slices.Contains(k.allowed, came):
		held[k] = true
		if !came.fine() {
			st.known = append(st.known, r)
		}
	case slices.ContainsFunc(k.allowed, came.within):
		st.before[r] = k
		st.better = append(st.better, r)
	default:
		held[k] = true // something is still wrong with it
		st.before[r] = k
		st.fresh = append(st.fresh, r)
	}
}

// standings returns those of all sides.
func standings(sides []side) (list []*standing) {
	for i := range sides {
		for j := range sides[i].standings {
			list = append(list, &sides[i].standings[j])
		}
	}
	return list
}
