package conn

import "github.com/hawser-ws/websocket/frame"

// The payload of a data frame is taken in pieces of any size, no more than Left in
// all. Each of these methods takes the bytes that it is given.

// Open takes p as the next bytes of the payload of a message that is not compressed. It
// unmasks them in place and, unless AcceptAnyText was called, checks text. After a violation
// the content of p is unspecified.
func (d *Decoder) Open(p []byte) *frame.Violation {
	d.left -= uint64(len(p))
	if !d.open(d.sequence.opcode, p) {
		return frame.ErrText
	}
	return nil
}

// OpenInto is Open, and leaves src as it is: the unmasked bytes go to dst, which is as long and
// does not overlap with it.
func (d *Decoder) OpenInto(dst, src []byte) *frame.Violation {
	if !d.want.Masked || d.judges(d.sequence.opcode) {
		copy(dst, src)
		return d.Open(dst)
	}
	d.left -= uint64(len(src))
	d.key = frame.MaskCopy(dst, src, d.key)
	return nil
}

// open unmasks p, the next bytes of a message of this type, in place, and reports
// whether they may stand there if they are text.
func (d *Decoder) open(op frame.Opcode, p []byte) (valid bool) {
	switch {
	case !d.judges(op):
		if d.want.Masked {
			d.key = frame.Mask(p, d.key)
		}
		return true
	case d.want.Masked:
		d.key, valid = frame.UnmaskValid(p, d.key, &d.sequence.text)
		return valid
	}
	return d.sequence.text.Valid(p)
}

// Unmask unmasks p, the next bytes of the payload, in place, and does not take them.
// For an observer it is the first half of Open or Inflate: a violation leaves p as it is.
func (d *Decoder) Unmask(p []byte) {
	if d.key != 0 { // which is as good as none
		d.key = frame.Mask(p, d.key)
	}
	if d.engine != nil {
		d.engine.unmasked += len(p)
	}
}

// Judge takes p, which Unmask has unmasked. It is the second half of Open.
func (d *Decoder) Judge(p []byte) *frame.Violation {
	d.left -= uint64(len(p))
	if d.judges(d.sequence.opcode) && !d.sequence.text.Valid(p) {
		return frame.ErrText
	}
	return nil
}

// Skip takes n bytes that nobody looks at. What is decoded of their message after
// that means nothing, but the frames that follow do.
func (d *Decoder) Skip(n uint64) {
	d.left -= n
	if d.engine != nil {
		d.engine.unmasked -= int(min(n, uint64(d.engine.unmasked)))
	}
}

// drop skips what is there of the payload, and ends the frame with its last byte.
func (d *Decoder) drop(p []byte) (n int) {
	n = int(min(d.left, uint64(len(p))))
	if d.Skip(uint64(n)); d.left == 0 {
		d.EndFrame()
	}
	return n
}

// EndFrame ends the current frame, all of whose payload has been taken. last reports
// whether its message is complete. A compressed message that is complete is ended by
// [Decoder.EndInflated] instead, unless it was given up.
func (d *Decoder) EndFrame() (last bool, v *frame.Violation) {
	phase := d.phase
	d.phase = atHeader
	if phase != inFinal {
		return false, nil
	}
	if d.judges(d.sequence.opcode) && !d.sequence.text.Complete() {
		v = frame.ErrText
	}
	d.sequence.end()
	d.Release()
	return true, v
}
