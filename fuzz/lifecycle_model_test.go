package fuzz_test

import (
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// model is the life of a connection a second time: not states and a table, but what has
// happened, and what RFC 6455 §7 makes of that.
type model struct {
	timeout time.Duration

	sent, received *conn.CloseBody // the Close frames
	written        bool            // sent is, all of it
	lost           bool            // sent is not, and never will be
	refused        bool            // the peer's bytes were (§7.1.7)
	mute           bool            // nothing can be sent any more
	over           bool            // the transport is gone

	left     bool // it is not open any more
	began    conn.Side
	deadline time.Time
}

// handle tells what has happened. ok is false if it cannot have, or means nothing.
func (m *model) handle(e conn.Event, body conn.CloseBody, now time.Time) (do conn.Action, ok bool) {
	if m.over || !m.possible(e) {
		return conn.Nothing, false
	}
	wasOpen := !m.left
	if body.Code == 0 {
		body.Code = 1005 // §7.1.5: a Close frame without a code
	}
	// §1.4: after the peer's Close frame "any further data received" is discarded.
	nothingToRead := m.received != nil || m.refused
	switch e {
	case conn.FlushClose:
		m.written = true
	case conn.SendClose, conn.AnswerViolation:
		m.sent = &body
		do = conn.AwaitClose // §7.1.2: and then the peer's
		if nothingToRead {
			do = conn.EndTransport // §7.1.1
		}
	case conn.ReceiveClose:
		m.received = &body
		switch {
		case m.mute:
			do, m.over = conn.Drop, true
		case m.sent == nil:
			do = conn.SendReply // §5.5.1
		default:
			do = conn.EndTransport // §7.1.1
		}
	case conn.Violate, conn.Fail:
		m.refused = true
		switch {
		case m.mute:
			do, m.over = conn.Drop, true
		case m.sent == nil:
			do = conn.SendFailure // §7.1.7
		default:
			do = conn.EndTransport // §5.5.1: there is one Close frame
		}
	case conn.BreakWrite, conn.CutWrite:
		m.lost = m.lost || m.waits()
		switch {
		case nothingToRead:
			do, m.over = conn.Drop, true
		case !m.mute:
			do = conn.ReadOut
		}
		m.mute = true
	case conn.EndOfStream:
		// Half closed: the reply can still arrive.
		if m.received == nil || m.sent != nil {
			do, m.over = conn.Drop, true
		}
	case conn.Abandon:
		// Nothing is left but to end the transport, which ends by itself.
		if m.refused || m.sent != nil && m.received != nil {
			break
		}
		do, m.over, m.lost = conn.Drop, true, m.lost || m.waits()
	case conn.Expire, conn.GiveUp:
		do, m.over, m.lost = conn.Drop, true, m.lost || m.waits()
	default: // Break: what was being written may have arrived
		do, m.over = conn.Drop, true
	}
	if wasOpen {
		m.left, m.began = true, conn.SideRemote
		switch e {
		case conn.SendClose, conn.Fail, conn.CutWrite, conn.GiveUp, conn.Abandon:
			m.began = conn.SideLocal
		}
		if m.timeout > 0 {
			m.deadline = now.Add(m.timeout) // one for all of it
		}
	}
	if m.over {
		m.deadline = time.Time{}
	}
	return do, true
}

// waits reports whether our Close frame is still to be written.
func (m *model) waits() bool { return m.sent != nil && !m.written }

// possible reports whether e means something.
func (m *model) possible(e conn.Event) bool {
	switch e {
	case conn.SendClose: // §5.5.1: one, and nothing after it
		return m.sent == nil && !m.mute && !m.refused
	case conn.AnswerViolation: // §7.1.7: with the code of what was refused
		return m.sent == nil && !m.mute && m.refused
	case conn.FlushClose:
		return m.waits() && !m.lost
	case conn.ReceiveClose, conn.Violate, conn.Fail: // something was read
		return m.received == nil && !m.refused
	}
	return true
}

// state is what conn calls this.
func (m *model) state() conn.State {
	switch {
	case m.over:
		return conn.Terminated
	case m.mute:
		return conn.Cut
	case m.refused:
		return conn.Failed
	case m.sent != nil && m.received != nil:
		return conn.Acknowledged
	case m.sent != nil:
		return conn.ClosedByUs
	case m.received != nil:
		return conn.ClosedByPeer
	}
	return conn.Open
}

// clean is §7.1.4: "after the WebSocket closing handshake was completed".
func (m *model) clean() bool { return m.sent != nil && m.received != nil && !m.lost }
