package websocket

import (
	"context"
	"slices"

	"github.com/hawser-ws/websocket/frame"
)

// Most messages are one small frame, and lie in the read buffer whole when they are
// looked for, or find nothing else on its way out. These here are the ways for them.
// They decide nothing that the general ways, which take all other cases, do not
// decide in the same way.

// nextWhole takes the next message out of the read buffer, still masked with in.key,
// if it lies there whole and nothing can be said against it.
func (c *Conn) nextWhole() (op frame.Opcode, p []byte, ok bool) {
	in := &c.in
	if in.phase != atHeader || in.seq.Opcode() != frame.Continuation || in.stream != nil || in.partial != nil || c.trace != nil {
		return 0, nil, false
	}
	op, p, key, size := frame.ParseWhole(in.buf.Bytes(), in.expect.Masked)
	if size == 0 || !within(int64(len(p)), c.frameLimit) || !within(int64(len(p)), c.readLimit.Load()) {
		return 0, nil, false
	}
	in.key = key
	in.buf.Consume(size)
	in.buf.NoteSize(size)
	return op, p, true
}

// within reports whether n is within a limit of [conn.Limits].
func within(n, limit int64) bool { return limit <= 0 || n <= limit }

// appendWhole appends what nextWhole returned to buf, unmasked and judged.
func (c *Conn) appendWhole(ctx context.Context, op frame.Opcode, buf, p []byte) ([]byte, error) {
	if op == frame.Binary && c.in.expect.Masked {
		n := len(buf)
		buf = slices.Grow(buf, len(p))[:n+len(p)]
		frame.MaskCopy(buf[n:], p, c.in.key)
		return buf, nil
	}
	if err := c.openWhole(ctx, op, p); err != nil {
		return buf, err
	}
	return append(buf, p...), nil
}

// openWhole unmasks and judges what nextWhole returned, in place.
func (c *Conn) openWhole(ctx context.Context, op frame.Opcode, p []byte) error {
	// RFC 6455 §8.1
	if valid := c.in.open(op, p); !valid || !c.in.text.Complete() {
		return c.violated(ctx, frame.ErrText)
	}
	return nil
}
