package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// On a loop nobody waits for a peer that does not read: what the socket does not take stays
// in the Outbox, posted, and the loop sends it when the peer has made room.
//
//	write ──▶ the socket takes all ──▶ on the wire
//	  │
//	  └─────▶ the socket is full ──▶ posted ── resume ──▶ on the wire
//
// That holds for what is in the buffer of the Outbox, and for payloads that nobody will
// change. Any other frame waits, as everywhere else: one that is too large, a Close frame,
// one that finds the buffer full.

// posts reports whether frames may be posted. They may not if [Timeouts.Write] limits them,
// or once the peer has ended its direction: then the end must wait for what we owe.
func (w *frameWriter) posts() bool {
	return w.traits.Has(transport.Posts) && (w.pace == nil || w.pace.limit == 0) && w.coalesce.state() != holdNoMore
}

// full reports whether a stream that posts takes nothing now.
func (w *frameWriter) full() bool {
	d, ok := w.canceler.Transport().(transport.Driven)
	return ok && d.Full()
}

// trySend sends what goes without waiting. The outcome is writeDone if that was everything,
// and writePosted if the rest was posted. Otherwise ok is false, and the caller waits. f is
// the frame that a caller waits for, or nil. Inside the gate.
func (w *frameWriter) trySend(f *outFrame) (outcome writeOutcome, ok bool) {
	if w.box.Borrows() && len(w.box.Frames()) > 0 {
		return 0, false // a payload that its caller may change afterwards
	}
	for w.box.Unsent() && w.tryMore() > 0 {
		if w.pace != nil {
			w.pace.count(0)
		}
	}
	switch {
	case !w.box.Unsent():
		return writeDone, true
	case !w.full() || f != nil && f.phase == outWaiting:
		return 0, false // it has failed; or f needs room
	}
	w.settleSent()
	for _, o := range w.box.Frames() {
		if o.Header.Opcode == frame.Close {
			return 0, false
		}
	}
	w.completePosted(w.box.Commit())
	return writePosted, true
}

// completePosted completes frames that are posted.
func (w *frameWriter) completePosted(posted []*conn.OutFrame) {
	if len(posted) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range posted {
		f := ownerOf(o)
		w.forgive(f)
		f.complete(nil)
	}
}

// postSingle posts what putSingle has encoded and the socket did not take.
func (w *frameWriter) postSingle() bool {
	if !w.posts() || !w.full() {
		return false
	}
	w.box.Commit()
	return true
}

// resume sends what was posted, when the socket has room again.
func (s *sender) resume() {
	if !s.gate.TryLock() {
		return // whoever is inside looks again when it leaves
	}
	if s.pace != nil && s.unsent() {
		s.pace.count(s.pace.aliveTimeout) // the peer has made room, and so is alive
	}
	s.flushAndLeave()
}

// leavePosted is called when the gate is open again and something is posted: the socket may
// have room by now.
func (s *sender) leavePosted() {
	if !s.full() && s.gate.TryLock() {
		s.flushAndLeave()
	}
}

// start sends f as far as that goes without waiting. If done is false, a goroutine sends the
// rest, and then calls finished.
func (s *sender) start(f *outFrame, finished func(conn.Action, error)) (do conn.Action, done bool, err error) {
	if !s.gate.TryLock() {
		go func() { finished(s.enqueue(context.Background(), f)) }()
		return do, false, nil
	}
	s.borrow()
	s.setInline(f)
	s.placeInline()
	s.encodeDue(&s.inline)
	if s.box.Unsent() && s.posts() {
		s.trySend(&s.inline)
		s.settleSent()
	}
	if s.inline.phase == outComplete {
		do, _, err = s.takeInline()
		s.leave()
		return do, true, err
	}
	go func() { // it inherits the gate
		do, _, err := s.sendInline(context.Background())
		finished(do, err)
	}()
	return do, false, nil
}

// isIdle reports whether a control frame would leave at once: nothing is ahead of it, and
// the socket is not full.
func (s *sender) isIdle() bool {
	if s.full() || !s.gate.TryLock() {
		return false
	}
	idle := s.loan == nil && s.due.Load() == 0 && s.pongsDue.Load() == 0
	s.leave()
	return idle
}
