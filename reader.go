package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/transport"
)

// reader is the receiving half of a connection: frames out of bytes. It is used
// inside its gate, by whoever drives the reading: the application's read, or
// Ping, keepalive and Close where the application is not reading.
type reader struct {
	gate     gate.Gate
	canceler transport.Canceler
	buf      transport.Buffer
	// What the body of a loop had of buf, where the loop could not enter the gate again:
	// it is for whoever is inside next.
	orphan  atomic.Pointer[[]byte]
	decoder conn.Decoder

	dst     []byte         // of the ReadInto under way
	partial []byte         // of the message under way: what a cancelled read had received
	stream  *messageReader // the message under way is being read through this

	inflating *inflating // a compressed message is under way

	heard atomic.Uint64 // counts arrivals, for keepalive
}

// enterRead takes the reading half for a call, unless ctx ends first or there is
// nothing to read any more.
func (c *Conn) enterRead(ctx context.Context) error {
	if !c.in.gate.TryLock() {
		if err := c.waitToRead(ctx); err != nil {
			return err
		}
	}
	if !c.state().CanReceive() {
		c.leaveRead()
		return c.closedError()
	}
	return nil
}

// waitToRead waits for the reading half. When there is nothing to read any more it
// does not: endTransport may be inside until the peer ends its side.
func (c *Conn) waitToRead(ctx context.Context) error {
	if c.calls.onStack() {
		return inCallbackError("Conn.Read")
	}
	usable := func() bool { return c.state().CanReceive() }
	err := c.in.gate.LockWhile(ctx, usable, c.beforeWait)
	if err == gate.ErrUnusable {
		return c.closedError()
	}
	return err
}

// leaveRead ends the call.
func (c *Conn) leaveRead() {
	c.in.canceler.Park()
	c.in.buf.Release()
	idle := !c.in.atData()
	c.in.gate.Unlock()
	if c.state() == conn.Terminated {
		c.retireRead()
	}
	if c.pings.retry.Load() != 0 && idle {
		c.pings.driveAgain()
	}
}

// retireRead gives back what the reading half holds, once nobody is inside. Both
// sides call it after their own step (the state is terminal, the gate is open),
// so that one of them finds the other's done.
func (c *Conn) retireRead() {
	if c.in.gate.TryLock() {
		c.in.canceler.Reset()
		c.takeOrphan()
		c.in.buf.Discard()
		c.in.partial = nil
		c.in.dropInflation()
		c.in.gate.Unlock()
	}
}

// takeOrphan gives back, inside the gate, what a loop could not give back outside. There is
// never more than one: a loop runs inline only after the one before has left, and takes
// first what that left.
func (c *Conn) takeOrphan() {
	if c.in.orphan.Load() == nil {
		return
	}
	if pinned := c.in.orphan.Swap(nil); pinned != nil {
		c.in.buf.Unpin(pinned)
	}
}

// arm makes ctx able to interrupt one direction of the transport. A ctx that is done when
// the connection has ended needs no watching: that interrupts of itself.
func (c *Conn) arm(w *transport.Canceler, ctx context.Context) error {
	if c.endsWith(ctx) {
		w.Disarm()
		return nil
	}
	done := ctx.Done()
	if done == nil || c.life.isDone(done) {
		w.Disarm()
		return nil
	}
	return w.Arm(ctx, done)
}

// nextFrame reads until the header of a data frame has been accepted. Control
// frames on the way are dealt with.
func (c *Conn) nextFrame(ctx context.Context) error {
	for c.in.decoder.AtHeader() {
		if err := c.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step reads one frame: a control frame whole, of a data frame the header.
func (c *Conn) step(ctx context.Context) error {
	in := &c.in
	for {
		f, n, err := in.decoder.Next(in.buf.Bytes(), c.limits())
		if n == 0 && err == nil {
			if err := c.fill(ctx); err != nil {
				return err
			}
			continue
		}
		in.buf.Consume(n)
		if c.trace != nil && f.HeaderSize > 0 {
			c.traceRead(f.Header)
		}
		switch {
		case err != nil:
			return c.refused(ctx, err)
		case f.Opcode.IsControl():
			return c.control(ctx, f.Opcode, f.Payload)
		}
		return nil
	}
}

// noteArrival counts for keepalive, if there is one.
func (c *Conn) noteArrival() {
	if c.keepAlive != nil {
		c.in.heard.Add(1)
	}
}

// fill waits for octets from the network. Everything that was read before stays,
// whatever happens.
func (c *Conn) fill(ctx context.Context) error {
	c.beforeWait()
	for {
		if err := c.arm(&c.in.canceler, ctx); err != nil {
			return err
		}
		_, err := c.transport.Fill(&c.in.buf)
		if err == nil {
			c.noteArrival()
			return nil
		}
		if err := c.readFailed(ctx, err); err != nil {
			return err
		}
	}
}

// fillInto is fill with a destination of the caller's.
func (c *Conn) fillInto(ctx context.Context, p []byte) (int, error) {
	c.beforeWait()
	for {
		if err := c.arm(&c.in.canceler, ctx); err != nil {
			return 0, err
		}
		n, err := c.transport.Read(p)
		if err == nil {
			c.noteArrival()
			return n, nil
		}
		if err := c.readFailed(ctx, err); err != nil {
			return 0, err
		}
	}
}

// readFailed turns an error of the transport into what the call returns; nil
// means to try again. A timeout that is not ours is the stream's own, an idle timeout
// perhaps, and ends the connection as any other error does.
func (c *Conn) readFailed(ctx context.Context, err error) error {
	if c.state() != conn.Terminated && c.in.canceler.ResumeAfter(err) {
		return ctx.Err() // nil: a context of an earlier call, too late
	}
	if errors.Is(err, io.EOF) {
		if !c.in.decoder.AtHeader() || c.in.buf.Buffered() > 0 || c.in.decoder.Message() != frame.Continuation {
			err = io.ErrUnexpectedEOF
		}
		return c.endOfStream(ctx, err)
	}
	c.event(conn.Break, conn.CloseBody{}, err)
	return c.closedError()
}

// control deals with a whole control frame. A panic in a callback of the
// application, which may run on a goroutine of ours, is the end of its connection,
// not of the program.
func (c *Conn) control(ctx context.Context, op frame.Opcode, payload []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(ctx, p)
			err = c.fail(ctx, uint16(StatusInternalError), "", fmt.Errorf("panic in a callback: %v", p))
		}
	}()
	switch op {
	case frame.Ping:
		if c.calls.ping(ctx, payload) {
			c.queuePong(payload)
		}
	case frame.Pong:
		c.pings.pong(payload)
		c.calls.pong(ctx, payload)
	case frame.Close:
		return c.receivedClose(ctx, payload)
	}
	return nil
}

// violated refuses the peer's octets: they broke a rule of the RFC.
func (c *Conn) violated(ctx context.Context, v *frame.Violation) error {
	return c.fail(ctx, v.Code, v.Reason, &ProtocolError{Code: StatusCode(v.Code), Violation: v})
}

// refused refuses what the decoder refuses.
func (c *Conn) refused(ctx context.Context, err error) error {
	if over, ok := errors.AsType[*conn.Exceeded](err); ok {
		return c.fail(ctx, conn.CodeTooBig, over.Error(), &LimitError{What: over.What, Limit: over.Limit, Size: over.Size})
	}
	v, _ := errors.AsType[*frame.Violation](err)
	return c.violated(ctx, v)
}
