package websocket

import (
	"context"
	"slices"
)

const (
	// maxPrealloc is how far a destination may grow ahead of the bytes that have arrived,
	// in bytes. It may double if that is more. Nothing else is allocated on the word of a
	// header.
	maxPrealloc = 64 << 10
	// directReadMin is how many bytes of a payload must be missing for them to be read
	// straight into their destination, and not through the read buffer.
	directReadMin = 8 << 10
)

// nextFrame reads until the header of a data frame is accepted. It handles control frames
// on the way.
func (r *receiver) nextFrame(ctx context.Context) error {
	for r.decoder.AtHeader() {
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step reads the header of one data frame, or one whole control frame, or drops payload
// that nobody has read.
func (r *receiver) step(ctx context.Context) error {
	for {
		f, n, err := r.decoder.Next(r.buf.Bytes(), r.limits())
		if n == 0 && err == nil {
			if err := r.fill(ctx); err != nil {
				return err
			}
			continue
		}
		r.buf.Consume(n)
		if r.traced && f.HeaderSize > 0 {
			r.host.frameRead(f.Header)
		}
		switch {
		case err != nil:
			return r.host.refused(ctx, err)
		case f.Opcode.IsControl():
			return r.host.control(ctx, f.Opcode, f.Payload)
		}
		return nil
	}
}

// drain reads for the closing handshake, and drops the messages for the application. They
// may be of any size; the deadline of closing limits the time.
func (r *receiver) drain(ctx context.Context) error {
	r.decoder.Discard()
	for r.canReceive() {
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return r.host.closedError()
}

// appendPayload appends the rest of the current frame's payload to dst, unmasked and, if it
// is text, checked. On an error, what has arrived is still in dst.
func (r *receiver) appendPayload(ctx context.Context, dst []byte) ([]byte, error) {
	for r.decoder.Left() > 0 {
		n, left := len(dst), r.decoder.Left()
		switch have := r.buf.Bytes(); {
		case len(have) > 0:
			take := int(min(left, uint64(len(have))))
			// Make room for the rest of the frame, within maxPrealloc, so that a message
			// of one frame is allocated once.
			dst = append(grow(dst, take, left), have[:take]...)
			r.buf.Consume(take)
		case left < directReadMin:
			if err := r.fill(ctx); err != nil {
				return dst, err
			}
			continue
		default:
			dst = grow(dst, 1, left)
			p := dst[n:cap(dst)]
			got, err := r.wait(ctx, p[:min(uint64(len(p)), left)], nil)
			if err != nil {
				return dst, err
			}
			dst = dst[:n+got]
		}
		if v := r.decoder.Open(dst[n:]); v != nil {
			return dst, r.host.refused(ctx, v)
		}
	}
	return dst, nil
}

// grow makes room for at least n more bytes in dst. If it must allocate, it makes room for
// the rest of the frame, left bytes, as far as maxPrealloc allows.
func grow(dst []byte, n int, left uint64) []byte {
	if cap(dst)-len(dst) < n {
		dst = slices.Grow(dst, int(min(left, uint64(max(maxPrealloc, n, len(dst))))))
	}
	return dst
}

// endFrame ends the current frame, whose payload has all been taken. last reports whether
// its message is complete. size is how many bytes of the message are in one place, for the
// choice of the next read buffer.
func (r *receiver) endFrame(ctx context.Context, size int) (last bool, err error) {
	last, v := r.decoder.EndFrame()
	if v != nil {
		return false, r.host.refused(ctx, v)
	}
	if last {
		r.buf.NoteSize(size)
	}
	return last, nil
}
