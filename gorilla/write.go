package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// opcodeOf returns the opcode of a message type, and whether it is one.
func opcodeOf(messageType int) (op frame.Opcode, ok bool) {
	switch messageType {
	case TextMessage, BinaryMessage, CloseMessage, PingMessage, PongMessage:
		return frame.Opcode(messageType), true
	}
	return 0, false
}

// next closes the writer that is open, and returns the opcode for the next message. It is
// called under message.
func (c *Conn) next(messageType int) (frame.Opcode, error) {
	if w := c.out.writer; w != nil {
		_ = w.close()
	}
	op, ok := opcodeOf(messageType)
	if !ok {
		return 0, errBadWriteOpCode
	}
	return op, c.out.failed()
}

// WriteMessage sends a message of any type. It ends the message of a writer that is still
// open. A server sends one frame, unless the message is compressed; otherwise no frame has
// more payload than the size of the write buffer. Messages that are written at the same
// time leave one after the other.
func (c *Conn) WriteMessage(messageType int, data []byte) error {
	if (messageType == TextMessage || messageType == BinaryMessage) && len(data) <= c.out.singleSize {
		if done, err := c.writeSingle(frame.Opcode(messageType), data); done {
			return err
		}
	}
	return c.writeMessage(messageType, data)
}

// writeSingle sends a message as one small frame, unless another message is being made or
// this one is to be compressed. What has begun to make one since then waits for the wire,
// and so does not come between.
func (c *Conn) writeSingle(op frame.Opcode, data []byte) (done bool, err error) {
	if c.deflates(op) {
		return false, nil
	}
	c.out.enter()
	defer c.out.wire.Unlock()
	if c.out.busy.Load() {
		return false, nil
	}
	return true, c.sendSingle(op, data)
}

// sendSingle sends a message of at most singleSize bytes as one frame, inside the wire.
func (c *Conn) sendSingle(op frame.Opcode, data []byte) error {
	if c.out.err != nil {
		return c.out.err
	}
	l := c.borrow()
	l.box.AppendSingle(op, data, c.key())
	_ = c.nc.SetWriteDeadline(c.out.limit())
	head, _ := l.box.Pending()
	n, err := c.stream.Write(head, nil)
	if l.box.Advance(n); err != nil {
		return c.out.fail(err)
	}
	l.giveBack()
	return nil
}

// writeMessage is WriteMessage for all other messages.
func (c *Conn) writeMessage(messageType int, data []byte) error {
	c.out.begin()
	defer c.out.end()
	op, err := c.next(messageType)
	switch {
	case err != nil:
		return err
	case op.IsControl() && len(data) > frame.MaxControlPayload:
		return errInvalidControlFrame
	case c.deflates(op):
		return c.writeDeflated(op, data)
	}
	m := outgoing{header: frame.Header{Opcode: op, FIN: true}, payload: data}
	if c.role.Masks() && !op.IsControl() { // RFC 6455 §5.5: control frames are not fragmented
		m.size = c.out.frameSize
	}
	return c.send(m)
}

// WriteControl sends a Close, ping or pong frame, whatever else is going on, also between
// the fragments of a message. data has at most 125 bytes. If other writes hold it up until
// the deadline, it fails with a timeout, and the connection goes on. One that has begun and
// then times out is the last write. The zero time is no deadline.
func (c *Conn) WriteControl(messageType int, data []byte, deadline time.Time) error {
	op, ok := opcodeOf(messageType)
	switch {
	case !ok || !op.IsControl():
		return errBadWriteOpCode
	case len(data) > frame.MaxControlPayload:
		return errInvalidControlFrame
	case !deadline.IsZero() && time.Until(deadline) < 0:
		return errWriteTimeout
	}
	if !c.out.tryEnter() && !c.out.waitUntil(deadline) {
		return errWriteTimeout
	}
	defer c.out.wire.Unlock()
	if c.out.err != nil {
		return c.out.err
	}
	l := c.borrow()
	l.frame = conn.OutFrame{Header: frame.Header{Opcode: op, FIN: true}, Payload: data}
	l.box.Append(&l.frame, c.key())
	return c.sent(op, c.flush(l, deadline))
}

// waitUntil locks the wire for a control frame, unless the deadline comes first.
func (s *sender) waitUntil(deadline time.Time) bool {
	if deadline.IsZero() {
		return s.await(nil)
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	return s.await(ctx.Done())
}
