package conn

import "time"

// Lifecycle is the state of one connection together with the record of how it
// ends and the deadline of its present state. The zero value is Open, with no
// time limit on closing.
//
// It is not safe for concurrent use; its owner guards it.
type Lifecycle struct {
	// CloseTimeout bounds everything between leaving Open and Terminated: the
	// Close frame, the wait for the peer's, the wait for the end of the stream.
	// Zero: no bound.
	CloseTimeout time.Duration

	state    State
	close    closeFrame
	ending   Ending
	deadline time.Time
}

// State returns the present state.
func (l *Lifecycle) State() State { return l.state }

// Ending returns what is known so far of how the connection ended.
func (l *Lifecycle) Ending() Ending { return l.ending }

// Deadline returns when the present state will have lasted too long; the zero
// time means never. The owner reports [Expire] when it has passed.
func (l *Lifecycle) Deadline() time.Time { return l.deadline }

// Handle changes the state as the tables say. It is the only function that does.
// body is the Close frame that was sent or received, for the events that
// have one. ok is false when the event has no meaning in the present state.
func (l *Lifecycle) Handle(e Event, body CloseBody, now time.Time) (do Action, ok bool) {
	t, ok := transitions[l.state][e]
	if !ok {
		return Nothing, false
	}
	is := closeFrames[l.close][t.close]
	if is == impossible {
		return Nothing, false
	}
	l.ending.record(l.state, e, body)
	if is == lost {
		l.ending.Sent = CloseBody{}
	}
	switch {
	case t.to == Terminated:
		l.deadline = time.Time{}
	case l.state == Open && l.CloseTimeout > 0:
		// One deadline for the whole of closing: a peer cannot stretch it by
		// answering a step at a time.
		l.deadline = now.Add(l.CloseTimeout)
	}
	l.state, l.close = t.to, is
	return t.do, true
}
