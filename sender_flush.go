package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// flush writes what is due, until f is complete, or, if f is nil, until what was due
// at first is on the wire: nobody serves the others for ever. It returns sooner when
// ctx has ended, whose frame is then taken back if it can be, and when f cannot go
// before a fragmented message has ended. Inside the gate.
func (s *sender) flush(ctx context.Context, f *outFrame) {
	if f != nil && f.phase == outComplete {
		return
	}
	s.borrow()
	if f == nil || f.phase != outEncoded || ctx.Err() == nil { // what is to be taken back stays the last
		s.encodeDue(f)
	}
	vain := 0 // writes in a row that timed out of themselves, with nothing written
	for _, due := s.box.Offsets(); s.box.Unsent(); s.encodeDue(f) {
		if f != nil && s.coalesce.state().admits(f.hold) && s.holdBack(f) {
			return
		}
		before, _ := s.box.Offsets()
		outcome, err := s.writeSome(ctx)
		sent, _ := s.box.Offsets()
		if vain++; outcome != timedOut || sent != before {
			vain = 0
		}
		s.settleSent()
		switch {
		case outcome == failed, vain > 1:
			s.fail(conn.BreakWrite, s.withCancelCause(ctx, err))
			return
		case outcome != written, s.canceled.Load() != 0:
			var goOn bool
			if ctx, goOn = s.retractCanceled(ctx, f); !goOn {
				return
			}
		case f != nil && f.phase == outComplete, f == nil && sent >= due:
			return
		}
	}
}

// writeSome writes some of what is pending, or all of it.
func (s *sender) writeSome(ctx context.Context) (writeOutcome, error) {
	if err := s.arm(ctx); err != nil || s.canceled.Load() != 0 {
		return interrupted, nil // as if the write had been interrupted at once
	}
	if s.pace != nil {
		err := s.writePart()
		return s.outcomeOf(err), err
	}
	head, tail := s.box.Pending()
	n, err := (*s.stream).Write(head, tail)
	s.advance(n)
	return s.outcomeOf(err), err
}

// advance notes that n bytes of what is pending are on the wire.
func (s *sender) advance(n int) {
	s.box.Advance(n)
	s.noteGone()
}

// noteGone notes that nothing is held any more.
func (s *sender) noteGone() {
	if s.coalesce.state().anyHeld() { // to look is cheaper than to store
		s.coalesce.on(haveWritten)
	}
}

// settleSent completes the frames that are on the wire whole.
func (s *sender) settleSent() {
	done := s.box.Done()
	if len(done) == 0 {
		return
	}
	if len(done) == 1 && done[0] == &s.inline.OutFrame {
		s.noteWritten(&s.inline)
		s.inline.complete(nil)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range done {
		f := ownerOf(d)
		s.forgive(f)
		s.noteWritten(f)
		f.complete(nil)
	}
}

// noteWritten notes that a frame is on the wire whole.
func (s *sender) noteWritten(f *outFrame) {
	if f.Header.Opcode == frame.Close {
		s.host.closeWritten()
	}
}

// fail reports that nothing more can be sent, and fails what is under way.
func (s *sender) fail(e conn.Event, cause error) {
	s.host.sendFailed(e, cause)
	s.failEncoded()
}

// failEncoded fails the frames that are encoded and not complete.
func (s *sender) failEncoded() {
	lost := s.box.Clear()
	s.message.Store(0)
	s.noteGone()
	if len(lost) == 0 {
		return
	}
	err := s.host.closedError()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range lost {
		f := ownerOf(d)
		s.forgive(f)
		f.complete(err)
	}
}

// encodeDue encodes what may be sent now, as far as there is room: pongs, the queue, and f
// if it is the inline frame. Inside the gate.
func (s *sender) encodeDue(f *outFrame) {
	if s.pongsDue.Load() > 0 && s.box.HasRoom() {
		s.encodePongs()
	}
	for s.box.HasRoom() {
		next := s.takeNext(f)
		switch {
		case next != nil:
			s.encode(next)
		case s.due.Load() > 0 && s.pongsDue.Load() > 0: // they go before a Close frame
			s.encodePongs()
		default:
			return
		}
	}
}

// encode puts f behind what is encoded, unless the state forbids it. It is the
// one place where a frame that is waited for gets its place in the stream.
func (s *sender) encode(f *outFrame) {
	if f.Header.Opcode == frame.Close {
		// RFC 6455 §5.5.1: nothing follows our Close frame. The state says so from here on.
		do, ok := s.host.beginClose(f)
		if !ok {
			s.reject(f)
			return
		}
		f.do = do
	} else if !s.canSend() {
		s.reject(f)
		return
	}
	var key frame.Key
	if s.role.Masks() {
		key = newMaskKey()
	}
	s.box.Append(&f.OutFrame, key)
	if f == &s.inline {
		f.phase = outEncoded // a frame from the queue has been since takeNext, and may be canceled by now
	}
	if f.Message != 0 {
		s.message.Store(s.box.Message())
	}
	if s.trace != nil {
		s.trace(f.Header)
	}
}

// reject completes a frame that cannot be sent any more.
func (s *sender) reject(f *outFrame) {
	err := s.host.closedError()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgive(f)
	f.complete(err)
}

// encodePongs encodes the pongs that are due, as far as there is room.
func (s *sender) encodePongs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	pongs := &s.waits().pongs
	// A ping that came before the peer's Close frame, or before what we refused, is
	// still answered: RFC 6455 §5.5.2.
	if !s.host.mayPong() {
		pongs.Clear()
	}
	for pongs.Len() > 0 && s.box.HasRoom() {
		var key frame.Key
		if s.role.Masks() {
			key = newMaskKey()
		}
		h := s.box.AppendPong(pongs.Next(), key)
		if s.trace != nil {
			s.trace(h)
		}
	}
	s.pongsDue.Store(int32(pongs.Len()))
}
