package websocket

import (
	"context"
	"time"
)

// replyWait is how long answers may be held while the body of a loop over messages takes
// its time, and how long a loop that ends waits for them to leave.
const replyWait = 5 * time.Millisecond

// expectReplies says whether a loop has another message at hand. Inside the read gate.
func (s *sender) expectReplies(isMore bool) {
	switch {
	case s.coalesce.state()&more != 0 == isMore:
	case isMore:
		s.coalesce.on(moreAtHand)
	default:
		s.coalesce.on(noneAtHand)
	}
}

// endReplies is called when a loop over messages ends. Write has said that the answers are
// sent, and what follows may be CloseNow, so it waits for them to leave. But it does not
// wait long: what follows may as well read on, and another goroutine's write, for which
// they wait, may wait for a peer that waits for us in the same way.
func (s *sender) endReplies(ctx context.Context) {
	if s.coalesce.state()&more == 0 {
		return
	}
	s.coalesce.on(noneAtHand)
	s.beforeWait()
	if !s.coalesce.state().anyHeld() {
		return
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = s.flushHeld(context.Background())
	}()
	tooLong := time.NewTimer(replyWait)
	defer tooLong.Stop()
	select {
	case <-sent:
	case <-tooLong.C:
	case <-ctx.Done():
	}
}

// holdBack leaves f in the buffer for more to follow, if it is small, alone and
// not begun on the wire.
func (s *sender) holdBack(f *outFrame) bool {
	if !s.box.Hold(&f.OutFrame) {
		return false
	}
	s.mu.Lock()
	s.forgive(f)
	f.complete(nil)
	s.mu.Unlock()
	s.noteHeld(f.hold)
	return true
}

// noteHeld notes that a message is held, and bounds for how long. Inside the gate.
func (s *sender) noteHeld(h holding) {
	e := holdReply
	if h == inBatch {
		e = holdBatch
	}
	switch from, to := s.coalesce.on(e); {
	case from&timed != 0 || to&timed == 0:
	case s.limiter == nil:
		s.limiter = time.AfterFunc(replyWait, s.holdExpired)
	default:
		s.limiter.Reset(replyWait)
	}
}

// holdExpired is called when the timer of noteHeld fires.
func (s *sender) holdExpired() {
	if _, to := s.coalesce.on(timerFired); to.anyHeld() {
		s.sendHeld()
	}
}

// beforeWait sends what is held, since the peer may be waiting for it, but does not wait
// for that: a peer that writes and does not read must not keep us from reading.
func (s *sender) beforeWait() {
	if s.coalesce.state().anyHeld() {
		s.sendHeld()
	}
}

func (s *sender) sendHeld() {
	s.coalesce.on(wantFlush)
	if !s.gate.TryLock() {
		return // leave, called by whoever is inside, looks at it
	}
	if !s.coalesce.state().anyHeld() { // it has left meanwhile
		s.leave()
		return
	}
	head, _ := s.box.Pending()
	if n := (*s.stream).TryWrite(head); n > 0 {
		s.advance(n)
	}
	if s.box.Unsent() {
		s.handOver()
		return
	}
	s.leave()
}

// flushHeld sends what is held, and waits until it has left.
func (s *sender) flushHeld(ctx context.Context) error {
	if !s.gate.Lock(ctx.Done(), nil) {
		return s.host.givenUp(ctx)
	}
	s.flush(ctx, nil)
	s.leave()
	if !s.canSend() {
		return nil // the read that follows tells what happened
	}
	return s.host.givenUp(ctx)
}
