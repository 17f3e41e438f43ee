package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/frame"
)

// Most messages are one small frame, and lie in the read buffer whole when they are
// looked for, or find nothing else on its way out. These here are the ways for them.
// They decide nothing that the general ways, which take all other cases, do not
// decide in the same way.

// nextWhole takes the next message out of the read buffer, still masked, if it lies there
// whole and nothing can be said against its header.
func (c *Conn) nextWhole() (op frame.Opcode, p []byte, ok bool) {
	in := &c.in
	if in.stream != nil || in.partial != nil || c.trace != nil {
		return 0, nil, false
	}
	op, p, size := in.decoder.Single(in.buf.Bytes(), c.limits())
	if size == 0 {
		return 0, nil, false
	}
	in.buf.Consume(size)
	in.buf.NoteSize(size)
	return op, p, true
}

// appendWhole appends what nextWhole returned to buf, unmasked and judged.
func (c *Conn) appendWhole(ctx context.Context, op frame.Opcode, buf, p []byte) ([]byte, error) {
	buf, v := c.in.decoder.AppendSingle(buf, op, p)
	if v != nil {
		return buf, c.violated(ctx, v)
	}
	return buf, nil
}

// openWhole unmasks and judges what nextWhole returned, in place.
func (c *Conn) openWhole(ctx context.Context, op frame.Opcode, p []byte) error {
	if v := c.in.decoder.OpenSingle(op, p); v != nil {
		return c.violated(ctx, v)
	}
	return nil
}
