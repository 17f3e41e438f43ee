package websocket

import (
	"context"
	"io"

	"github.com/hawser-ws/websocket/conn"
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
			arrived := int(min(r.decoder.Left(), uint64(r.buf.Buffered())))
			dst = conn.GrowInflated(dst, len(dst)-base, arrived, r.limit.Load())
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
	return z.output.Take(p), nil
}

// moreInflated waits until r.inflating has output that is not taken. It returns io.EOF at
// the end of the message, which it ends.
func (r *receiver) moreInflated(ctx context.Context) error {
	z := r.inflation()
	for z.output.Empty() {
		z.output.MakeRoom(1 << r.host.inflater().Terms().WindowBits)
		var (
			end bool
			err error
		)
		if z.output.Bytes, end, err = r.inflate(ctx, z.output.Bytes, 0); err != nil {
			return err
		}
		if end && z.output.Empty() {
			if err := r.endInflated(ctx, z.output.Bytes, 0); err != nil {
				return err
			}
			return io.EOF
		}
	}
	return nil
}
