package conn

import (
	"testing"
	"time"
)

// breakage is a machine that is wrong on purpose.
type breakage struct {
	name string
	into func(m *machine)
	// One of the explorations finds it, with this complaint first.
	complaint string
}

// cell puts another cell into the table of transitions.
func cell(s State, e Event, t transition) func(*machine) {
	return table(func() { transitions[s][e] = t }, func(was transition, had bool) {
		if transitions[s][e] = was; !had {
			delete(transitions[s], e)
		}
	}, s, e)
}

// without takes a cell away.
func without(s State, e Event) func(*machine) {
	return table(func() { delete(transitions[s], e) }, func(was transition, _ bool) { transitions[s][e] = was }, s, e)
}

// table breaks the table of transitions for as long as an event is handled.
func table(into func(), mend func(was transition, had bool), s State, e Event) func(*machine) {
	return func(m *machine) {
		handle := m.handle
		m.handle = func(l *Lifecycle, event Event, body CloseBody, now time.Time) (Action, bool) {
			was, had := transitions[s][e]
			into()
			defer func() { mend(was, had) }()
			return handle(l, event, body, now)
		}
	}
}

// ours puts another cell into the table of our Close frame.
func ours(stands closeFrame, e effect, then closeFrame) func(*machine) {
	return func(m *machine) {
		handle := m.handle
		m.handle = func(l *Lifecycle, event Event, body CloseBody, now time.Time) (Action, bool) {
			was := closeFrames[stands][e]
			closeFrames[stands][e] = then
			defer func() { closeFrames[stands][e] = was }()
			return handle(l, event, body, now)
		}
	}
}

// behind does something else behind the machine's back.
func behind(wrong func(before Lifecycle, l *Lifecycle, e Event, body CloseBody, now time.Time)) func(*machine) {
	return func(m *machine) {
		handle := m.handle
		m.handle = func(l *Lifecycle, e Event, body CloseBody, now time.Time) (Action, bool) {
			before := *l
			do, ok := handle(l, e, body, now)
			if ok {
				wrong(before, l, e, body, now)
			}
			return do, ok
		}
	}
}

// blame puts another side into the record where an event leaves Open.
func blame(e Event, side Side) func(*machine) {
	return behind(func(before Lifecycle, l *Lifecycle, event Event, _ CloseBody, _ time.Time) {
		if before.state == Open && event == e {
			l.ending.Began = side
		}
	})
}

// either is a state more in which something may be done.
func either(may func(State) bool, more State) func(State) bool {
	return func(s State) bool { return s == more || may(s) }
}

var breakages = []breakage{
	{"data may be sent after our Close frame", func(m *machine) { m.canSend = either(m.canSend, ClosedByUs) },
		"the server sends a frame after its Close frame"},
	{"data may be sent after both", func(m *machine) { m.canSend = either(m.canSend, Acknowledged) },
		"the server sends a frame after its Close frame"},
	{"a second Close frame may be sent", func(m *machine) {
		handle := m.handle
		m.handle = func(l *Lifecycle, e Event, body CloseBody, now time.Time) (Action, bool) {
			if l.state == ClosedByUs && e == SendClose {
				return AwaitClose, true
			}
			return handle(l, e, body, now)
		}
	}, "the server sends a frame after its Close frame"},
	{"data is read after the peer's Close frame", func(m *machine) { m.canReceive = either(m.canReceive, Acknowledged) },
		"the client delivers what comes after the end"},
	{"data is read after a refusal", func(m *machine) { m.canReceive = either(m.canReceive, Failed) },
		"the client delivers what comes after the end"},
	{"nothing is read after our Close frame", func(m *machine) { m.canReceive = func(s State) bool { return s == Open } },
		"the client discards what it might have read"},
	{"the client drops TCP when both Close frames are there", func(m *machine) {
		cell(ClosedByUs, ReceiveClose, transition{Terminated, Drop, keeps})(m)
		cell(ClosedByPeer, SendClose, transition{Terminated, Drop, places})(m)
	}, "the client closes TCP before the server"},
	{"the client ends TCP as the server does", func(m *machine) { m.closesFirst = func(Role) bool { return true } },
		"the client closes TCP before the server"},
	{"the server waits for the client's FIN", func(m *machine) { m.closesFirst = func(r Role) bool { return r == Client } },
		"the server does not close TCP at once"},
	{"no deadline while our Close frame is out", behind(func(_ Lifecycle, l *Lifecycle, _ Event, _ CloseBody, _ time.Time) {
		if l.state == ClosedByUs {
			l.deadline = time.Time{}
		}
	}), "the server is closed by us with a wrong deadline"},
	{"a deadline for every step of closing", behind(func(_ Lifecycle, l *Lifecycle, _ Event, _ CloseBody, now time.Time) {
		if l.state != Open && l.state != Terminated {
			l.deadline = now.Add(l.CloseTimeout)
		}
	}), "the server is acknowledged with a wrong deadline"},
	{"a deadline that changes nothing", cell(Cut, Expire, transition{Cut, Nothing, keeps}),
		"a deadline does not end the client"},
	{"the peer's Close frame is recorded twice", behind(func(before Lifecycle, l *Lifecycle, e Event, _ CloseBody, _ time.Time) {
		if before.state == Acknowledged && e == EndOfStream {
			l.ending.Received = CloseBody{Code: 1000}
		}
	}), "the client's record of a Close frame is overwritten"},
	{"our own Close frame is taken for the peer's", behind(func(_ Lifecycle, l *Lifecycle, e Event, body CloseBody, _ time.Time) {
		if e == SendClose && l.ending.Received.Code == 0 {
			l.ending.Received = body
		}
	}), "the server has it that it received Close 4000, not 0"},
	{"1006 where there was no code", behind(func(_ Lifecycle, l *Lifecycle, _ Event, _ CloseBody, _ time.Time) {
		if l.ending.Received.Code == CodeNoStatus {
			l.ending.Received.Code = 1006
		}
	}), "the client has it that it received Close 1006, not 1005"},
	{"1005 where there was no Close frame", behind(func(_ Lifecycle, l *Lifecycle, e Event, _ CloseBody, _ time.Time) {
		if e == Violate {
			l.ending.Received.Code = CodeNoStatus
		}
	}), "the client has it that it received Close 1005, not 0"},
	{"a reset takes back the code received", behind(func(_ Lifecycle, l *Lifecycle, e Event, _ CloseBody, _ time.Time) {
		if e == Break {
			l.ending.Received = CloseBody{}
		}
	}), "the client's record of a Close frame is overwritten"},
	{"one Close frame is clean", func(m *machine) { m.clean = func(n Ending) bool { return n.Received.Code != 0 } },
		"the client ended cleanly: true, not false"},
	{"a Close frame counts although its write failed", cell(ClosedByUs, BreakWrite, transition{Cut, ReadOut, keeps}),
		"the client has it that it sent Close 4001, not 0"},
	{"a reply counts although its write failed", cell(Acknowledged, BreakWrite, transition{Terminated, Drop, keeps}),
		"the client has it that it sent Close 4001, not 0"},
	{"a reason counts although its write failed", cell(Failed, BreakWrite, transition{Terminated, Drop, keeps}),
		"the client has it that it sent Close 4001, not 0"},
	{"a Close frame that waits counts when time is up", cell(ClosedByUs, Expire, transition{Terminated, Drop, keeps}),
		"the server has it that it sent Close 4000, not 0"},
	{"a Close frame that waits counts when it is given up", cell(ClosedByUs, Abandon, transition{Terminated, Drop, keeps}),
		"the server has it that it sent Close 4000, not 0"},
	{"a reply that waits counts when time is up", cell(Acknowledged, Expire, transition{Terminated, Drop, keeps}),
		"the client has it that it sent Close 4001, not 0"},
	{"a reason that waits counts when time is up", cell(Failed, Expire, transition{Terminated, Drop, keeps}),
		"the client has it that it sent Close 4001, not 0"},
	{"what is written may be lost", ours(flushed, loses, lost),
		"the server's record of a Close frame is overwritten"},
	{"that a Close frame is written is not noted", ours(placed, flushes, placed),
		"the server's record of a Close frame is overwritten"},
	{"two Close frames are placed", ours(flushed, places, placed),
		"the client sends a frame after its Close frame"},
	{"two Close frames are placed, one behind the other", ours(placed, places, placed),
		"the client sends a frame after its Close frame"},
	{"what waits is lost when a Close frame comes", cell(ClosedByUs, ReceiveClose, transition{Acknowledged, EndTransport, loses}),
		"the client's record of a Close frame is overwritten"},
	{"the reply cannot be written", without(Acknowledged, FlushClose),
		"the client cannot have written its Close frame in state acknowledged"},
	{"the reason cannot be written", without(Failed, FlushClose),
		"the client cannot have written its Close frame in state failed"},
	{"nothing follows a Close frame that is written", cell(ClosedByUs, FlushClose, transition{Acknowledged, EndTransport, flushes}),
		"the client discards what it might have read"},
	{"the transport ends with our Close frame", cell(Acknowledged, FlushClose, transition{Terminated, Drop, flushes}),
		"the client closes TCP before the server"},
	{"the application's Close frame takes the place of the reason", cell(Failed, SendClose, transition{Failed, EndTransport, places}),
		"the client says 4001 of what deserves 1002"},
	{"no reason is given", without(Failed, AnswerViolation),
		"the client cannot send its Close frame"},
	{"Terminated can be left", cell(Terminated, SendClose, transition{ClosedByUs, AwaitClose, places}),
		"the client is terminated, and takes send close"},
	{"Terminated takes what changes nothing", cell(Terminated, Abandon, transition{Terminated, Nothing, keeps}),
		"the client is terminated, and takes abandon"},
	{"a violation is not answered", cell(Open, Violate, transition{Failed, Nothing, keeps}),
		"the client does not say why it failed"},
	{"a Close frame is not answered", cell(Open, ReceiveClose, transition{ClosedByPeer, Nothing, keeps}),
		"the client does not answer the Close frame"},
	{"a Close frame is answered by the end of TCP", cell(Open, ReceiveClose, transition{Terminated, Drop, keeps}),
		"the client closes TCP before the server"},
	{"a violation ends TCP", cell(Open, Violate, transition{Terminated, Drop, keeps}),
		"the client closes TCP before the server"},
	{"a violation after our Close frame is explained once more", cell(ClosedByUs, Violate, transition{Failed, SendFailure, keeps}),
		"the client cannot send its Close frame"},
	{"after a violation the transport is not ended", cell(Failed, AnswerViolation, transition{Failed, Nothing, places}),
		"only a deadline helps"},
	{"after the reply the transport is not ended", cell(ClosedByPeer, SendClose, transition{Acknowledged, Nothing, places}),
		"the server does not close TCP at once"},
	{"a write that fails drops what has come", cell(Open, BreakWrite, transition{Terminated, Drop, keeps}),
		"the client drops the transport with a Close frame in it"},
	{"a write that fails while closing drops what has come", cell(ClosedByUs, BreakWrite, transition{Terminated, Drop, loses}),
		"the client drops the transport with a Close frame in it"},
	{"a peer that has ended its direction gets no reply", cell(ClosedByPeer, EndOfStream, transition{Terminated, Drop, keeps}),
		"the client leaves the Close frame without an answer that could arrive"},
	{"the end of the stream is not taken", without(ClosedByUs, EndOfStream),
		"the server does not take the end of the stream"},
	{"a drop is not the end", cell(ClosedByUs, Break, transition{ClosedByUs, Drop, keeps}),
		"the client is to drop the transport, and is closed by us"},
	{"the peer is blamed for a call that ended", blame(GiveUp, SideRemote), "the server blames the peer for give up"},
	{"the peer is blamed for a panic", blame(Fail, SideRemote), "the client blames the peer for fail"},
	{"the peer is blamed for a write that was cut", blame(CutWrite, SideRemote), "the client blames the peer for cut write"},
	{"we are blamed for what breaks a rule", blame(Violate, SideLocal), "the client blames us for violate"},
	{"we are blamed for a write that broke", blame(BreakWrite, SideLocal), "the client blames us for break write"},
	{"a panic is blamed on somebody after the end", behind(func(before Lifecycle, l *Lifecycle, e Event, _ CloseBody, _ time.Time) {
		if e == Fail && before.state == Cut {
			l.ending.Began = SideLocal
		}
	}), "the client's record of what began it is overwritten"},
	{"a panic is not explained", cell(Open, Fail, transition{Failed, EndTransport, keeps}),
		"the client does not say why it failed"},
	{"a panic after our Close frame is explained once more", cell(ClosedByUs, Fail, transition{Failed, SendFailure, keeps}),
		"the client cannot send its Close frame"},
	{"a panic while nothing can be sent is explained", cell(Cut, Fail, transition{Failed, SendFailure, keeps}),
		"the client cannot send its Close frame"},
	{"a write that is cut drops what has come", cell(Open, CutWrite, transition{Terminated, Drop, keeps}),
		"the client drops the transport with a Close frame in it"},
	{"a Close frame counts although a write was cut before it", cell(ClosedByUs, CutWrite, transition{Cut, ReadOut, keeps}),
		"the server has it that it sent Close 4000, not 0"},
	{"a Close frame that waits counts when its call ends", cell(ClosedByUs, GiveUp, transition{Terminated, Drop, keeps}),
		"the server has it that it sent Close 4000, not 0"},
	{"a reply that waits counts when a call ends", cell(Acknowledged, GiveUp, transition{Terminated, Drop, keeps}),
		"the client has it that it sent Close 4001, not 0"},
	{"a call that ends changes nothing", cell(Failed, GiveUp, transition{Failed, Nothing, keeps}),
		"the client gives up, and is failed"},
	{"an end that is given up after its handshake drops TCP", cell(Acknowledged, Abandon, transition{Terminated, Drop, loses}),
		"the server does not wait for the end of TCP"},
}

// The explorer finds what is wrong with a machine that is broken on purpose.
func TestBreakages(t *testing.T) {
	for _, b := range breakages {
		t.Run(b.name, func(t *testing.T) {
			m := engine()
			b.into(&m)
			states := 0
			for _, e := range explorations {
				x := e.explorer(m, 1)
				x.explore()
				states += len(x.worlds)
				if len(x.faults) == 0 {
					continue
				}
				f := x.faults[0]
				if f.complaint != b.complaint {
					t.Errorf("the complaint is %q, want %q", f.complaint, b.complaint)
				}
				t.Logf("found after %d states, %s:\n%v", states, e.name, f)
				return
			}
			t.Errorf("not found in %d states", states)
		})
	}
}
