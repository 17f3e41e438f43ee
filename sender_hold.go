package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/transport"
)

// replyWait limits how long replies are held while the body of a loop over messages runs,
// and how long a loop that ends waits for them to be sent.
const replyWait = 5 * time.Millisecond

// expectReplies is told whether a loop over messages has another message at hand, so that
// more replies follow. Inside the read gate.
func (s *sender) expectReplies(isMore bool) {
	switch {
	case s.coalesce.state()&loopHasMore != 0 == isMore:
	case isMore:
		s.coalesce.on(moreAtHand)
	default:
		s.coalesce.on(noneAtHand)
	}
}

// expectMore is expectReplies where there is another message.
func (s *sender) expectMore() {
	if s.coalesce.state()&loopHasMore == 0 {
		s.coalesce.on(moreAtHand)
	}
}

// endReplies is called when a loop over messages ends. It waits until the held replies are
// sent, because Write has reported success for them and the application may call CloseNow
// next. It waits for replyWait at most: the replies may be stuck behind the write of
// another goroutine, to a peer that waits for us to read.
func (s *sender) endReplies(ctx context.Context) {
	if s.coalesce.state()&loopHasMore == 0 {
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

// holdBack leaves f in the buffer until more frames follow, and completes it. It does so
// only if f is small, alone in the buffer, and not yet on the wire in part.
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

// noteHeld records that a message is held, and starts the timer that limits for how long.
// Inside the gate.
func (s *sender) noteHeld(h holding) {
	e := holdReply
	if h == inBatch {
		e = holdBatch
	}
	from, to := s.coalesce.on(e)
	switch {
	case s.traits.Has(transport.Posts) && s.host.inLoop(): // asked after the change: see loopConn.goAlone
		if e == holdReply && from&loopHasMore == 0 { // the turn that would have sent it has ended
			s.coalesce.on(wantFlush)
		}
	case from&timerRuns != 0 || to&timerRuns == 0:
	default:
		s.seldomUsed().startTimer(s.holdExpired)
	}
}

// startTimer has expired called after replyWait. The function is that of the first call.
func (x *seldom) startTimer(expired func()) {
	if x.timer == nil {
		x.timer = time.AfterFunc(replyWait, expired)
		return
	}
	x.timer.Reset(replyWait)
}

// holdExpired is called when the timer of noteHeld fires.
func (s *sender) holdExpired() {
	if _, to := s.coalesce.on(timerFired); to.anyHeld() {
		s.sendHeld()
	}
}

// beforeWait sends held messages before a read waits for the network, because the peer may
// be waiting for them. It does not wait for the write: a peer that writes and does not read
// must not stop us from reading.
func (s *sender) beforeWait() {
	if s.coalesce.state().anyHeld() {
		s.sendHeld()
	}
}

// sendHeld sends held messages without waiting for the network. If the gate is taken,
// whoever is inside sends them.
func (s *sender) sendHeld() {
	if !s.gate.TryLock() {
		s.coalesce.on(wantFlush)
		if !s.gate.TryLock() {
			return // whoever is inside sees flushWanted when it leaves
		}
	}
	if !s.coalesce.state().anyHeld() { // they have been sent meanwhile
		s.leave()
		return
	}
	head, _ := s.box.Pending()
	if n := s.canceler.Transport().TryWrite(head); n > 0 {
		s.advance(n)
	}
	if s.box.Unsent() {
		s.coalesce.on(wantFlush)
		s.handOver()
		return
	}
	s.leave()
}

// flushHeld sends held messages and waits until they are sent.
func (s *sender) flushHeld(ctx context.Context) error {
	if !s.gate.Lock(ctx.Done(), nil) {
		return s.host.givenUp(ctx)
	}
	s.flush(ctx, nil)
	s.leave()
	if !s.canSend() {
		return nil // the next read reports what happened
	}
	return s.host.givenUp(ctx)
}

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
