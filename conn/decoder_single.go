package conn

import (
	"slices"

	"github.com/hawser-ws/websocket/frame"
)

// Most messages are a single frame that is already complete when the shell looks for
// it. These are their fast paths. They decide exactly as the general ones do, which
// take all other messages.

// Single takes the next message from the front of p, if it is all there in one frame,
// not compressed, and nothing in its header can be refused. Its payload is still masked:
// OpenSingle or AppendSingle comes next. n is how many bytes of p the frame takes. If n is
// 0 the message is something else, for Next to see.
func (d *Decoder) Single(p []byte, l Limits) (op frame.Opcode, payload []byte, n int) {
	if d.phase != atHeader || d.sequence.opcode != frame.Continuation {
		return 0, nil, 0
	}
	op, payload, key, n := frame.ParseWhole(p, d.want.Masked)
	if n == 0 || !within(uint64(len(payload)), l.Frame) || !within(uint64(len(payload)), l.Message) {
		return 0, nil, 0
	}
	d.key = key
	return op, payload, n
}

// NextSingle is Single for a shell that takes the payload piece by piece: it takes the
// header only, and is Next otherwise. n is 0 if this is for Next to see.
func (d *Decoder) NextSingle(p []byte, l Limits) (op frame.Opcode, n int) {
	op, payload, size := d.Single(p, l)
	if size == 0 {
		return 0, 0
	}
	d.left, d.phase = uint64(len(payload)), inFinal
	d.sequence.opcode, d.sequence.compressed = op, false
	d.sequence.size, d.sequence.wire, d.sequence.fragments = d.left, 0, 1
	return op, size - len(payload)
}

// OpenSingle unmasks what Single has returned in place, and checks it if it is text.
func (d *Decoder) OpenSingle(op frame.Opcode, payload []byte) *frame.Violation {
	if d.open(op, payload) && d.sequence.text.Complete() { // RFC 6455 §8.1
		return nil
	}
	return frame.ErrText
}

// AppendSingle is OpenSingle, and appends the payload to dst.
func (d *Decoder) AppendSingle(dst []byte, op frame.Opcode, payload []byte) ([]byte, *frame.Violation) {
	if d.want.Masked && !d.judges(op) {
		n := len(dst)
		dst = slices.Grow(dst, len(payload))[:n+len(payload)]
		frame.MaskCopy(dst[n:], payload, d.key)
		return dst, nil
	}
	if v := d.OpenSingle(op, payload); v != nil {
		return dst, v
	}
	return append(dst, payload...), nil
}
