package h2

import (
	"encoding/binary"
	"errors"
)

// frame handles a frame that was gathered.
func (e *Endpoint) frame(payload []byte) (Event, error) {
	switch e.header.Type {
	case TypeHeaders:
		return e.onHeaders(payload)
	case TypeContinuation:
		return e.onContinuation(payload)
	case TypeResetStream:
		return e.onReset(Code(binary.BigEndian.Uint32(payload)))
	case TypeSettings:
		if e.header.Flags.Has(FlagAck) {
			return Event{}, e.onSettingsAck()
		}
		return e.onSettings(payload)
	case TypePing:
		return e.onPing(payload)
	case TypeGoAway:
		return e.onGoAway(payload)
	}
	return Event{}, e.onWindowUpdate(int64(binary.BigEndian.Uint32(payload) & maxWindow))
}

// receive lets an event happen to the stream of the frame under way; st is nil if it is not in
// the table. ok is false if nothing comes of it, by err or because it is too late.
func (e *Endpoint) receive(st *Stream, event StreamEvent) (ok bool, err error) {
	id := e.header.Stream
	state := e.forgotten(id)
	if st != nil {
		state = st.state
	}
	t := &transitions[state][event]
	switch t.verdict {
	case BreaksStream:
		return false, streamError(id, t.rule.code, t.rule.section, "%v %s", e.header.Type, t.rule.reason)
	case BreaksConn:
		return false, connError(t.rule.code, t.rule.section, "%v on stream %d: it came %s", e.header.Type, id, t.rule.reason)
	case Ignored:
		if event == RecvData || event == RecvWindow { // that of a window, and charged elsewhere
			return false, nil
		}
		return false, plain(e.flood.tooLate())
	}
	if st != nil {
		e.move(st, event)
	}
	return true, nil
}

// move changes the state of a stream. It is the only function that does. It reports whether
// the event is possible.
func (e *Endpoint) move(st *Stream, event StreamEvent) bool {
	t := &transitions[st.state][event]
	if t.verdict != Accepted {
		return false
	}
	if st.state = t.to; st.state.Over() {
		e.over(st, event)
	}
	return true
}

// over drops what a stream has that nothing more happens to. Only a stream that was reset has
// chunks that nobody waits for any more.
func (e *Endpoint) over(st *Stream, event StreamEvent) {
	e.table.active--
	if event != RecvReset {
		e.flood.expect()
	}
	if event == SendReset || event == RecvReset {
		e.ring.remove(st)
		e.outbox.forget(st)
		st.clear()
	}
	if st.state == Reset {
		e.table.resets.add(st.id)
	}
	if st.hold == released {
		e.table.remove(st)
	}
}

// forgotten is the state of a stream that is not in the table.
func (e *Endpoint) forgotten(id uint32) State {
	used, taken := e.table.remote, e.going.said
	if e.opened(id) {
		used, taken = e.table.local, maxStreamID
	}
	switch {
	case id > used:
		return Idle
	case id > taken: // it came after our GOAWAY (§6.8)
		return Reset
	case e.table.resets.has(id):
		return Reset
	}
	return Closed
}

func (e *Endpoint) onReset(code Code) (Event, error) {
	st := e.table.find(e.header.Stream)
	unanswered := st != nil && (st.state == OwingHead || st.state == OwingHeadAtEnd)
	if ok, err := e.receive(st, RecvReset); !ok {
		return Event{}, err
	}
	if unanswered {
		if err := e.flood.charge(1, "RST_STREAM of a request without an answer"); err != nil {
			return Event{}, err
		}
	}
	return Event{Kind: ResetByPeer, Stream: st, Code: code}, nil
}

// onPing answers (RFC 9113 §6.7).
func (e *Endpoint) onPing(payload []byte) (Event, error) {
	if e.header.Flags.Has(FlagAck) {
		if e.going.pings == 0 {
			return Event{}, plain(e.flood.charge(1, "an answer to no PING"))
		}
		e.going.pings--
		return Event{Kind: Pong, Data: payload}, nil
	}
	if err := e.flood.charge(1, "PING"); err != nil {
		return Event{}, err
	}
	return Event{}, plain(e.provoked(FrameHeader{Type: TypePing, Flags: FlagAck}, payload))
}

// provoked appends a frame that the peer has asked for.
func (e *Endpoint) provoked(h FrameHeader, payload []byte) *ConnError {
	if err := e.reply.add(e.outbox.sent, e.outbox.encoded); err != nil {
		return err
	}
	e.outbox.frame(h, payload)
	return nil
}

// onWindowUpdate opens a window (RFC 9113 §6.9).
func (e *Endpoint) onWindowUpdate(n int64) error {
	if err := e.flood.update(); err != nil {
		return err
	}
	id := e.header.Stream
	if id == 0 {
		switch {
		case n == 0:
			return connError(ProtocolError, "6.9", "WINDOW_UPDATE by 0")
		case !e.out.grow(n):
			return connError(FlowControlError, "6.9.1", "the connection's window grows to more than %d", maxWindow)
		}
		return nil
	}
	st := e.table.find(id)
	if ok, err := e.receive(st, RecvWindow); !ok {
		return err
	}
	switch {
	case n == 0:
		return streamError(id, ProtocolError, "6.9", "WINDOW_UPDATE by 0")
	case !st.out.grow(n):
		return streamError(id, FlowControlError, "6.9.1", "the window grows to more than %d", maxWindow)
	}
	e.ready(st)
	return nil
}

// refuse makes what the peer has done wrong into the frame that says so.
func (e *Endpoint) refuse(err error) (Event, error) {
	if fatal, ok := errors.AsType[*ConnError](err); ok {
		return Event{}, e.die(fatal)
	}
	broken, _ := errors.AsType[*StreamError](err) // there is no third kind
	if !e.keepsToLimit(broken) {
		if fatal := e.flood.charge(1, "a stream that we must reset: "+broken.Error()); fatal != nil {
			return Event{}, e.die(fatal)
		}
	}
	if fatal := e.provoked(resetFrame(broken.Stream, broken.Code)); fatal != nil {
		return Event{}, e.die(fatal)
	}
	st := e.table.find(broken.Stream)
	if st == nil {
		e.table.resets.add(broken.Stream)
		return Event{Kind: Refused, Err: broken}, nil
	}
	e.move(st, SendReset)
	return Event{Kind: Failed, Stream: st, Err: broken}, nil
}

// keepsToLimit reports whether a request is refused that the peer could not know to be one too many:
// to it the streams are over that whatever serves them has not left.
func (e *Endpoint) keepsToLimit(broken *StreamError) bool {
	return broken.Code == RefusedStream && e.table.active < e.cfg.MaxStreams
}
