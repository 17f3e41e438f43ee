package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// reader is the receiving half of a connection: frames out of octets. It is used
// inside its gate, by whoever drives the reading: the application's read, or
// Ping, keepalive and Close where the application is not reading.
type reader struct {
	gate  gate
	watch watch
	buf   readBuffer
	seq   conn.Sequence

	// The small fields stand beside each other: there is one of these for every
	// connection.
	expect frame.Expectation
	phase  readPhase
	fin    bool      // the FIN bit of the current data frame
	key    frame.Key // for the next of its octets
	left   uint64    // of which so many are still to come
	text   frame.Validator

	dst     []byte         // of the ReadInto under way
	partial []byte         // of the message under way: what a cancelled read had received
	stream  *messageReader // the message under way is being read through this

	inflating *inflating // a compressed message is under way

	heard atomic.Uint64 // counts arrivals, for keepalive
}

// readPhase is what comes next in the stream.
type readPhase uint8

const (
	atHeader  readPhase = iota // a frame header
	inPayload                  // the payload of a data frame, maybe empty
)

// enterRead takes the reading half for a call, unless ctx ends first or there is
// nothing to read any more.
func (c *Conn) enterRead(ctx context.Context) error {
	if !c.in.gate.tryLock() {
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
	if c.inCallback() {
		return inCallbackError("Conn.Read")
	}
	turns := c.in.gate.turns()
	for {
		if !c.state().CanReceive() {
			c.in.gate.nudge() // for the next that waits
			return c.closedError()
		}
		if c.in.gate.contend() {
			return nil
		}
		c.beforeWait()
		select {
		case <-turns:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leaveRead ends the call.
func (c *Conn) leaveRead() {
	c.in.watch.rest()
	c.in.buf.release()
	idle := !c.in.atData()
	c.in.gate.unlock()
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
	if c.in.gate.tryLock() {
		c.in.watch.drop()
		if socket, ok := c.transport.(resident); ok {
			c.reclaim(socket)
		}
		c.in.buf.discard()
		c.in.partial = nil
		c.in.dropInflation()
		c.in.gate.unlock()
	}
}

// reclaim settles, inside the gate, what a loop could not settle outside.
func (c *Conn) reclaim(socket resident) {
	if lent := socket.forsaken(); lent != nil {
		c.in.buf.settle(lent)
	}
}

// nextFrame reads until the header of a data frame has been accepted. Control
// frames on the way are dealt with.
func (c *Conn) nextFrame(ctx context.Context) error {
	for c.in.phase == atHeader {
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
		p := in.buf.bytes()
		h, n := frame.ParseHeader(p)
		if n == 0 {
			if len(p) >= 2 {
				// A bad frame is refused before its length has come.
				if v := frame.CheckPrefix(p[0], p[1], in.expect); v != nil {
					return c.violated(ctx, v)
				}
			}
			if err := c.fill(ctx); err != nil {
				return err
			}
			continue
		}
		if v := frame.Check(h, in.expect); v != nil {
			return c.violated(ctx, v)
		}
		end := n
		if h.Opcode.IsControl() {
			if end += int(h.Length); len(p) < end {
				if err := c.fill(ctx); err != nil {
					return err
				}
				continue
			}
		}
		if c.trace != nil {
			c.traceRead(h)
		}
		in.buf.consume(end)
		if h.Opcode.IsControl() {
			if h.Masked {
				frame.Mask(p[n:end], h.Key)
			}
			return c.control(ctx, h.Opcode, p[n:end])
		}
		if err := in.seq.Begin(h, c.limits()); err != nil {
			return c.refused(ctx, err)
		}
		in.phase, in.left, in.key, in.fin = inPayload, h.Length, h.Key, h.FIN
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
		if err := c.in.watch.arm(ctx); err != nil {
			return err
		}
		_, err := c.transport.fill(&c.in.buf)
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
		if err := c.in.watch.arm(ctx); err != nil {
			return 0, err
		}
		n, err := c.transport.read(p)
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
	if c.state() != conn.Terminated && c.in.watch.resumeAfter(err) {
		return ctx.Err() // nil: a context of an earlier call, too late
	}
	if errors.Is(err, io.EOF) {
		if c.in.phase == inPayload || c.in.buf.buffered() > 0 || c.in.seq.Opcode() != frame.Continuation {
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

// refused refuses what the order of frames or a limit forbids.
func (c *Conn) refused(ctx context.Context, err error) error {
	if over, ok := errors.AsType[*conn.Exceeded](err); ok {
		return c.fail(ctx, conn.CodeTooBig, over.Error(), &LimitError{What: over.What, Limit: over.Limit, Size: over.Size})
	}
	v, _ := errors.AsType[*frame.Violation](err)
	return c.violated(ctx, v)
}
