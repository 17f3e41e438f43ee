package websocket

import (
	"context"
	"sync/atomic"
	"time"
)

// coalescing says what becomes of a small message: it leaves at once, or it stays in the
// [conn.Outbox] until more leave with it. It is one value, a sum of answers to three
// questions.
//
//	Is anything held?        0, held, or flushWanted: held no longer than the gate is taken
//	Has a loop more at hand? more: the answers to what has arrived together leave together
//	Does the timer run?      timed: it bounds how long answers are held. It is not stopped
//	                         when they leave. It then finds nothing to do, and that costs
//	                         less than to set it for each batch.
//
// Once the peer has closed its direction nothing is held any more: streamEnded.
type coalescing uint32

const (
	more coalescing = 1 << iota
	timed
	held
	flushWanted
	streamEnded

	numCoalescing = int(streamEnded) + 1
)

// coalesceEvent is something that happened to what is held.
type coalesceEvent uint8

const (
	// moreAtHand, noneAtHand: a loop over messages has another that has arrived, or not.
	moreAtHand coalesceEvent = iota
	noneAtHand
	// holdBatch, holdReply: a message of a [Batch], or of another caller, is held.
	holdBatch
	holdReply
	// wantFlush: somebody is about to wait for the peer, which may wait for what is held.
	wantFlush
	// haveWritten: something was written, or everything dropped. Nothing is held any more.
	haveWritten
	// timerFired: what is held has been for long enough.
	timerFired
	// endOfStream: the peer has closed its direction. It leads to streamEnded from
	// everywhere, and nothing leads from there.
	endOfStream

	numCoalesceEvents = iota
)

// coalesceTable is the whole of coalescing: state × event → state. An event that has no
// cell leaves the state as it is.
var coalesceTable = map[coalescing]map[coalesceEvent]coalescing{
	0: {
		moreAtHand: more,
		holdBatch:  held,
		holdReply:  held | timed,
	},
	timed: {
		moreAtHand: more | timed,
		holdBatch:  held | timed,
		holdReply:  held | timed,
		timerFired: 0,
	},
	more: {
		noneAtHand: 0,
		holdBatch:  held | more | timed, // the loop's body may take its time
		holdReply:  held | more | timed,
	},
	more | timed: {
		noneAtHand: timed,
		holdBatch:  held | more | timed,
		holdReply:  held | more | timed,
		timerFired: more,
	},
	held: {
		moreAtHand:  held | more,
		holdReply:   held | timed,
		wantFlush:   flushWanted,
		haveWritten: 0,
	},
	held | timed: {
		moreAtHand:  held | more | timed,
		wantFlush:   flushWanted | timed,
		haveWritten: timed,
		timerFired:  flushWanted,
	},
	held | more: {
		noneAtHand:  held,
		holdBatch:   held | more | timed,
		holdReply:   held | more | timed,
		wantFlush:   flushWanted | more,
		haveWritten: more,
	},
	held | more | timed: {
		noneAtHand:  held | timed,
		wantFlush:   flushWanted | more | timed,
		haveWritten: more | timed,
		timerFired:  flushWanted, // and what the body writes from now on is not held
	},
	flushWanted: {
		moreAtHand:  flushWanted | more,
		holdReply:   flushWanted | timed,
		haveWritten: 0,
	},
	flushWanted | timed: {
		moreAtHand:  flushWanted | more | timed,
		haveWritten: timed,
		timerFired:  flushWanted,
	},
	flushWanted | more: {
		noneAtHand:  flushWanted,
		holdBatch:   flushWanted | more | timed,
		holdReply:   flushWanted | more | timed,
		haveWritten: more,
	},
	flushWanted | more | timed: {
		noneAtHand:  flushWanted | timed,
		haveWritten: more | timed,
		timerFired:  flushWanted,
	},
}

// coalesceNext is coalesceTable with every cell filled in, to be looked up fast.
var coalesceNext = func() (next [numCoalescing][numCoalesceEvents]coalescing) {
	for s := range next {
		for e := range next[s] {
			next[s][e] = coalescing(s)
			if to, ok := coalesceTable[coalescing(s)][coalesceEvent(e)]; ok {
				next[s][e] = to
			}
		}
		next[s][endOfStream] = streamEnded
	}
	return next
}()

// anyHeld reports whether something is held.
func (c coalescing) anyHeld() bool { return c&(held|flushWanted) != 0 }

// coalescer is where the coalescing of a connection stands. The zero value holds nothing.
type coalescer struct{ word atomic.Uint32 }

func (c *coalescer) state() coalescing { return coalescing(c.word.Load()) }

// on changes the state as the table says. It is the only function that does.
func (c *coalescer) on(e coalesceEvent) (from, to coalescing) {
	for {
		from = c.state()
		to = coalesceNext[from][e]
		if to == from || c.word.CompareAndSwap(uint32(from), uint32(to)) {
			return from, to
		}
	}
}

// holding says when a message may be held.
type holding uint8

const (
	neverHeld holding = iota
	asReply           // while a loop over messages has more of them at hand
	inBatch           // until the batch is flushed
)

// admits reports whether a message may be held now. It is asked when the message is about
// to be sent, because things may have changed while its caller waited.
func (c coalescing) admits(h holding) bool {
	return h == inBatch && c != streamEnded || h == asReply && c&more != 0
}

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
		return ctx.Err()
	}
	s.flush(ctx, nil)
	s.leave()
	if !s.canSend() {
		return nil // the read that follows tells what happened
	}
	return ctx.Err()
}
