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

// begin closes the writer that is open, and returns the opcode for the next message. It is
// called under message.
func (c *Conn) begin(messageType int) (frame.Opcode, error) {
	if w := c.out.writer; w != nil {
		_ = w.close()
	}
	op, ok := opcodeOf(messageType)
	if !ok {
		return 0, errBadWriteOpCode
	}
	_, err := c.out.state()
	return op, err
}

// WriteMessage sends a message of any type. It ends the message of a writer that is still
// open. A server sends one frame, unless the message is compressed; otherwise no frame has
// more payload than the size of the write buffer. Messages that are written at the same
// time leave one after the other.
func (c *Conn) WriteMessage(messageType int, data []byte) error {
	c.out.message.Lock()
	defer c.out.message.Unlock()
	op, err := c.begin(messageType)
	switch {
	case err != nil:
		return err
	case op.IsControl() && len(data) > frame.MaxControlPayload:
		return errInvalidControlFrame
	case c.out.deflates(op):
		return c.writeDeflated(op, data)
	}
	m := outgoing{header: frame.Header{Opcode: op, FIN: true}, payload: data}
	if c.role.Masks() && !op.IsControl() { // RFC 6455 §5.5: control frames are not fragmented
		m.size = c.out.frameSize
	}
	return c.send(m)
}

// WriteControl sends a Close, ping or pong frame, whatever else is going on, also between
// the fragments of a message. data has at most 125 bytes. It fails with a timeout, which
// costs nothing, if other writes do not let it begin before the deadline. One that has
// begun and then times out is the last write. The zero time is no deadline.
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
	if !c.out.wire.TryLock() && !c.out.waitUntil(deadline) {
		return errWriteTimeout
	}
	defer c.out.wire.Unlock()
	if _, err := c.out.state(); err != nil {
		return err
	}
	l := c.borrow()
	l.frame = conn.OutFrame{Header: frame.Header{Opcode: op, FIN: true}, Payload: data}
	l.box.Append(&l.frame, c.key())
	return c.sent(op, c.flush(l, deadline))
}

// waitUntil locks the wire, unless the deadline comes first.
func (s *sender) waitUntil(deadline time.Time) bool {
	if deadline.IsZero() {
		return s.wire.Lock(nil, nil)
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	return s.wire.Lock(ctx.Done(), nil)
}
