package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/transport"
)

// sending is a Conn as its sender sees it.
type sending Conn

func (c *Conn) openSender(limit time.Duration) {
	s := &c.out
	s.canceler.Init(&c.transport, transport.Writing)
	s.stream, s.host, s.state, s.role = &c.transport, (*sending)(c), &c.life.state, c.role
	if limit > 0 {
		s.setPace(&pace{limit: limit})
	}
	if c.trace != nil {
		s.trace = c.traceWritten
	}
}

func (h *sending) beginClose(f *outFrame) (conn.Action, bool) {
	return h.life.handle(f.event, f.body, nil)
}

func (h *sending) closeWritten() { h.life.handle(conn.FlushClose, conn.CloseBody{}, nil) }

func (h *sending) sendFailed(e conn.Event, cause error) { h.life.handle(e, conn.CloseBody{}, cause) }

func (h *sending) closedError() *ClosedError { return h.life.closedError() }

func (h *sending) mayPong() bool {
	s := h.life.current()
	return s != conn.Cut && s != conn.Terminated && !h.life.sentClose()
}

func (h *sending) interrupts(ctx context.Context) <-chan struct{} {
	return (*Conn)(h).interrupts(ctx)
}

func (h *sending) done() <-chan struct{} { return h.life.done() }

// deflates reports whether a message of n bytes is to be compressed.
func (c *Conn) deflates(n int) bool { return c.deflate != nil && n >= c.deflate.threshold }
