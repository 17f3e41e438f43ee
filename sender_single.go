package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/maskkey"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Most messages are a single small frame, and find nothing else on its way out. This is
// their fast path; it decides exactly as the general path does, which takes all others.

// write sends a message as one frame. It is deliberately not split further: each call frame
// grows the stack of an idle goroutine, see sendInline.
func (s *sender) write(ctx context.Context, m *message) error {
	if !s.gate.TryLock() {
		return s.enqueueSingle(ctx, m)
	}
	size := s.putSingle(m)
	if size > 0 && (s.coalesce.state().admits(m.hold) && s.holdSingle(m) || s.traits.Has(transport.TriesWrites) && s.tryPending() || s.sendWaiting(ctx, m, size)) {
		s.leave()
		return nil
	}
	if size == 0 {
		s.borrow()
		s.inline.single(m)
	}
	if _, complete, err := s.sendInline(ctx); complete {
		return err
	}
	return s.enqueueSingle(ctx, m)
}

// putSingle encodes a message, inside the gate, if nothing stands before it but what is
// held. size is the number of bytes, 0 if it was not encoded.
func (w *frameWriter) putSingle(m *message) (size int) {
	if len(m.payload) > conn.MaxInlinePayload || w.due.Load() != 0 || w.pongsDue.Load() != 0 || w.message.Load() != 0 || w.trace != nil || !w.canSend() {
		return 0
	}
	w.borrow()
	var key frame.Key
	if w.role.Masks() {
		key = maskkey.New()
	}
	return w.box.AppendSingle(m.opcode, m.payload, key)
}

// holdSingle holds what putSingle has encoded, unless the buffer is too full.
func (s *sender) holdSingle(m *message) bool {
	if !s.box.Hold(nil) {
		return false
	}
	s.noteHeld(m.hold)
	return true
}

// tryPending sends what is in the buffer, as far as that goes without waiting, and reports
// whether that was all.
func (w *frameWriter) tryPending() bool {
	head, _ := w.box.Pending()
	n := (*w.stream).TryWrite(head)
	if n == 0 {
		return false
	}
	w.advance(n)
	return !w.box.Unsent()
}

// sendWaiting goes on where an attempt without waiting stopped. If it stops as well, flush
// goes on: with what an interruption calls for, which it meets again, but not with a
// transport that has failed.
func (w *frameWriter) sendWaiting(ctx context.Context, m *message, size int) bool {
	var err error
	if w.pace == nil && arm(ctx, &w.canceler, w.host) == nil {
		var n int
		head, _ := w.box.Pending()
		n, err = (*w.stream).Write(head, nil)
		if w.advance(n); err == nil && !w.box.Unsent() {
			return true
		}
	}
	w.inline.single(m)
	w.inline.phase = outEncoded
	w.box.Claim(&w.inline.OutFrame, size)
	outcome := w.outcomeOf(err)
	w.settleSent()
	if outcome == failed {
		w.fail(conn.BreakWrite, w.withCancelCause(ctx, err))
	}
	return false
}

// enqueueSingle stays out of line, so that the frame of write stays small.
//
//go:noinline
func (s *sender) enqueueSingle(ctx context.Context, m *message) error {
	var f outFrame
	f.single(m)
	_, err := s.enqueue(ctx, &f)
	return err
}

// tryEnterIdle enters the gate if nobody is inside, and a message would go past nobody:
// neither what is held or half on the wire, nor who waits, nor fragments.
func (s *sender) tryEnterIdle() bool {
	if !s.gate.TryLock() {
		return false
	}
	if s.loan != nil || s.due.Load() > 0 || s.pongsDue.Load() > 0 || s.message.Load() != 0 || !s.canSend() {
		s.leave()
		return false
	}
	return true
}

// offered is how much of a frame the transport has taken without waiting.
type offered uint8

const (
	takenNothing offered = iota
	takenInPart          // the Outbox has the rest
	takenWhole
)

// leaveOffered leaves the gate, to a goroutine that sends the rest if there is one. It
// reports whether the frame is on its way.
func (s *sender) leaveOffered(o offered) bool {
	if o == takenInPart {
		s.handOver()
	} else {
		s.leave()
	}
	return o != takenNothing
}

// offerFramed offers a frame from where it is. Of one that was taken in part the Outbox
// keeps the rest.
func (w *frameWriter) offerFramed(p []byte) offered {
	n := (*w.stream).TryWrite(p)
	switch n {
	case 0:
		return takenNothing
	case len(p):
		return takenWhole
	default:
		w.borrow()
		w.box.AppendRest(p[n:])
		return takenInPart
	}
}

// offerMasked masks a payload, a part at a time, and offers it behind its header.
func (w *frameWriter) offerMasked(h frame.Header, payload []byte) offered {
	w.borrow()
	before, _ := w.box.Offsets()
	w.inline.OutFrame = conn.OutFrame{Header: h, Payload: payload}
	w.box.Append(&w.inline.OutFrame, maskkey.New())
	w.box.Commit() // nobody waits for it
	w.inline.OutFrame = conn.OutFrame{Owner: &w.inline}
	for w.box.Unsent() {
		head, _ := w.box.Pending()
		n := (*w.stream).TryWrite(head)
		if w.advance(n); n < len(head) {
			break
		}
	}
	switch sent, encoded := w.box.Offsets(); sent {
	case before:
		w.box.Clear() // as if it had never been here
		return takenNothing
	case encoded:
		return takenWhole
	}
	return takenInPart
}
