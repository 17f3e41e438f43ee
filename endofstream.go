package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// endOfStream deals with the end of the stream, because of which there is nothing more
// to read: cause. It returns what the read that met it returns.
//
// The peer may have closed its direction only, and still read. What we owed it by then
// is sent before the connection ends: pongs, what a [Batch] or a loop over messages
// held back, writes under way.
func (c *Conn) endOfStream(ctx context.Context, cause error) error {
	c.life.keepCause(cause)
	if !c.out.owes() {
		c.event(conn.EndOfStream, conn.CloseBody{}, cause)
		return c.closedError()
	}
	if from, _ := c.out.coalesce.on(endOfStream); from != streamEnded {
		go c.closing().sendLast(cause)
	}
	select {
	case <-c.done():
	case <-ctx.Done():
		if c.state() != conn.Terminated {
			return ctx.Err() // the next read meets the end again
		}
	}
	return c.closedError()
}

// sendLast sends what is due and ends the connection, within [Timeouts.Close].
func (h *closing) sendLast(cause error) {
	end := func() { h.life.handle(conn.EndOfStream, conn.CloseBody{}, cause) }
	late := time.AfterFunc(h.life.closeTimeout, end)
	defer late.Stop()
	if h.out.gate.Lock(nil, h.life.done()) {
		h.out.flushAndLeave()
	}
	end()
}
