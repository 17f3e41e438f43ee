package explore_test

import (
	"iter"
	"slices"
	"strings"
)

// What a script is made of. The first ones are done by an end, and come twice.
const (
	doWrite = iota
	doRead
	doClose
	doBegin // BeginClose without a code
	doCloseNow
	netDelay // a direction, or what ends it: also twice
	netCut
	netEnd
	netForge // what breaks a rule
	numOps
)

// op is one step of a script: what, and of whom. For the network, whose bytes.
type op struct {
	what int
	end  int // 0: the server, 1: the client
}

// netReset resets the whole connection.
var netReset = op{numOps, 0}

var opNames = [numOps]string{"writes", "reads", "closes", "begins to close", "gives up", "delayed, or on its way again", "cut", "ended", "followed by what breaks a rule"}

func (o op) String() string {
	if o == netReset {
		return "reset"
	}
	name := []string{"server", "client"}[o.end]
	if o.what >= netDelay {
		name += "'s bytes are"
	}
	return name + " " + opNames[o.what]
}

type script []op

func (s script) String() string {
	var steps []string
	for _, o := range s {
		steps = append(steps, o.String())
	}
	return strings.Join(steps, "; ")
}

func (s script) count(o op) (n int) {
	for _, other := range s {
		if other == o {
			n++
		}
	}
	return n
}

func (s script) writes() bool { return s.count(op{doWrite, 0})+s.count(op{doWrite, 1}) > 0 }

// closes reports whether one end begins before the script is over.
func (s script) closes() bool {
	return slices.ContainsFunc(s, func(o op) bool { return o.what == doClose || o.what == doBegin || o.what == doRead })
}

// may reports whether o after s can tell something that a shorter script, or the same
// in another order, does not. After every script both ends are closed, read to their
// end and asked again what has come of it: see play.
func (s script) may(o op, tight bool) bool {
	has := func(what int) bool { return s.count(op{what, o.end}) > 0 }
	if o.what >= netDelay && s.count(netReset) > 0 {
		return false
	}
	switch o.what {
	case doWrite, doRead:
		return !has(doCloseNow) && s.count(o) < 2
	case doClose, doBegin:
		return !has(doCloseNow) && !has(doClose) && !has(o.what)
	case doCloseNow:
		return !has(doCloseNow)
	case netDelay, netCut, netEnd:
		return !has(netCut) && !has(netEnd)
	case netForge:
		return !tight && !has(netCut) && !has(netEnd) && !has(netForge) && s.count(op{netDelay, o.end})%2 == 0
	}
	return true
}

// scripts are all of up to k steps that begin with first. An end on a loop does not read.
func scripts(first op, k int, tight bool, loops onLoops) iter.Seq[script] {
	return func(yield func(script) bool) {
		var extend func(s script) bool
		extend = func(s script) bool {
			if !yield(s) {
				return false
			}
			if len(s) == k {
				return true
			}
			for o := range everyOp {
				if s.may(o, tight) && !loops.read(o) && !extend(append(s[:len(s):len(s)], o)) {
					return false
				}
			}
			return true
		}
		if script(nil).may(first, tight) && !loops.read(first) {
			extend(script{first})
		}
	}
}

func everyOp(yield func(op) bool) {
	for what := range numOps {
		for end := range 2 {
			if !yield(op{what, end}) {
				return
			}
		}
	}
	yield(netReset)
}
