package websocket

import (
	"context"
	"slices"

	"github.com/hawser-ws/websocket/frame"
)

const (
	// maxPrealloc is how far ahead of the bytes that have arrived a destination may
	// grow, or by as much again as has arrived if that is more: nothing is allocated
	// on the word of a header.
	maxPrealloc = 64 << 10
	// directReadMin is how much of a payload must be missing for it to be read straight
	// into its destination rather than through the read buffer.
	directReadMin = 8 << 10
)

// Read reads the next message into memory of its own. See [Conn.ReadInto] for one
// that allocates nothing, and [Conn.Reader] for messages too large to hold.
//
// If ctx is cancelled, Read returns its error, and the next read goes on where
// this one stopped, in the middle of a message if need be. Only one of several
// concurrent reads gets a message; the others wait.
func (c *Conn) Read(ctx context.Context) (MessageType, []byte, error) {
	return c.ReadInto(ctx, nil)
}

// ReadInto reads the next message, appends it to buf and returns the extended
// slice, like append. With a buf of enough capacity it allocates nothing; a compressed
// message needs room for one byte more than its decompressed size. If an earlier read was
// cancelled in the middle of the message, its beginning is in memory of the connection, and
// the message is copied to buf once it is whole. When ReadInto returns an error the slice
// is buf as it was.
//
// Text is checked to be UTF-8 (RFC 6455 §8.1), and the connection fails at the
// first byte that is not.
func (c *Conn) ReadInto(ctx context.Context, buf []byte) (MessageType, []byte, error) {
	if err := c.in.await(ctx); err != nil {
		return 0, buf, err
	}
	typ, buf, err := c.in.receive(ctx, buf)
	c.in.leave()
	return typ, buf, err
}

// await takes the gate and waits until there is something to read. An idle connection
// waits here, with little on its stack. What a wait for the network needs of it counts: a
// goroutine whose stack has grown beyond 2 KiB once keeps it, and there is one for every
// connection. So the functions on the way to the system call keep their frames small.
func (r *receiver) await(ctx context.Context) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	var err error
	switch {
	case r.stream != nil:
		err = messageOpen("Conn.Read")
	case r.needsMore():
		_, err = r.wait(ctx, nil, nil)
	}
	if err != nil {
		r.leave()
	}
	return err
}

func messageOpen(method string) error {
	return &UsageError{method, "the message of the last Reader has not been read to its end"}
}

// receive appends the message that await found to buf, inside the gate.
func (r *receiver) receive(ctx context.Context, buf []byte) (MessageType, []byte, error) {
	if op, p, ok := r.nextSingle(); ok {
		buf, v := r.decoder.AppendSingle(buf, op, p)
		if v != nil {
			return 0, buf, r.host.refused(ctx, v)
		}
		return MessageType(op), buf, nil
	}
	if r.partial != nil {
		return r.resume(ctx, buf)
	}
	typ, dst, err := r.readMessage(ctx, buf, len(buf))
	if err == nil {
		return typ, dst, nil
	}
	if r.canReceive() { // there will be a next read
		r.keep(buf, dst)
	}
	return typ, buf, err
}

// resume is receive for a message of which cancelled reads have received some. The rest is
// appended to that, in memory of the connection, so that a read that is cancelled again has
// nothing to copy. The whole message is copied at most once, into buf.
func (r *receiver) resume(ctx context.Context, buf []byte) (MessageType, []byte, error) {
	partial := r.partial
	r.partial = nil
	typ, dst, err := r.readMessage(ctx, partial, 0)
	switch {
	case err == nil && cap(buf) == 0:
		buf = dst
	case err == nil:
		buf = append(buf, dst...)
	case r.canReceive():
		r.partial = dst
	}
	return typ, buf, err
}

// Most messages are a single frame that is already complete in the buffer. The three
// functions here are for them. They decide exactly as the general ones do.

// nextSingle takes the next message out of the buffer, still masked, if it is there whole
// in one frame and nothing in its header can be refused.
func (r *receiver) nextSingle() (op frame.Opcode, p []byte, ok bool) {
	if r.stream != nil || r.partial != nil || r.traced {
		return 0, nil, false
	}
	op, p, size := r.decoder.Single(r.buf.Bytes(), r.limits())
	if size == 0 {
		return 0, nil, false
	}
	r.buf.Consume(size)
	r.buf.NoteSize(size)
	return op, p, true
}

// appendSingle appends what nextSingle returned to buf, unmasked and judged.
func (r *receiver) appendSingle(ctx context.Context, op frame.Opcode, buf, p []byte) ([]byte, error) {
	buf, v := r.decoder.AppendSingle(buf, op, p)
	if v != nil {
		return buf, r.host.refused(ctx, v)
	}
	return buf, nil
}

// openSingle unmasks and judges what nextSingle returned, in place.
func (r *receiver) openSingle(ctx context.Context, op frame.Opcode, p []byte) error {
	if v := r.decoder.OpenSingle(op, p); v != nil {
		return r.host.refused(ctx, v)
	}
	return nil
}

// readMessage appends the rest of the message under way, or the next one, to dst, where
// it begins at base. What it returns of dst is good also with an error.
func (r *receiver) readMessage(ctx context.Context, dst []byte, base int) (typ MessageType, out []byte, err error) {
	for last := false; !last; {
		if err := r.nextFrame(ctx); err != nil {
			return 0, dst, err
		}
		typ = MessageType(r.decoder.Message())
		if r.decoder.Compressed() {
			dst, err = r.inflateMessage(ctx, dst, base)
			return typ, dst, err
		}
		if dst, err = r.appendPayload(ctx, dst); err != nil {
			return 0, dst, err
		}
		if last, err = r.endFrame(ctx, len(dst)); err != nil {
			return 0, dst, err
		}
	}
	return typ, dst, nil
}

// keep stores for the next read what a read into buf, which failed, has received of a
// message. dst is in the caller's memory until it has been grown, and that memory is never
// kept. Memory allocated by the read is kept even if it holds nothing yet, or each read
// would allocate it again.
func (r *receiver) keep(buf, dst []byte) {
	received := dst[len(buf):]
	switch {
	case cap(dst) != cap(buf):
		r.partial = received
	case len(received) > 0:
		r.partial = slices.Clone(received)
	}
}

// appendPayload appends the rest of the current frame's payload to dst, unmasked and, if
// it is text, judged. What has arrived is in dst also when it fails.
func (r *receiver) appendPayload(ctx context.Context, dst []byte) ([]byte, error) {
	for r.decoder.Left() > 0 {
		n, left := len(dst), r.decoder.Left()
		switch have := r.buf.Bytes(); {
		case len(have) > 0:
			take := int(min(left, uint64(len(have))))
			// Room for the rest of the frame as far as it may be trusted, so that a
			// message of one frame is allocated once.
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

// grow makes room for at least n bytes more in dst. If it must allocate, it does so for
// the rest of the frame, as far as maxPrealloc allows.
func grow(dst []byte, n int, left uint64) []byte {
	if cap(dst)-len(dst) < n {
		dst = slices.Grow(dst, int(min(left, uint64(max(maxPrealloc, n, len(dst))))))
	}
	return dst
}
