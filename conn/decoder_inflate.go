package conn

import (
	"errors"

	"github.com/hawser-ws/websocket/frame"
)

// InflateStatus is what [Decoder.Inflate] needs next.
type InflateStatus uint8

const (
	// InflateInput: all that was there is taken. More of the payload is needed or, if
	// nothing of it is left, EndFrame and the next frame.
	InflateInput InflateStatus = iota
	// InflateOutput: there may be more output than there was room for.
	InflateOutput
	// InflateEnd: the message has no more output. EndInflated comes next.
	InflateEnd
)

// Lend gives d the working memory for the compressed message that has just begun, and
// in, which keeps the window for the messages after it. d lets go of both in
// EndInflated or Release.
func (d *Decoder) Lend(e *InflateEngine, in *Inflater) {
	in.Begin(e)
	d.engine = e
}

// Release takes back what Lend gave, wherever the message is. What is left of the message
// cannot be decoded any more.
func (d *Decoder) Release() {
	if d.engine != nil {
		d.engine.Drop()
		d.engine = nil
	}
}

// Inflate takes payload of a compressed message from the front of p and appends its
// decompressed content to out, up to the capacity of out and never beyond. out[base:] is
// the earlier output of the message, or the last window of it. used is how many bytes of p
// were taken. The others may have been unmasked already; they must be shown again.
//
// Output is judged: it counts against the limit of the message, and text must be valid. How
// much comes out at once depends on how the payload was cut. The verdict does not, because
// what is within the limit is judged before the rest. err is a *[frame.Violation] or an
// *[Exceeded]. The output is good also with an error, and an observer may go on after
// [frame.ErrText].
func (d *Decoder) Inflate(out []byte, base int, p []byte, l Limits) (output []byte, used int, s InflateStatus, err error) {
	e := d.engine
	for {
		var (
			begin = len(out)
			in    = d.compressed(p[used:])
			n     int
			v     *frame.Violation
		)
		out, n, v = e.Inflate(out, base, in)
		if d.left > 0 {
			d.left -= uint64(n)
			e.unmasked -= n
			used += n
		} else {
			e.trailer += n
		}
		if len(out) > begin {
			if err := d.judgeInflated(out[begin:], l); err != nil {
				return out, used, InflateOutput, err
			}
		}
		full := len(out) == cap(out)                // the engine may hold more
		more := d.left > 0 || d.phase != inFinal    // of the payload is to come
		given := !more && e.trailer == len(Trailer) // all that the engine gets
		switch {
		case v != nil:
			return out, used, InflateOutput, v
		case given && e.Ended():
			return out, used, InflateEnd, nil
		case n < len(in), full && (more || given):
			return out, used, InflateOutput, nil
		case more:
			return out, used, InflateInput, nil
		case given:
			return out, used, InflateOutput, errDeflateEnd
		}
	}
}

// compressed returns the bytes of the payload that are there, unmasked. After those of
// the last frame comes what is left of the trailer.
func (d *Decoder) compressed(p []byte) []byte {
	e := d.engine
	if d.left == 0 {
		if d.phase != inFinal {
			return nil
		}
		return trailer[e.trailer:]
	}
	p = p[:min(d.left, uint64(len(p)))]
	d.key = frame.Mask(p[e.unmasked:], d.key)
	e.unmasked = len(p)
	return p
}

var trailer = []byte(Trailer)

// judgeInflated judges what came out of decompression.
func (d *Decoder) judgeInflated(p []byte, l Limits) error {
	over := d.sequence.inflated(len(p), l)
	if exceeded, ok := errors.AsType[*Exceeded](over); ok {
		beyond := exceeded.Size - uint64(exceeded.Limit)
		p = p[:len(p)-int(min(beyond, uint64(len(p))))]
	}
	if d.judges(d.sequence.opcode) && !d.sequence.text.Valid(p) {
		return frame.ErrText
	}
	return over
}

// EndInflated ends the message for which Inflate has returned InflateEnd. output is its
// decompressed content, or the last window of it.
func (d *Decoder) EndInflated(output []byte) *frame.Violation {
	d.engine.lender.End(d.engine, output)
	d.engine = nil
	_, v := d.EndFrame()
	return v
}
