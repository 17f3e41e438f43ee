package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/maskkey"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Most messages are a single small frame that finds nothing else on its way out. This is
// their fast path. It decides exactly as the general path does, which takes all others.

// write sends a message as one frame. It is deliberately not split further: each call would
// grow the stack of an idle goroutine, see sendInline.
func (s *sender) write(ctx context.Context, m *message) error {
	if !s.gate.TryLock() {
		return s.enqueueSingle(ctx, m)
	}
	size := s.putSingle(m)
	if size > 0 && s.coalesce.state().admits(m.hold) && s.holdSingle(m) {
		s.leaveHeld()
		return nil
	}
	if size > 0 && (s.traits.Has(transport.TriesWrites) && (s.tryPending() || s.postSingle()) || s.sendWaiting(ctx, m, size)) {
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

// putSingle encodes a message if nothing is ahead of it but held messages. size is the
// number of bytes encoded, 0 if the message was not. Inside the gate.
func (w *frameWriter) putSingle(m *message) (size int) {
	if len(m.payload) > conn.MaxCopiedPayload || w.due.Load() != 0 || w.pongsDue.Load() != 0 || w.message.Load() != 0 || w.traced || !w.canSend() {
		return 0
	}
	w.borrow()
	return w.box.AppendSingle(m.opcode, m.payload, w.maskKey())
}

// holdSingle holds what putSingle has encoded, unless the buffer is too full.
func (s *sender) holdSingle(m *message) bool {
	if !s.box.Hold(nil) {
		return false
	}
	s.noteHeld(m.hold)
	return true
}

// tryPending sends what the transport takes without waiting, and reports whether that was
// everything.
func (w *frameWriter) tryPending() bool {
	head, _ := w.box.Pending()
	n := w.canceler.Transport().TryWrite(head)
	if n == 0 {
		return false
	}
	w.advance(n)
	return !w.box.Unsent()
}

// sendWaiting waits for the transport to take the rest. It reports whether all is sent. If
// it was interrupted, the message becomes the inline frame and flush continues with it. If
// the transport failed, so does the message.
func (w *frameWriter) sendWaiting(ctx context.Context, m *message, size int) bool {
	var err error
	if w.pace == nil && arm(ctx, &w.canceler, w.host) == nil {
		var n int
		head, _ := w.box.Pending()
		n, err = w.canceler.Transport().Write(head, nil)
		if w.advance(n); err == nil && !w.box.Unsent() {
			return true
		}
	}
	w.inline.single(m)
	w.inline.phase = outEncoded
	w.box.Claim(&w.inline.OutFrame, size)
	if w.outcomeOf(err) == writeFailed {
		w.failWrite(ctx, err)
	} else {
		w.settleSent()
	}
	return false
}

// enqueueSingle is not inlined, so that the stack frame of write stays small.
//
//go:noinline
func (s *sender) enqueueSingle(ctx context.Context, m *message) error {
	var f outFrame
	f.single(m)
	_, err := s.enqueue(ctx, &f)
	return err
}

// tryEnterIdle enters the gate if nobody is inside and a message sent now would overtake
// nothing: no bytes that are held or half written, no frames that wait, no fragmented
// message.
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

// leaveOffered leaves the gate. If the transport took only part of the frame, a goroutine
// inherits the gate and sends the rest. leaveOffered reports whether the frame is on its
// way.
func (s *sender) leaveOffered(o offered) bool {
	if o == takenInPart {
		s.handOver()
	} else {
		s.leave()
	}
	return o != takenNothing
}

// offerFramed offers an encoded frame to the transport without copying it. If the transport
// takes only part, the rest becomes the tail of the Outbox.
func (w *frameWriter) offerFramed(p []byte) offered {
	n := w.canceler.Transport().TryWrite(p)
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

// offerMasked offers a frame whose payload has to be masked, one buffer of the Outbox at a
// time.
func (w *frameWriter) offerMasked(h frame.Header, payload []byte) offered {
	w.borrow()
	before, _ := w.box.Offsets()
	w.inline.OutFrame = conn.OutFrame{Header: h, Payload: payload}
	w.box.Append(&w.inline.OutFrame, maskkey.New())
	w.box.Commit() // nobody waits for it
	w.inline.OutFrame = conn.OutFrame{Owner: &w.inline}
	for w.box.Unsent() {
		head, _ := w.box.Pending()
		n := w.canceler.Transport().TryWrite(head)
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
