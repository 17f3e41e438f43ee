package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/transport"
)

// sending is a Conn as its sender sees it.
type sending Conn

func (c *Conn) openSender(opts *ConnOptions) {
	s := &c.out
	s.canceler.Init(&c.transport, transport.Writing)
	s.stream, s.host, s.state, s.role = &c.transport, (*sending)(c), &c.life.state, c.role
	if opts.Timeouts.Write > 0 {
		s.setPace(&pace{limit: opts.Timeouts.Write})
	}
	if c.trace != nil {
		s.trace = c.traceWritten
	}
}

func (h *sending) beginClose(f *outFrame) (conn.Action, bool) {
	// In Failed the one Close frame is for the code of the violation.
	not := conn.Failed
	if f.failure {
		not = conn.Terminated
	}
	return (*Conn)(h).eventUnless(not, conn.SendClose, f.body, nil)
}

func (h *sending) closeWritten() { h.life.written.Store(true) }

func (h *sending) sendFailed(e conn.Event, cause error) {
	(*Conn)(h).event(e, conn.CloseBody{}, cause)
}

func (h *sending) closedError() *ClosedError { return (*Conn)(h).closedError() }

func (h *sending) mayPong() bool {
	c := (*Conn)(h)
	s := c.state()
	return s != conn.Cut && s != conn.Terminated && !c.sentClose()
}

func (h *sending) interrupts(ctx context.Context) <-chan struct{} {
	c := (*Conn)(h)
	if own, ok := ctx.(*serveContext); ok && own.c == c {
		return nil
	}
	done := ctx.Done()
	if c.life.isDone(done) {
		return nil
	}
	return done
}

func (h *sending) done() <-chan struct{} { return (*Conn)(h).done() }

// deflates reports whether a message of n bytes is to be compressed.
func (c *Conn) deflates(n int) bool { return c.deflate != nil && n >= c.deflate.threshold }

// For the receiving half.

func (c *Conn) beforeWait() { c.out.beforeWait() }

func (c *Conn) queuePong(payload []byte) { c.out.queuePong(payload) }
