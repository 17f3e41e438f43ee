package websocket

import (
	"context"
	"errors"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// The parts of a connection do not know the Conn. Each sees it by a narrow host interface
// of its own. These are the hosts: the Conn itself under other types. (forPings is in
// ping.go, closing in closing.go.) Three pairs of parts know each other: keepAlive and
// pings, keepAlive and the sender's pace, compression and the sender.

// forReceiver is a Conn as its receiver sees it.
type forReceiver Conn

// openReceiver makes the receiver. The sender must have been made, and compression.
func (c *Conn) openReceiver(messageLimit int64) {
	r := &c.in
	r.standing, r.host = &c.life.standing, (*forReceiver)(c)
	r.limit.Store(messageLimit)
	r.decoder.Init(r.role.Expects(c.deflate != nil))
	r.canceler.Init(&c.transport, transport.Reading)
	if c.served.Load() != nil {
		r.reader = readByLoop
	}
}

func (h *forReceiver) interrupts(ctx context.Context) <-chan struct{} {
	return (*Conn)(h).interrupts(ctx)
}

func (h *forReceiver) beforeWait() { h.out.beforeWait() }

func (h *forReceiver) frameRead(f frame.Header) { (*Conn)(h).traceRead(f) }

func (h *forReceiver) closedError() error { return (*Conn)(h).closedError() }

func (h *forReceiver) givenUp(ctx context.Context) error { return h.life.givenUp(ctx) }

func (h *forReceiver) inCallback() bool { return h.in.terms.calls.onStack() }

func (h *forReceiver) driveAgain() { h.pings.driveAgain() }

func (h *forReceiver) isOnLoop() bool { return h.served.Load() != nil }

func (h *forReceiver) mayGoOn(cost uint8) bool { return h.served.Load().budget.spend(cost) }

func (h *forReceiver) wakeLoop() { h.served.Load().wake() }

func (h *forReceiver) inflater() *conn.Inflater { return &h.deflate.in }

func (h *forReceiver) streamEnded(ctx context.Context, cause error) error {
	return (*Conn)(h).endOfStream(ctx, cause)
}

// streamBroke leaves it to the write that was cut to say why, where that is what broke the stream.
func (h *forReceiver) streamBroke(cause error) error {
	if errors.Is(cause, transport.ErrWriteCut) && h.out.gate.Lock(nil, h.life.done()) {
		h.out.leave()
	}
	h.life.report(conn.Break, cause)
	return (*Conn)(h).closedError()
}

// control handles a whole control frame. A panic in a callback ends the connection.
func (h *forReceiver) control(ctx context.Context, op frame.Opcode, payload []byte) error {
	c := (*Conn)(h)
	var (
		answer bool
		err    error
	)
	switch op {
	case frame.Ping:
		if answer, err = c.calls().ping(ctx, payload); answer {
			c.out.queuePong(payload)
		}
	case frame.Pong:
		c.keepAlive().pong(c.pings.pong(payload))
		err = c.calls().pong(ctx, payload)
	case frame.Close:
		return c.receivedClose(ctx, payload)
	}
	if err != nil {
		return c.fail(ctx, conn.Fail, conn.CloseBody{Code: uint16(StatusInternalError)}, err)
	}
	return nil
}

func (h *forReceiver) refused(ctx context.Context, err error) error {
	if over, ok := errors.AsType[*conn.Exceeded](err); ok {
		return (*Conn)(h).fail(ctx, conn.Violate, conn.CloseBody{Code: conn.CodeTooBig, Reason: over.Error()}, &LimitError{What: over.What, Limit: over.Limit, Size: over.Size})
	}
	v, _ := errors.AsType[*frame.Violation](err)
	return (*Conn)(h).violated(ctx, v)
}

// forSender is a Conn as its sender sees it.
type forSender Conn

// openSender makes the sender. The transport and terms of c must be set.
func (c *Conn) openSender(role Role, limit time.Duration) {
	s := &c.out
	s.canceler.Init(&c.transport, transport.Writing)
	s.standing, s.host = &c.life.standing, (*forSender)(c)
	s.role, s.traits, s.traced = role, c.transport.Traits(), c.trace() != nil
	if limit > 0 {
		s.setPace(&pace{limit: limit})
	}
}

func (h *forSender) frameWritten(f frame.Header) { (*Conn)(h).traceWritten(f) }

func (h *forSender) inLoop() bool {
	lc := h.served.Load()
	return lc != nil && !lc.facts.alone()
}

func (h *forSender) beginClose(f *outFrame) (conn.Action, bool) {
	return h.life.handle(f.event, f.body, nil)
}

func (h *forSender) closeWritten() { h.life.report(conn.FlushClose, nil) }

func (h *forSender) sendFailed(e conn.Event, cause error) { h.life.report(e, cause) }

func (h *forSender) closedError() *ClosedError { return h.life.closedError() }

func (h *forSender) givenUp(ctx context.Context) error { return h.life.givenUp(ctx) }

func (h *forSender) mayPong() bool {
	s := h.life.current()
	return s != conn.Cut && s != conn.Terminated && !h.life.sentClose()
}

func (h *forSender) interrupts(ctx context.Context) <-chan struct{} {
	return (*Conn)(h).interrupts(ctx)
}

func (h *forSender) done() <-chan struct{} { return h.life.done() }

// forLifetime is a Conn as its lifetime sees it.
type forLifetime Conn

func (h *forLifetime) closeTimeout() time.Duration { return h.in.terms.closeTimeout }

func (h *forLifetime) stateChanged(from, to conn.State) {
	c := (*Conn)(h)
	c.traceState(from, to)
	if from.CanSend() && !to.CanSend() && c.deflate != nil {
		c.deflate.turn.WakeOne() // those who wait to compress need wait no longer
	}
}

// releaseAll does what can be done outside the gates. Whoever is inside a gate finds the
// transport closed, and releases the rest when leaving.
func (h *forLifetime) releaseAll() {
	c := (*Conn)(h)
	_ = c.in.canceler.Close()
	c.keepAlive().stop()
	c.in.retire()
	c.out.retire()
}

func (h *forLifetime) traceEnded() {
	if c := (*Conn)(h); c.trace() != nil {
		c.traceClosed(c.closedError())
	}
}

func (h *forLifetime) ended() { h.served.Load().wake() }

// forKeepAlive is a Conn as its keepalive sees it.
type forKeepAlive Conn

func (h *forKeepAlive) sendPing(ctx context.Context, call *pingCall) error {
	return (*forPings)(h).send(ctx, call)
}

func (h *forKeepAlive) awaitPong(ctx context.Context, call *pingCall) error {
	return (*forPings)(h).await(ctx, call)
}

func (h *forKeepAlive) waitsForApplication() bool {
	c := (*Conn)(h)
	if !c.in.tryLock() {
		return false
	}
	defer c.in.leave()
	return c.in.atData()
}

func (h *forKeepAlive) lose(e conn.Event, cause error) { h.life.report(e, cause) }
