package websocket

import (
	"context"
	"time"
)

// repliesWait is how long replies may be held back by a loop over messages whose body
// takes its time, and how long a loop that ends waits for them to leave.
const repliesWait = 5 * time.Millisecond

// expectReplies says whether the answer to what is read now may wait for those to the
// messages that have arrived behind it. Inside the read gate.
func (c *Conn) expectReplies(more bool) {
	if w := &c.out; w.replying.Load() != more {
		w.replying.Store(more)
	}
}

// endReplies sends what is held back.
func (c *Conn) endReplies() {
	c.out.replying.Store(false)
	c.beforeWait()
}

// leaveReplies is endReplies when the loop ends. Write has said that they are sent, and
// what follows may be CloseNow, so it waits for them to leave. What follows may as well
// read on, and another goroutine's write may be what they wait for, which waits for a
// peer that waits for us in the same way: so it does not wait long.
func (c *Conn) leaveReplies(ctx context.Context) {
	c.endReplies()
	if c.out.held.Load() == 0 {
		return
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = c.flushHeld(context.Background())
	}()
	late := time.NewTimer(repliesWait)
	defer late.Stop()
	select {
	case <-sent:
	case <-late.C:
	case <-ctx.Done():
	}
}

// noteHeld has all that is encoded wait for more to leave with it, inside the write
// gate: it cannot be taken back any more.
func (c *Conn) noteHeld(hold holding) {
	w := &c.out
	w.committed = w.encoded
	w.held.Store(int32(w.end - w.start))
	if hold == asReply || w.replying.Load() {
		w.limitHolding(c)
	}
}

// limitHolding sees to it that what is held back leaves in time, inside the write
// gate. The timer is not stopped when it does: it then finds nothing to do, and that
// costs less than to set it for each batch.
func (w *writer) limitHolding(c *Conn) {
	if w.limiting.Load() {
		return
	}
	w.limiting.Store(true)
	if w.limiter == nil {
		w.limiter = time.AfterFunc(repliesWait, c.replyLate)
		return
	}
	w.limiter.Reset(repliesWait)
}

// replyLate is when the timer of limitHolding fires.
func (c *Conn) replyLate() {
	w := &c.out
	w.limiting.Store(false)
	if w.held.Load() > 0 {
		c.endReplies() // and what the body writes from now on is not held back
	}
}
