package conn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// powers is what may happen in a world besides data, Close frames and their
// consequences.
type powers struct {
	// An end.
	breakRules bool // may send what the other refuses: 1002
	garble     bool // may send what is not what its type says: 1007
	panics     bool // has callbacks that may panic when something is read: 1011
	empty      bool // may send a Close frame without a code
	abandon    bool // may be given up by its application
	impatient  bool // has other timers than that of closing: keepalive, a write's, a context
	whole      bool // cannot end one direction of its transport, only both
	forge      bool // is one that sends data after its Close frame, which is not ours
	waits      bool // has its Close frame wait to be written, and learns later that it was
	// The network.
	delay      bool // holds what is in it for as long as it likes: deadlines pass at any time
	cut        bool // loses all that is in a direction and all that follows, and tells nobody
	end        bool // ends a direction, as a middlebox does by a FIN
	breakWrite bool // swallows all that follows in a direction, and tells the writer
	reset      bool // resets a direction, with the loss of what is in it
}

// machine is what the explorer asks of the package: the engine, unless a test has
// put something broken in its place.
type machine struct {
	handle      func(l *Lifecycle, e Event, body CloseBody, now time.Time) (Action, bool)
	canSend     func(State) bool
	canReceive  func(State) bool
	closesFirst func(Role) bool
	clean       func(Ending) bool
}

func engine() machine {
	return machine{(*Lifecycle).Handle, State.CanSend, State.CanReceive, Role.ClosesFirst, Ending.Clean}
}

// explorer visits every world that can be reached from two open ends, nearest first.
type explorer struct {
	machine
	may    powers
	prompt bool // nobody needs a deadline
	tidy   bool // both closing handshakes are complete in the end
	stop   int  // after how many faults

	worlds []world
	ids    map[[2]uint64]int32
	cause  []step  // how a world was first reached, and
	parent []int32 // from which
	edges  [][2]int32
	cells  cells
	pairs  pairs
	waits  int // worlds in which time has to pass for a closing to go on
	last   int // worlds that are over

	at      int // the world whose consequences are looked at
	pending []string
	faults  []fault
}

// fault is a promise that was not kept.
type fault struct {
	complaint string
	trace     []string // a line for every step, the first is the beginning
}

func (f fault) String() string { return f.complaint + "\n" + strings.Join(f.trace, "\n") }

// complain notes what is wrong with the step that is being taken, or with its outcome.
func (x *explorer) complain(format string, args ...any) {
	x.pending = append(x.pending, fmt.Sprintf(format, args...))
}

// report turns what was complained of into faults, with the way there: to the world
// x.at, and by one step more unless cause is zero.
func (x *explorer) report(w *world, cause step) {
	var trace []string
	for _, complaint := range x.pending {
		if len(x.faults) == x.stop {
			break
		}
		if trace == nil {
			trace = x.trace(w, cause)
		}
		x.faults = append(x.faults, fault{complaint, trace})
	}
	x.pending = x.pending[:0]
}

func (x *explorer) trace(w *world, cause step) (lines []string) {
	line := func(s step, w *world) { lines = append(lines, fmt.Sprintf("%-38v %v", s, w)) }
	if cause != (step{}) {
		line(cause, w)
	}
	for id := x.at; id > 0; id = int(x.parent[id]) {
		line(x.cause[id], &x.worlds[id])
	}
	line(step{who: "server,", what: "client"}, new(world))
	slices.Reverse(lines)
	return lines
}

// visit takes a step to w.
func (x *explorer) visit(w world, cause step) {
	k := w.key()
	id, known := x.ids[k]
	if !known {
		x.judge(&w)
	}
	x.report(&w, cause)
	if !known {
		id = int32(len(x.worlds))
		x.ids[k] = id
		x.worlds = append(x.worlds, w)
		x.cause = append(x.cause, cause)
		x.parent = append(x.parent, int32(x.at))
		x.pairs.note(&w)
	}
	x.edges = append(x.edges, [2]int32{int32(x.at), id})
}

func (x *explorer) explore() {
	var start world
	for i := range start.end {
		start.end[i].CloseTimeout = closeTimeout
	}
	x.ids = make(map[[2]uint64]int32)
	x.visit(start, step{})
	for x.at = 0; x.at < len(x.worlds) && len(x.faults) < x.stop; x.at++ {
		w := x.worlds[x.at] // a copy: visit appends to x.worlds
		urgent := 0
		for i := range 2 {
			urgent += x.stepsOf(w, i)
			x.faultsOf(w, i)
		}
		if w.over() {
			x.last++
			continue
		}
		x.pass(w, urgent)
	}
	x.wayOut()
}

// pass lets time pass, which it does while nothing happens that need not wait, or
// whenever the network delays what would. No time passes before what is due is done.
func (x *explorer) pass(w world, urgent int) {
	waiting := w.closing(server) || w.closing(client)
	if waiting && urgent == 0 {
		x.waits++
		if x.prompt {
			x.complain("only a deadline helps")
			x.report(&w, step{})
		}
	}
	if !waiting || w.due(server) || w.due(client) || urgent > 0 && !x.may.delay {
		return
	}
	for i := range 2 {
		if w.closing(i) {
			w.seen[i].age++
		}
	}
	if w.seen[server].age <= 1 && w.seen[client].age <= 1 {
		x.visit(w, step{who: "time", what: "passes"})
		return
	}
	for i := range 2 {
		if w.seen[i].age > 1 {
			x.complain("the %v has not ended within its timeout", roles[i])
		}
	}
	x.report(&w, step{who: "time", what: "passes"})
}

// wayOut sees that the end of both machines can be reached from every world in which
// one of them has begun to end.
func (x *explorer) wayOut() {
	if len(x.faults) >= x.stop {
		return
	}
	first := make([]int32, len(x.worlds)+1) // where the edges into a world begin in into
	for _, e := range x.edges {
		first[e[1]]++
	}
	sum := int32(0)
	for id := range first {
		sum, first[id] = sum+first[id], sum
	}
	into, next := make([]int32, len(x.edges)), slices.Clone(first)
	for _, e := range x.edges {
		into[next[e[1]]] = e[0]
		next[e[1]]++
	}
	can := make([]bool, len(x.worlds))
	var queue []int32
	for id := range x.worlds {
		if x.worlds[id].over() {
			can[id] = true
			queue = append(queue, int32(id))
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, from := range into[first[queue[0]]:first[queue[0]+1]] {
			if !can[from] {
				can[from] = true
				queue = append(queue, from)
			}
		}
	}
	for id, can := range can {
		if !can {
			x.at = id
			x.complain("there is no way to the end of both")
			x.report(&x.worlds[id], step{})
		}
	}
}

// print writes the faults to the test's output.
func (x *explorer) print(t *testing.T) {
	t.Helper()
	for _, f := range x.faults {
		t.Errorf("%v", f)
	}
}
