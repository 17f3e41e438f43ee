package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/internal/transport"
)

// arm makes ctx able to interrupt one direction of the transport.
func (c *Conn) arm(w *transport.Canceler, ctx context.Context) error {
	done := c.interrupts(ctx)
	if done == nil {
		w.Disarm()
		return nil
	}
	return w.Arm(ctx, done)
}

// interrupts returns what is closed when ctx ends, if that has to interrupt a call. A ctx
// that is done when the connection has ended needs no watching: that interrupts of itself.
func (c *Conn) interrupts(ctx context.Context) <-chan struct{} {
	if c.endsWith(ctx) {
		return nil
	}
	done := ctx.Done()
	if done == nil || c.life.isDone(done) {
		return nil
	}
	return done
}

// beforeWait sends what a [Batch] holds back, since the peer may be waiting for it,
// but does not wait for that: a peer that writes and does not read must not keep us
// from reading.
func (c *Conn) beforeWait() {
	if c.out.held.Load() != 0 {
		c.sendHeld()
	}
}

func (c *Conn) sendHeld() {
	w := &c.out
	w.urged.Store(true)
	if !w.gate.TryLock() {
		return // leaveWrite of whoever is inside sees to it
	}
	if w.held.Load() == 0 { // it has left meanwhile
		w.urged.Store(false)
		c.leaveWrite()
		return
	}
	if n := c.transport.TryWrite(w.buf[w.start:w.end]); n > 0 {
		w.wrote(n)
	}
	if w.unsent() {
		c.handOver()
		return
	}
	c.leaveWrite()
}
