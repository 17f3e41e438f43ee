package websocket

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// receiving is a Conn as its receiver sees it.
type receiving Conn

// openReceiver makes the receiver of a connection that has its transport, compression and
// trace.
func (c *Conn) openReceiver(limits Limits, keepAlive bool) {
	r := &c.in
	r.host, r.state = (*receiving)(c), &c.life.state
	r.frameLimit = limits.Frame
	r.fragments = int32(min(max(orDefault(limits.Fragments, defaultFragments), -1), math.MaxInt32))
	r.limit.Store(orDefault(limits.Message, defaultMessageLimit))
	r.counting, r.traced = keepAlive, c.trace != nil
	r.decoder.Init(c.role.Expects(c.deflate != nil))
	r.canceler.Init(&c.transport, transport.Reading)
}

func (h *receiving) beneath() transport.Transport { return h.transport }

func (h *receiving) interrupts(ctx context.Context) <-chan struct{} {
	return (*Conn)(h).interrupts(ctx)
}

func (h *receiving) beforeWait() { h.out.beforeWait() }

func (h *receiving) frameRead(f frame.Header) { (*Conn)(h).traceRead(f) }

func (h *receiving) closedError() error { return (*Conn)(h).closedError() }

func (h *receiving) inCallback() bool { return h.calls.onStack() }

func (h *receiving) driveAgain() { h.pings.driveAgain() }

func (h *receiving) inflater() *conn.Inflater { return &h.deflate.in }

func (h *receiving) streamEnded(ctx context.Context, cause error) error {
	return (*Conn)(h).endOfStream(ctx, cause)
}

func (h *receiving) streamBroke(cause error) error {
	(*Conn)(h).event(conn.Break, conn.CloseBody{}, cause)
	return (*Conn)(h).closedError()
}

// control deals with a whole control frame. A panic in a callback of the application,
// which may run on a goroutine of ours, is the end of its connection, not of the program.
func (h *receiving) control(ctx context.Context, op frame.Opcode, payload []byte) (err error) {
	c := (*Conn)(h)
	defer func() {
		if p := recover(); p != nil {
			logPanic(ctx, p)
			err = c.fail(ctx, uint16(StatusInternalError), "", fmt.Errorf("panic in a callback: %v", p))
		}
	}()
	switch op {
	case frame.Ping:
		if c.calls.ping(ctx, payload) {
			c.out.queuePong(payload)
		}
	case frame.Pong:
		c.pings.pong(payload)
		c.calls.pong(ctx, payload)
	case frame.Close:
		return c.receivedClose(ctx, payload)
	}
	return nil
}

func (h *receiving) refused(ctx context.Context, err error) error {
	if over, ok := errors.AsType[*conn.Exceeded](err); ok {
		return (*Conn)(h).fail(ctx, conn.CodeTooBig, over.Error(), &LimitError{What: over.What, Limit: over.Limit, Size: over.Size})
	}
	v, _ := errors.AsType[*frame.Violation](err)
	return (*Conn)(h).violated(ctx, v)
}

// violated refuses the peer's bytes: they broke a rule of the RFC.
func (c *Conn) violated(ctx context.Context, v *frame.Violation) error {
	return c.fail(ctx, v.Code, v.Reason, &ProtocolError{Code: StatusCode(v.Code), Violation: v})
}
