package deflate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// An Error says where the payload of a compressed message violates DEFLATE (RFC 1951) or
// permessage-deflate (RFC 7692).
type Error struct {
	Offset int // in the payload, of the first byte not consumed
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("byte %d of the compressed message: %s", e.Offset, e.Reason)
}

// A WindowError reports a back-reference beyond the agreed window.
type WindowError struct {
	Distance, Window int // bytes
}

func (e *WindowError) Error() string {
	return fmt.Sprintf("back-reference of %d bytes, a window of %d was agreed (RFC 7692 section 7.1.2)",
		e.Distance, e.Window)
}

// ErrLimit reports that a message is longer than the caller's limit.
var ErrLimit = errors.New("compressed message inflates to more than the limit")

// An Inflater inflates the messages of one direction of a connection (RFC 7692 §7.2.2). Create
// it with [NewInflater].
type Inflater struct {
	window   int // bytes
	takeover bool
	farthest int
	failed   error
	history  []byte // what precedes the message; only its last window bytes count

	// The current message.
	in    []byte
	at    int    // in[:at] is in bits or consumed
	bits  uint64 // the next bits, the first one lowest; those above count are right or zero
	count uint   // how many of them are valid

	out   []byte // with all of its capacity
	end   int    // out[:end] is written
	start int    // of this message in out
	most  int    // the maximum of end

	literals  literalTable
	distances distanceTable
}

// NewInflater returns an Inflater with a window of 1<<windowBits bytes, 8 to 15. Without
// takeover every message starts with an empty window (RFC 7692 §7.1.1).
func NewInflater(windowBits int, takeover bool) *Inflater {
	return &Inflater{window: 1 << windowBits, takeover: takeover}
}

// Reach returns the longest distance so far, in bytes.
func (f *Inflater) Reach() int { return f.farthest }

// Message inflates p and appends the result to dst. p is the payload, without the 00 00 FF FF
// that the sender removed. At most limit bytes are appended; a negative limit means no limit.
//
// On an error the result is what was inflated before it. The window then differs from the
// sender's, so every later message fails with the same error.
func (f *Inflater) Message(dst, p []byte, limit int) ([]byte, error) {
	if f.failed != nil {
		return dst, f.failed
	}
	f.in, f.at, f.bits, f.count = p, 0, 0, 0
	f.out, f.end, f.start, f.most = dst[:cap(dst)], len(dst), len(dst), math.MaxInt-room
	if limit >= 0 {
		f.most = len(dst) + min(limit, f.most-len(dst))
	}
	f.failed = f.blocks()
	if f.end > f.most {
		f.end, f.failed = f.most, ErrLimit
	}
	out := f.out[:f.end]
	if f.takeover {
		f.history = slide(f.history, out[f.start:], f.window)
	}
	f.in, f.out = nil, nil
	return out, f.failed
}

// slide appends p to history and keeps at least the last window bytes.
func slide(history, p []byte, window int) []byte {
	p = p[max(0, len(p)-window):]
	// It grows up to twice the window, so that many short messages move the data only once.
	if len(history)+len(p) > 2*window {
		history = history[:copy(history, history[len(history)-(window-len(p)):])]
	}
	return append(history, p...)
}

// blocks inflates the blocks of a message.
func (f *Inflater) blocks() error {
	final := false
	for {
		if f.remaining() == 0 && final {
			// RFC 7692 §7.2.3.4: a final block is followed by a byte 00, the head of the empty
			// stored block whose 00 00 FF FF was removed.
			return f.fault("ends with a final block, without the byte 00 after it (RFC 7692 section 7.2.3.4)")
		}
		if !f.need(3) {
			return f.fault("does not end with an empty stored block (RFC 7692 section 7.2.1)")
		}
		// RFC 1951 §3.2.3: BFINAL, then BTYPE.
		head := f.take(3)
		final = head&1 == 1
		var err error
		switch head >> 1 {
		case 0:
			f.align()
			if f.at == len(f.in) {
				// RFC 7692 §7.2.2: the missing 00 00 FF FF is LEN and NLEN of an empty block. A
				// message may end nowhere else, so the four bytes need not be appended.
				return nil
			}
			err = f.stored()
		case 1:
			err = f.codes(&fixed.literals, &fixed.distances)
		case 2:
			if err = f.dynamic(); err == nil {
				err = f.codes(&f.literals, &f.distances)
			}
		default:
			err = f.fault("block type 3 is reserved (RFC 1951 section 3.2.3)")
		}
		if err != nil {
			return err
		}
		// RFC 7692 §7.2.1: after a final block come padding bits of 0 up to a byte boundary.
		// The next block follows there, with the same window.
		if final && !f.align() {
			return f.fault("padding after a final block is not 0 (RFC 7692 section 7.2.1)")
		}
	}
}

// stored copies a stored block (RFC 1951 §3.2.4), from LEN on.
func (f *Inflater) stored() error {
	if len(f.in)-f.at < 4 {
		return f.fault("ends within the length of a stored block")
	}
	n := binary.LittleEndian.Uint16(f.in[f.at:])
	if binary.LittleEndian.Uint16(f.in[f.at+2:]) != ^n {
		return f.fault("LEN and NLEN of a stored block do not agree (RFC 1951 section 3.2.4)")
	}
	f.at += 4
	if int(n) > len(f.in)-f.at {
		return f.fault("ends within a stored block")
	}
	p := f.in[f.at:][:min(int(n), f.most-f.end)]
	f.grow(len(p))
	f.end += copy(f.out[f.end:], p)
	f.at += int(n)
	if len(p) < int(n) {
		return ErrLimit
	}
	return nil
}

// room is how many bytes of out the inner loop needs: two back-references, each written in
// words.
const room = 2*258 + 64

// grow makes room for n bytes and for the inner loop.
func (f *Inflater) grow(n int) {
	n += room
	if len(f.out)-f.end < n {
		// At least twice the present message, because messages may have megabytes.
		n = max(n, f.end-f.start, 2*(len(f.in)-f.at))
		n = min(n, f.most-f.end+room) // an attack gets no more memory than the limit
		f.out = slices.Grow(f.out[:f.end], n)
		f.out = f.out[:cap(f.out)]
	}
}

// before copies a back-reference that begins before the message.
func (f *Inflater) before(out []byte, end, length, distance int) error {
	back := distance - (end - f.start) // bytes before the start of the message
	if back > len(f.history) {
		if !f.takeover {
			return f.fault(fmt.Sprintf("back-reference of %d bytes, %d precede it in the message and no context takeover was agreed (RFC 7692 section 7.1.1)",
				distance, end-f.start))
		}
		return f.fault(fmt.Sprintf("back-reference of %d bytes, %d precede it (RFC 1951 section 2)",
			distance, end-f.start+len(f.history)))
	}
	n := copy(out[end:end+length], f.history[len(f.history)-back:])
	repeat(out, end+n, length-n, distance)
	return nil
}

// repeat copies length bytes to out[end:], from distance before it. If source and destination
// overlap, it reads what it has just written (RFC 1951 §3.2.3).
func repeat(out []byte, end, length, distance int) {
	to := out[end : end+length]
	for n := 0; n < length; {
		n += copy(to[n:], out[end-distance:end+n])
	}
}

// remaining returns how many bits of the message are not consumed.
func (f *Inflater) remaining() int { return 8*(len(f.in)-f.at) + int(f.count) }

// need reports whether n bits remain, at most 56, and loads them into f.bits.
func (f *Inflater) need(n uint) bool {
	f.refill()
	return f.count >= n
}

// refill loads at least 56 bits, or all that remain.
func (f *Inflater) refill() {
	for f.count < 56 && f.at < len(f.in) {
		f.bits |= uint64(f.in[f.at]) << f.count
		f.at++
		f.count += 8
	}
}

// take returns the next n bits, the first one lowest. need(n) must have returned true.
func (f *Inflater) take(n uint) uint {
	v := uint(f.bits & (1<<n - 1))
	f.bits >>= n
	f.count -= n
	return v
}

// align skips to the next byte boundary. It reports whether all skipped bits were 0.
func (f *Inflater) align() bool {
	zero := f.bits&(1<<(f.count%8)-1) == 0
	f.at -= int(f.count / 8)
	f.bits, f.count = 0, 0
	return zero
}

func (f *Inflater) fault(reason string) error {
	return &Error{Offset: f.at - int((f.count+7)/8), Reason: reason}
}
