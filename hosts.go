package websocket

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// The parts of a connection know nothing of each other, and each sees the Conn by way of a
// host interface of its own. These are the hosts: the Conn itself under other types.

// receiving is a Conn as its receiver sees it.
type receiving Conn

// openReceiver makes the receiver of a connection that has its transport, compression and
// trace.
func (c *Conn) openReceiver(limits Limits, keepAlive bool) {
	r := &c.in
	r.beneath, r.host, r.state = &c.transport, (*receiving)(c), &c.life.state
	r.frameLimit = limits.Frame
	r.fragments = int32(min(max(orDefault(limits.Fragments, defaultFragments), -1), math.MaxInt32))
	r.limit.Store(orDefault(limits.Message, defaultMessageLimit))
	r.counting, r.traced = keepAlive, c.trace != nil
	r.decoder.Init(c.role.Expects(c.deflate != nil))
	r.canceler.Init(&c.transport, transport.Reading)
}

func (h *receiving) interrupts(ctx context.Context) <-chan struct{} {
	return (*Conn)(h).interrupts(ctx)
}

func (h *receiving) beforeWait() { h.out.beforeWait() }

func (h *receiving) frameRead(f frame.Header) { (*Conn)(h).traceRead(f) }

func (h *receiving) closedError() error { return (*Conn)(h).closedError() }

func (h *receiving) givenUp(ctx context.Context) error { return h.life.givenUp(ctx) }

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

// sending is a Conn as its sender sees it.
type sending Conn

func (c *Conn) openSender(limit time.Duration) {
	s := &c.out
	s.canceler.Init(&c.transport, transport.Writing)
	s.stream, s.traits, s.host, s.state, s.role = &c.transport, c.transport.Traits(), (*sending)(c), &c.life.state, c.role
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

func (h *sending) givenUp(ctx context.Context) error { return h.life.givenUp(ctx) }

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

// living is a Conn as its lifetime sees it.
type living Conn

func (h *living) stateChanged(from, to conn.State) {
	c := (*Conn)(h)
	c.traceState(from, to)
	if from.CanSend() && !to.CanSend() && c.deflate != nil {
		c.deflate.turn.WakeOne() // those who wait to compress wait in vain
	}
}

// releaseAll does what it can from outside. Whoever is inside a gate finds the transport
// closed, and releases the rest when it leaves.
func (h *living) releaseAll() {
	c := (*Conn)(h)
	c.in.canceler.Retire()
	_ = c.transport.Close()
	c.keepAlive.stop()
	c.in.retire()
	c.out.retire()
}

func (h *living) traceEnded() {
	if c := (*Conn)(h); c.trace != nil {
		c.traceClosed(c.closedError())
	}
}

// alive is a Conn as its keepalive sees it.
type alive Conn

func (h *alive) sendPing(ctx context.Context, call *pingCall) error {
	return (*pinging)(h).send(ctx, call)
}

func (h *alive) awaitPong(ctx context.Context, call *pingCall) error {
	return (*pinging)(h).await(ctx, call)
}

func (h *alive) heard() uint64 { return uint64(h.in.heard.Load()) }

func (h *alive) waitsForApplication() bool {
	c := (*Conn)(h)
	if !c.in.gate.TryLock() {
		return false
	}
	defer c.in.leave()
	return c.in.atData()
}

func (h *alive) lose(e conn.Event, cause error) { h.life.handle(e, conn.CloseBody{}, cause) }

// pinging is a Conn as its pings see it.
type pinging Conn

// send returns when the ping is on the wire, or cannot be sent.
func (h *pinging) send(ctx context.Context, call *pingCall) error {
	_, err := h.out.submit(ctx, &outFrame{OutFrame: conn.OutFrame{Header: frame.Header{Opcode: frame.Ping, FIN: true}, Payload: call.payload[:]}})
	return err
}

// await waits for the pong. Meanwhile it is told when a read ends.
func (h *pinging) await(ctx context.Context, call *pingCall) error {
	h.in.drivers.Add(1)
	defer h.in.drivers.Add(-1)
	return h.pings.await(ctx, call, h)
}

func (h *pinging) driveReading(ctx context.Context, call *pingCall) error {
	c := (*Conn)(h)
	if !c.in.gate.TryLock() {
		return nil
	}
	defer c.in.leave()
	for len(call.answered) == 0 && !c.in.atData() {
		if !c.state().CanReceive() {
			return c.closedError()
		}
		if err := c.in.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (h *pinging) done() <-chan struct{}             { return h.life.done() }
func (h *pinging) closedError() *ClosedError         { return h.life.closedError() }
func (h *pinging) givenUp(ctx context.Context) error { return h.life.givenUp(ctx) }

// A nil Trace costs one comparison. Tracing must not change what it observes, and most calls
// are on goroutines of this package, so panics are logged and go no further.

func (c *Conn) traceHandshake() {
	if t := c.trace; t != nil && t.HandshakeDone != nil {
		defer survive()
		t.HandshakeDone(c)
	}
}

func (c *Conn) traceRead(h frame.Header) {
	if t := c.trace; t != nil && t.FrameRead != nil {
		defer survive()
		t.FrameRead(c, frameInfo(h))
	}
}

func (c *Conn) traceWritten(h frame.Header) {
	if t := c.trace; t != nil && t.FrameWritten != nil {
		defer survive()
		t.FrameWritten(c, frameInfo(h))
	}
}

func (c *Conn) traceState(from, to conn.State) {
	if t := c.trace; t != nil && t.StateChanged != nil && from != to {
		defer survive()
		t.StateChanged(c, from, to)
	}
}

func (c *Conn) traceClosed(err *ClosedError) {
	if t := c.trace; t != nil && t.Closed != nil {
		defer survive()
		t.Closed(c, err)
	}
}
