package websocket

import (
	"context"
	"io"
	"math"

	"github.com/hawser-ws/websocket/conn"
)

const (
	// outputSize holds the largest window and as much new output.
	outputSize = 2 << 15
	// inflateRoom is the least room in bytes that is made for output. The inner loop of
	// the decoder needs some to be fast.
	inflateRoom = 1 << 10
)

// inflateMessage appends the rest of the compressed message under way to dst, where the
// message begins at base. The result is valid also with an error.
func (r *receiver) inflateMessage(ctx context.Context, dst []byte, base int) ([]byte, error) {
	for {
		var (
			end bool
			err error
		)
		dst, end, err = r.inflate(ctx, dst, base)
		switch {
		case err != nil:
			return dst, err
		case end:
			return dst, r.endInflated(ctx, dst[base:], len(dst)-base)
		case len(dst) == cap(dst):
			dst = r.growInflated(dst, len(dst)-base)
		}
	}
}

// endInflated ends the compressed message under way. output is its decompressed content, or
// the last window of it; size bytes of that are in one place.
func (r *receiver) endInflated(ctx context.Context, output []byte, size int) error {
	if v := r.decoder.EndInflated(output); v != nil {
		return r.host.refused(ctx, v)
	}
	r.buf.NoteSize(size)
	r.dropInflation()
	return nil
}

// growInflated makes room in dst, which is full and holds have bytes of the message. It
// makes room for as much again, or for four times what has arrived and is still compressed,
// whichever is more: text such as JSON comes to about that. So all memory allocated for a
// message, and all copying, stays within four times its size, however well it is
// compressed. Nothing is allocated on the word of the peer.
//
// The room ends at most inflateRoom bytes above the limit of the message: the decoder needs
// some room to be fast, and output beyond the limit shows that the message exceeds it.
func (r *receiver) growInflated(dst []byte, have int) []byte {
	arrived := int(min(r.decoder.Left(), uint64(r.buf.Buffered())))
	// What the caller had in its buffer is copied each time as well.
	n := max(inflateRoom, expansion*arrived, have, len(dst)/4)
	if limit := r.limit.Load(); limit >= max(1, int64(have)) {
		// Room that comes close to the limit is extended to it, so that dst is not moved
		// once more for a few bytes.
		if left := int(min(limit-int64(have), int64(math.MaxInt-inflateRoom))); n > left-inflateRoom {
			n = left + inflateRoom
		}
	}
	// Not by append, which makes more room than it is asked for.
	return append(make([]byte, 0, len(dst)+n), dst...)
}

// expansion is the factor by which compressed text is expected to grow.
const expansion = 4

// inflate appends decompressed bytes of the message under way to out, up to its capacity.
// out[base:] is the earlier output of the message. inflate returns when out is full, at the
// end of the message, or when it has some output and would have to wait for the rest. The
// result is valid also with an error.
func (r *receiver) inflate(ctx context.Context, out []byte, base int) (output []byte, end bool, err error) {
	r.inflation()
	for begin := len(out); ; {
		var (
			used   int
			status conn.InflateStatus
		)
		out, used, status, err = r.decoder.Inflate(out, base, r.buf.Bytes(), r.limits())
		r.buf.Consume(used)
		switch {
		case err != nil:
			return out, false, r.host.refused(ctx, err)
		case status == conn.InflateEnd:
			return out, true, nil
		case status == conn.InflateOutput, len(out) > begin:
			return out, false, nil
		}
		if err := r.morePayload(ctx); err != nil {
			return out, false, err
		}
	}
}

// morePayload waits for more of the payload, in this frame or in the next.
func (r *receiver) morePayload(ctx context.Context) error {
	switch {
	case r.decoder.Left() > 0:
		return r.fill(ctx)
	case r.decoder.AtHeader():
		return r.nextFrame(ctx)
	}
	_, err := r.endFrame(ctx, 0) // of a fragment
	return err
}

// readInflated reads decompressed bytes of the message under way. It returns io.EOF at the
// end of the message.
func (r *receiver) readInflated(ctx context.Context, p []byte) (int, error) {
	if err := r.moreInflated(ctx); err != nil {
		return 0, err
	}
	z := r.inflating
	n := copy(p, z.output[z.taken:])
	z.taken += n
	return n, nil
}

// moreInflated waits until r.inflating has output that is not taken. It returns io.EOF at
// the end of the message, which it ends.
func (r *receiver) moreInflated(ctx context.Context) error {
	z := r.inflation()
	for z.taken == len(z.output) {
		z.makeRoom(1 << r.host.inflater().Terms().WindowBits)
		var (
			end bool
			err error
		)
		if z.output, end, err = r.inflate(ctx, z.output, 0); err != nil {
			return err
		}
		if end && z.taken == len(z.output) {
			if err := r.endInflated(ctx, z.output, 0); err != nil {
				return err
			}
			return io.EOF
		}
	}
	return nil
}

// makeRoom makes room for output, if there is too little. It drops what is taken and beyond
// the reach of the window.
func (z *inflating) makeRoom(window int) {
	if z.output == nil {
		z.output = make([]byte, 0, outputSize)
	}
	if cap(z.output)-len(z.output) < inflateRoom {
		z.output = z.output[:copy(z.output, z.output[len(z.output)-window:])]
		z.taken = len(z.output)
	}
}

// adopt continues, for a Reader, a message of which a cancelled ReadInto has received p.
func (z *inflating) adopt(p []byte) {
	z.makeRoom(0)
	z.output = append(z.output, p[max(0, len(p)-outputSize/2):]...)
	z.taken = len(z.output)
}
