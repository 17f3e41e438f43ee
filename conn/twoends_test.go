package conn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// powers is what may happen in a world besides data, Close frames and their
// consequences.
type powers struct {
	breakRules bool // an end may send what the other refuses
	breakWrite bool // a direction may swallow all that follows, and tell the writer
	end        bool // a direction may end, as by a FIN from a middlebox
	reset      bool // a direction may be reset, with the loss of what is in it
	abandon    bool // an application may give up
	// hurry says that a deadline of closing may pass at any time. Zero: only when
	// nothing else can happen, for they are long compared to the network.
	hurry bool
}

// explorer visits every world that can be reached from two open ends.
type explorer struct {
	t      *testing.T
	may    powers
	worlds []world
	ids    map[uint64]int
	cause  []string // how a world was first reached, and
	parent []int    // from which
	before [][]int  // from which others it can be reached
	stalls int      // worlds in which only a deadline can help
	faults int
}

func (x *explorer) fail(id int, format string, args ...any) {
	x.t.Helper()
	if x.faults++; x.faults > 5 {
		return
	}
	var story []string
	for ; id > 0; id = x.parent[id] {
		story = append([]string{x.cause[id]}, story...)
	}
	x.t.Errorf("%s\n\tafter: %s", fmt.Sprintf(format, args...), strings.Join(story, ", "))
}

func (x *explorer) visit(w world, from int, cause string) {
	k := w.key()
	id, known := x.ids[k]
	if !known {
		id = len(x.worlds)
		x.ids[k] = id
		x.worlds = append(x.worlds, w)
		x.cause = append(x.cause, cause)
		x.parent = append(x.parent, from)
		x.before = append(x.before, nil)
	}
	x.before[id] = append(x.before[id], from)
}

func (x *explorer) explore() {
	start := world{}
	for i := range start.end {
		start.end[i].CloseTimeout = closeTimeout
	}
	x.ids = make(map[uint64]int)
	x.visit(start, 0, "")
	for id := 0; id < len(x.worlds); id++ {
		steps := 0
		for i := range 2 {
			steps += x.stepsOf(id, i)
			if x.may.breakWrite || x.may.end || x.may.reset {
				x.faultsOf(id, i)
			}
		}
		if steps == 0 {
			steps = x.expire(id, server) + x.expire(id, client)
			x.stalls += min(steps, 1)
		}
		if w := &x.worlds[id]; steps == 0 && !w.over() {
			x.fail(id, "deadlock: %v", w)
		}
	}
}

// handle lets end i take an event and does what the action says about the
// transport. It checks what must hold for any event.
func (x *explorer) handle(id int, w *world, i int, e Event, body CloseBody) bool {
	l := &w.end[i]
	before := *l
	do, ok := l.Handle(e, body, noon)
	if !ok {
		return false
	}
	was, is := before.Ending(), l.Ending()
	if was.Sent.Code != 0 && was.Sent != is.Sent || was.Received.Code != 0 && was.Received != is.Received {
		x.fail(id, "%v %v: the record %+v became %+v", roles[i], e, was, is)
	}
	in := &w.from[1-i]
	switch {
	case do == Drop:
		// What was in the pipe may be lost when a stream is given up, not when it ends.
		switch e {
		case ReceiveClose, EndOfStream, BreakWrite:
			if before.State() != Failed && slices.Contains(in.frames[:in.n], closing) {
				x.fail(id, "%v %v: drops the transport with a Close frame in it: %v", roles[i], e, w)
			}
		}
		// "The server MUST close the underlying TCP connection immediately; the
		// client SHOULD wait for the server to close the connection".
		// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
		if i == client && before.State() == Acknowledged && e == EndOfStream && !w.from[server].fin {
			x.fail(id, "the client closes TCP before the server: %v", w)
		}
		w.from[i].fin = w.from[i].fin || !w.from[i].broken
		in.gone, in.frames, in.n = true, [3]uint8{}, 0
	case do == EndTransport && roles[i].ClosesFirst():
		w.from[i].fin = w.from[i].fin || !w.from[i].broken
	}
	return true
}

// write puts a frame into the pipe of end i. Two worlds come of it when nobody
// reads there: the frame vanishes, or it is answered by a reset.
func (x *explorer) write(id int, w world, i int, f uint8, cause string) bool {
	out := &w.from[i]
	// "The application MUST NOT send any more data frames after sending a Close
	// frame."
	// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
	if w.last[i] {
		x.fail(id, "%v: a frame after the Close frame: %v", cause, &w)
	}
	if f == closing {
		w.last[i] = true
	}
	switch {
	case out.broken:
		if !x.handle(id, &w, i, BreakWrite, CloseBody{}) {
			x.fail(id, "%v: cannot fail in state %v", cause, w.end[i].State())
		}
	case out.gone:
		x.visit(w, id, cause+", which vanishes")
		out.broken = true
		back := &w.from[1-i]
		back.reset, back.frames, back.n = true, [3]uint8{}, 0
	case int(out.n) == len(out.frames):
		return false // full: the writer waits
	default:
		if f != closing && out.fin {
			x.fail(id, "%v: a frame after FIN: %v", cause, &w)
		}
		out.frames[out.n] = f
		out.n++
	}
	x.visit(w, id, cause)
	return true
}

// stepsOf visits what end i can do or have done to it. It returns the number of
// steps: those that leave the world as it is do not count.
func (x *explorer) stepsOf(id, i int) (steps int) {
	w := x.worlds[id] // a copy; visit appends to x.worlds
	name := roles[i].String() + " "
	state := w.end[i].State()
	count := func(ok bool) {
		if ok {
			steps++
		}
	}

	if state.CanSend() {
		count(x.write(id, w, i, data, name+"sends data"))
		if x.may.breakRules {
			count(x.write(id, w, i, bad, name+"breaks a rule"))
		}
	}

	// Our Close frame: of our own accord, as a reply, or as the reason of failure.
	body := CloseBody{Code: 4000 + uint16(i)}
	switch state {
	case ClosedByPeer:
		body = Reply(w.end[i].Ending().Received)
	case Failed:
		body.Code = []uint16{1002, 1007}[i]
	}
	if out := &w.from[i]; int(out.n) < len(out.frames) || out.broken || out.gone {
		next := w
		if fin := next.from[i].fin; x.handle(id, &next, i, SendClose, body) {
			// handle may have set FIN, which goes after the frame.
			if fin && !out.broken {
				x.fail(id, "%vsends Close after FIN", name)
			}
			count(x.write(id, next, i, closing, fmt.Sprint(name, "sends Close ", body.Code)))
		}
	}

	count(x.read(id, w, i, name))

	if x.may.abandon {
		next := w
		if x.handle(id, &next, i, Abandon, CloseBody{}) && next != w {
			x.visit(next, id, name+"abandons")
			steps++
		}
	}
	if x.may.hurry {
		steps += x.expire(id, i)
	}
	return steps
}

// expire visits what follows when the deadline of end i passes.
func (x *explorer) expire(id, i int) (steps int) {
	w := x.worlds[id]
	if w.end[i].Deadline().IsZero() {
		return 0
	}
	if !x.handle(id, &w, i, Expire, CloseBody{}) {
		x.fail(id, "%v has a deadline that may not pass: %v", roles[i], &w)
	}
	x.visit(w, id, roles[i].String()+" expires")
	return 1
}

// read lets end i take what comes next from its peer.
func (x *explorer) read(id int, w world, i int, name string) bool {
	in, l := &w.from[1-i], &w.end[i]
	state := l.State()
	switch {
	case state == Terminated:
		return false
	case in.reset:
		if !x.handle(id, &w, i, Break, CloseBody{}) {
			x.fail(id, "%vdoes not take a reset in state %v", name, state)
		}
		x.visit(w, id, name+"meets a reset")
		return true
	case in.n > 0:
		f := in.pop()
		if !state.CanReceive() {
			// Only a refusal leaves frames that nobody looks at: in the other states
			// the peer's Close frame has come, which is its last.
			if state != Failed {
				x.fail(id, "%vfinds a frame in state %v: %v", name, state, &w)
			}
			x.visit(w, id, name+"discards a frame")
			return true
		}
		switch f {
		case bad:
			if !x.handle(id, &w, i, Violate, CloseBody{}) {
				x.fail(id, "%vcannot refuse in state %v", name, state)
			}
		case closing:
			body := w.end[1-i].Ending().Sent
			if !x.handle(id, &w, i, ReceiveClose, body) || w.end[i].Ending().Received != body || body.Code == 0 {
				x.fail(id, "%vloses the Close frame in state %v", name, state)
			}
		}
		x.visit(w, id, name+"reads "+[]string{data: "data", bad: "what breaks a rule", closing: "Close"}[f])
		return true
	case in.fin:
		before := w
		if !x.handle(id, &w, i, EndOfStream, CloseBody{}) {
			x.fail(id, "%vdoes not take the end of the stream in state %v", name, state)
		}
		if w == before {
			return false // it stays there to be read again
		}
		x.visit(w, id, name+"reads the end of the stream")
		return true
	}
	return false
}

// faultsOf visits what the network may do to the direction from end i.
func (x *explorer) faultsOf(id, i int) {
	w := x.worlds[id]
	out := &w.from[i]
	name := "direction from the " + roles[i].String()
	if out.broken {
		return
	}
	out.broken = true
	if x.may.breakWrite {
		x.visit(w, id, name+" breaks")
	}
	if x.may.end && !out.fin {
		next := w
		next.from[i].fin = true
		x.visit(next, id, name+" ends")
	}
	if x.may.reset {
		next := w
		next.from[i].reset, next.from[i].frames, next.from[i].n = true, [3]uint8{}, 0
		x.visit(next, id, name+" is reset")
	}
}

// canEnd returns the worlds from which the end of both machines can be reached.
func (x *explorer) canEnd() []bool {
	can := make([]bool, len(x.worlds))
	var queue []int
	for id := range x.worlds {
		if x.worlds[id].over() {
			can[id] = true
			queue = append(queue, id)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, id := range x.before[queue[0]] {
			if !can[id] {
				can[id] = true
				queue = append(queue, id)
			}
		}
	}
	return can
}

func TestTwoEnds(t *testing.T) {
	total := 0
	for _, test := range []struct {
		name string
		may  powers
		// Both closing handshakes are complete in the end, with the same codes.
		clean bool
		// It ends without a deadline, whatever happens.
		prompt bool
	}{
		{"two that behave", powers{}, true, true},
		{"breaking rules", powers{breakRules: true}, false, true},
		{"a direction breaks", powers{breakWrite: true}, false, false},
		{"a direction ends", powers{end: true}, false, false},
		{"a direction is reset", powers{reset: true}, false, false},
		{"deadlines at any time", powers{hurry: true}, false, false},
		{"giving up", powers{abandon: true}, false, true},
		{"everything", powers{true, true, true, true, true, true}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := &explorer{t: t, may: test.may}
			x.explore()
			endings := 0
			for id, can := range x.canEnd() {
				w := &x.worlds[id]
				if !can {
					x.fail(id, "no way to the end from %v", w)
				}
				if w.end[server].State() == Acknowledged && !w.from[server].fin && !w.from[server].broken {
					x.fail(id, "the server does not close TCP at once: %v", w)
				}
				s, c := w.end[server].Ending(), w.end[client].Ending()
				if s.Received.Code != 0 && s.Received != c.Sent || c.Received.Code != 0 && c.Received != s.Sent {
					x.fail(id, "received is not what was sent: %v", w)
				}
				if !w.over() {
					continue
				}
				endings++
				if test.clean && (!s.Clean() || !c.Clean()) {
					x.fail(id, "not clean: %v", w)
				}
			}
			if endings == 0 {
				t.Error("it never ends")
			}
			if test.prompt && x.stalls > 0 {
				t.Errorf("only a deadline helps in %d states", x.stalls)
			}
			total += len(x.worlds)
			t.Logf("%d states, of which %d are endings, %d wait for a deadline", len(x.worlds), endings, x.stalls)
		})
	}
	t.Logf("%d states in all", total)
}
