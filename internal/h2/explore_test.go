package h2

import (
	"fmt"
	"slices"
	"testing"
)

// world is one stream as both ends see it, and what is on its way between them.
type world struct {
	state  [2]State // of the client, of the server
	flight [2]string
	ended  bool // the client has sent END_STREAM before the response: ours does not
}

// maxFlight is how many frames are on their way in one direction.
const maxFlight = 4

// letters of what is on its way, each for what is sent and how it is received.
var letters = map[byte]struct{ send, receive StreamEvent }{
	'H': {SendHead, RecvHead},
	'D': {SendData, RecvData},
	'E': {SendEnd, RecvEnd},
	'R': {SendReset, RecvReset},
	'W': {SendWindow, RecvWindow},
}

// explorer visits every world that two machines of one table reach.
type explorer struct {
	table  [numStates][numEvents]transition
	seen   map[world]bool
	queue  []world
	cells  map[[2]int]bool // which were used
	faults []string
}

func explore(table [numStates][numEvents]transition) *explorer {
	x := &explorer{table: table, seen: make(map[world]bool), cells: make(map[[2]int]bool)}
	x.visit(world{})
	for len(x.queue) > 0 && len(x.faults) == 0 {
		w := x.queue[0]
		x.queue = x.queue[1:]
		for who := range 2 {
			x.sends(w, who)
			x.receives(w, who)
		}
	}
	return x
}

func (x *explorer) visit(w world) {
	if !x.seen[w] {
		x.seen[w] = true
		x.queue = append(x.queue, w)
		x.judge(w)
	}
}

func (x *explorer) complain(w world, format string, args ...any) {
	x.faults = append(x.faults, fmt.Sprintf("%v: %s", w, fmt.Sprintf(format, args...)))
}

func (x *explorer) sends(w world, who int) {
	if len(w.flight[who]) == maxFlight {
		return
	}
	for letter, events := range letters {
		if who == 1 && w.state[1] == Idle {
			continue // a server opens no stream: its identifiers would be even
		}
		cell := x.table[w.state[who]][events.send]
		if cell.verdict != Accepted {
			continue
		}
		x.cells[[2]int{int(w.state[who]), int(events.send)}] = true
		next := w
		next.state[who] = cell.to
		next.flight[who] += string(letter)
		x.visit(next)
	}
	foreign := ""
	switch {
	case who == 1 && (w.state[1] == OwingHead || w.state[1] == OwingHeadAtEnd):
		foreign = "I" // other servers send 1xx
	case who == 0 && w.state[0] == AwaitingHead && !w.ended:
		foreign = "DE" // other clients do not wait
	}
	for _, letter := range foreign {
		next := w
		next.ended = w.ended || letter == 'E'
		next.flight[who] += string(letter)
		x.visit(next)
	}
}

func (x *explorer) receives(w world, who int) {
	from := w.flight[1-who]
	if from == "" {
		return
	}
	event := RecvInfo
	if from[0] != 'I' {
		event = letters[from[0]].receive
	}
	if event == RecvInfo && w.state[who] != AwaitingHead {
		event = RecvHead // a head is a head
	}
	if event == RecvEnd && !slices.Contains([]State{AwaitingHead, OwingHead, Open, HalfClosedLocal}, w.state[who]) {
		event = RecvData // END_STREAM is a flag of a frame
	}
	cell := x.table[w.state[who]][event]
	x.cells[[2]int{int(w.state[who]), int(event)}] = true
	switch cell.verdict {
	case Accepted, Ignored:
	default:
		x.complain(w, "%v is %v for end %d, which is sent by what the table allows", event, cell.verdict, who)
	}
	next := w
	next.state[who] = cell.to
	if who == 0 && w.ended && cell.to == Open {
		next.state[0] = HalfClosedLocal
	}
	next.flight[1-who] = from[1:]
	x.visit(next)
}

// judge says what holds in every world.
func (x *explorer) judge(w world) {
	if w.flight[0] != "" || w.flight[1] != "" {
		return
	}
	// Nothing is on its way: both know the same.
	client, server := w.state[0], w.state[1]
	agree := map[State][]State{
		Idle:             {Idle},
		AwaitingHead:     {OwingHead},
		Open:             {Open},
		HalfClosedLocal:  {HalfClosedRemote},
		HalfClosedRemote: {HalfClosedLocal},
		Closed:           {Closed, Reset},
		Reset:            {Closed, Reset},
	}
	if w.ended {
		agree[AwaitingHead] = []State{OwingHeadAtEnd}
	}
	if !slices.Contains(agree[client], server) {
		x.complain(w, "the ends disagree")
	}
}

// What one end may send the other accepts, however long it is on its way.
func TestTwoMachines(t *testing.T) {
	x := explore(transitions)
	for _, fault := range x.faults {
		t.Error(fault)
	}
	t.Logf("%d worlds", len(x.seen))
	if len(x.seen) < 1000 {
		t.Error("few worlds were seen")
	}
	// Every cell that is no error was needed.
	for s := range State(numStates) {
		for e := range StreamEvent(numEvents) {
			v := transitions[s][e].verdict
			if good := v == Accepted || v == Ignored; good && !x.cells[[2]int{int(s), int(e)}] {
				t.Errorf("no peer needs %v in %v", e, s)
			}
		}
	}
}

// The explorer notices every wrong cell, or it proves nothing.
func TestTwoMachinesMutated(t *testing.T) {
	mutants, alive := 0, []string{}
	try := func(s State, e StreamEvent, to transition) {
		table := transitions
		table[s][e] = to
		mutants++
		if x := explore(table); len(x.faults) == 0 {
			alive = append(alive, fmt.Sprintf("%v, %v: %v, %v", s, e, to.to, to.verdict))
		}
	}
	for s := range State(numStates) {
		for e := range StreamEvent(numEvents) {
			was := transitions[s][e]
			if e >= RecvHead && (was.verdict == Accepted || was.verdict == Ignored) {
				try(s, e, transition{s, BreaksStream, ruleOver})
				try(s, e, transition{s, BreaksConn, ruleOver})
			}
			for to := range State(numStates) {
				if was.verdict == Accepted && to != was.to && !(was.to.Over() && to.Over()) {
					try(s, e, transition{to, Accepted, nil})
				}
			}
		}
	}
	if len(alive) > 0 {
		t.Errorf("%d of %d mutants live:\n%q", len(alive), mutants, alive)
	}
	t.Logf("%d mutants", mutants)
}
