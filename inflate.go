package websocket

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/ledger"
)

// inflating is what the reading half needs while a compressed message is under way.
type inflating struct {
	engine  conn.InflateEngine
	plain   int // octets of the payload at the front of the read buffer that are unmasked
	trailer int // how many octets of conn.Trailer the engine has been given

	// For a Reader, which takes what the message says piece by piece. What it has
	// taken stays for as long as the message may refer to it.
	said  []byte
	taken int // said[:taken]
}

const (
	// saidSize holds the largest window, and as much again to be taken.
	saidSize = 2 << 15
	// inflateRoom is the least room in bytes that is made for what a message says.
	// The inner loop of the decoder needs some to be fast.
	inflateRoom = 1 << 10
)

var inflatings = ledger.NewPool("inflate engines", func() any { return new(inflating) })

// inflation returns the state of the compressed message under way.
func (c *Conn) inflation() *inflating {
	in := &c.in
	if in.inflating == nil {
		in.inflating = inflatings.Get().(*inflating)
		c.deflate.in.Begin(&in.inflating.engine)
	}
	return in.inflating
}

// dropInflation gives the state back.
func (in *reader) dropInflation() {
	if z := in.inflating; z != nil {
		in.inflating = nil
		z.engine.Drop()
		z.plain, z.trailer, z.taken, z.said = 0, 0, 0, z.said[:0]
		inflatings.Put(z)
	}
}

// inflateMessage appends to dst, from base on, the rest of the compressed message
// under way.
func (c *Conn) inflateMessage(ctx context.Context, base int) error {
	in := &c.in
	for {
		var (
			end bool
			err error
		)
		in.dst, end, err = c.inflate(ctx, in.dst, base)
		if err != nil {
			return err
		}
		if end {
			return c.endInflated(ctx, in.dst[base:])
		}
		if len(in.dst) == cap(in.dst) {
			c.growInflated(len(in.dst) - base)
		}
	}
}

// endInflated ends the compressed message under way. said is what it said, or the
// last window of it.
func (c *Conn) endInflated(ctx context.Context, said []byte) error {
	if _, err := c.endFrame(ctx); err != nil {
		return err
	}
	c.deflate.in.End(&c.in.inflating.engine, said)
	c.in.dropInflation()
	return nil
}

// growInflated makes room in dst, which is full and holds have bytes of the message. It
// doubles have, or makes room for four times of what has arrived and is not decompressed
// yet, whichever is more: text such as JSON comes to about that. So all memory allocated
// for a message, and all copying, stays within four times its size, however well it is
// compressed, and nothing is allocated on the peer's word.
//
// The room ends at most inflateRoom bytes above the limit of the message: the decoder
// needs some to be fast, and what fills it shows that the message exceeds the limit.
func (c *Conn) growInflated(have int) {
	in := &c.in
	arrived := int(min(in.left, uint64(in.buf.Buffered())))
	// What the caller had in its buffer is copied each time as well.
	n := max(inflateRoom, expansion*arrived, have, len(in.dst)/4)
	if limit := c.readLimit.Load(); limit >= max(1, int64(have)) {
		// Room that comes close to the limit is extended to it, so that dst is not moved
		// once more for a few bytes.
		if left := int(min(limit-int64(have), int64(math.MaxInt-inflateRoom))); n > left-inflateRoom {
			n = left + inflateRoom
		}
	}
	// Not by append, which makes more room than it is asked for.
	in.dst = append(make([]byte, 0, len(in.dst)+n), in.dst...)
}

// expansion is what compressed text may be expected to grow by.
const expansion = 4

// inflate appends to out what the compressed message under way says next, up to its
// capacity; out[base:] is what it has said before. It returns when out is full, at
// the end of the message, and when there is something and the rest must be waited for.
// What it returns is good also with an error.
func (c *Conn) inflate(ctx context.Context, out []byte, base int) (said []byte, end bool, err error) {
	in := &c.in
	z := c.inflation()
	for begin := len(out); ; {
		p := in.compressed(z)
		n := len(out)
		var (
			used int
			v    *frame.Violation
		)
		out, used, v = z.engine.Inflate(out, base, p)
		if in.left > 0 {
			in.buf.Consume(used)
			in.left -= uint64(used)
			z.plain -= used
		} else {
			z.trailer += used
		}
		if len(out) > n {
			if err := c.judgeInflated(ctx, out[n:]); err != nil {
				return out, false, err
			}
		}
		full := len(out) == cap(out) // the engine may hold more
		switch {
		case v != nil:
			return out, false, c.violated(ctx, v)
		case z.ended():
			return out, true, nil
		case used < len(p), full && in.mustWait():
			return out, false, nil
		case z.trailer == len(conn.Trailer) && !full:
			return out, false, c.violated(ctx, conn.ErrDeflateEnd)
		case z.trailer == len(conn.Trailer), len(out) > begin && in.mustWait():
			return out, false, nil
		}
		if err := c.morePayload(ctx); err != nil {
			return out, false, err
		}
	}
}

// mustWait reports whether the message goes on in octets that may not have come.
func (in *reader) mustWait() bool {
	if in.left > 0 {
		return in.buf.Buffered() == 0
	}
	return !in.fin
}

// morePayload sees to it that there is more of the payload, or that it has ended.
func (c *Conn) morePayload(ctx context.Context) error {
	in := &c.in
	switch {
	case in.left > 0:
		if in.buf.Buffered() == 0 {
			return c.fill(ctx)
		}
	case in.phase == atHeader:
		return c.nextFrame(ctx)
	case !in.fin:
		_, err := c.endFrame(ctx)
		return err
	}
	return nil
}

// compressed returns the octets of the payload that are there, unmasked. After those
// of the last frame comes what is left of the trailer.
func (in *reader) compressed(z *inflating) []byte {
	if in.left == 0 {
		if !in.fin {
			return nil
		}
		return deflateTrailer[z.trailer:]
	}
	p := in.buf.Bytes()
	p = p[:min(in.left, uint64(len(p)))]
	if in.expect.Masked {
		in.key = frame.Mask(p[z.plain:], in.key)
	}
	z.plain = len(p)
	return p
}

var deflateTrailer = []byte(conn.Trailer)

// judgeInflated judges what came out of decompression: how much the message says by
// now, and if it is text. How much comes out at once depends on how the octets arrived;
// the verdict does not, because what is within the limit is judged before the rest.
func (c *Conn) judgeInflated(ctx context.Context, p []byte) error {
	in := &c.in
	over := in.seq.Inflated(len(p), c.limits())
	if exceeded, ok := errors.AsType[*conn.Exceeded](over); ok {
		beyond := exceeded.Size - uint64(exceeded.Limit)
		p = p[:len(p)-int(min(beyond, uint64(len(p))))]
	}
	if in.seq.Opcode() == frame.Text && !in.text.Valid(p) {
		return c.violated(ctx, frame.ErrText)
	}
	if over != nil {
		return c.refused(ctx, over)
	}
	return nil
}

// ended reports whether all of the message is in said, or in dst.
func (z *inflating) ended() bool { return z.trailer == len(conn.Trailer) && z.engine.Ended() }

// readInflated reads some of what the compressed message under way says; io.EOF at
// its end.
func (c *Conn) readInflated(ctx context.Context, p []byte) (int, error) {
	z := c.inflation()
	for z.taken == len(z.said) {
		if z.ended() {
			if err := c.endInflated(ctx, z.said); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
		z.makeRoom(1 << c.deflate.in.Terms().WindowBits)
		var err error
		if z.said, _, err = c.inflate(ctx, z.said, 0); err != nil {
			return 0, err
		}
	}
	n := copy(p, z.said[z.taken:])
	z.taken += n
	return n, nil
}

// makeRoom drops what is taken and out of the window's reach, if there is no room.
func (z *inflating) makeRoom(window int) {
	if z.said == nil {
		z.said = make([]byte, 0, saidSize)
	}
	if cap(z.said)-len(z.said) < inflateRoom {
		z.said = z.said[:copy(z.said, z.said[len(z.said)-window:])]
		z.taken = len(z.said)
	}
}

// adopt goes on for a Reader where a ReadInto was cancelled, which had received p.
func (z *inflating) adopt(p []byte) {
	z.makeRoom(0)
	z.said = append(z.said, p[max(0, len(p)-saidSize/2):]...)
	z.taken = len(z.said)
}
