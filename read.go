package websocket

import (
	"context"
	"slices"

	"github.com/hawser-ws/websocket/frame"
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

// Read reads the next message into new memory. See [Conn.ReadInto] for a read that
// allocates nothing, and [Conn.Reader] for messages too large for memory.
//
// If ctx is cancelled, Read returns its error. The next read continues where this one
// stopped, even in the middle of a message. Concurrent reads get one message each.
func (c *Conn) Read(ctx context.Context) (MessageType, []byte, error) {
	return c.ReadInto(ctx, nil)
}

// ReadInto reads the next message, appends it to buf and returns the extended slice, like
// append. It allocates nothing if buf has enough capacity; a compressed message needs room
// for one byte more than its decompressed size. On an error it returns buf as it was.
//
// If an earlier read was cancelled in the middle of the message, its beginning is in memory
// of the connection, and the message is copied to buf when it is complete.
//
// Text is checked to be UTF-8 (RFC 6455 §8.1). The connection fails at the first byte that
// is not.
func (c *Conn) ReadInto(ctx context.Context, buf []byte) (MessageType, []byte, error) {
	if err := c.in.await(ctx); err != nil {
		return 0, buf, err
	}
	typ, buf, err := c.in.receive(ctx, buf)
	c.in.leave()
	return typ, buf, err
}

// await takes the gate and waits until there is something to read. This is where an idle
// connection waits, so its stack use matters: a goroutine whose stack has once grown beyond
// 2 KiB keeps it, and every connection has such a goroutine. So the functions on the path
// to the system call have small stack frames.
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

// receive appends the message that await found to buf. Inside the gate.
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

// resume is receive for a message of which cancelled reads have received a part. It appends
// the rest to that part, in memory of the connection, so another cancelled read copies
// nothing. The whole message is copied to buf at most once.
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

// Most messages are a single frame that is complete in the buffer. The three functions
// below are their fast path. They decide exactly as the general ones do.

// nextSingle takes the next message out of the buffer, still masked, if it is there as one
// complete frame and its header breaks no rule or limit.
func (r *receiver) nextSingle() (op frame.Opcode, p []byte, ok bool) {
	if r.stream != nil || r.partial != nil || r.traced {
		return 0, nil, false
	}
	op, p, size := r.decoder.Single(r.buf.Bytes(), r.limits())
	if size == 0 {
		return 0, nil, false
	}
	r.buf.Consume(size)
	r.buf.NoteSize(len(p))
	return op, p, true
}

// appendSingle unmasks and checks what nextSingle returned, and appends it to buf.
func (r *receiver) appendSingle(ctx context.Context, op frame.Opcode, buf, p []byte) ([]byte, error) {
	buf, v := r.decoder.AppendSingle(buf, op, p)
	if v != nil {
		return buf, r.host.refused(ctx, v)
	}
	return buf, nil
}

// openSingle unmasks and checks what nextSingle returned, in place.
func (r *receiver) openSingle(ctx context.Context, op frame.Opcode, p []byte) error {
	if v := r.decoder.OpenSingle(op, p); v != nil {
		return r.host.refused(ctx, v)
	}
	return nil
}

// readMessage appends the rest of the message under way, or the next message, to dst, where
// the message begins at base. out is valid also with an error.
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
		if last, err = r.endFrame(ctx, len(dst)-base); err != nil {
			return 0, dst, err
		}
	}
	return typ, dst, nil
}

// keep stores what a failed read into buf has received of a message, for the next read. dst
// shares the memory of buf until it has been grown, and the caller's memory is never kept.
// Memory that the read has allocated is kept even if it is empty, or each read would
// allocate it again.
func (r *receiver) keep(buf, dst []byte) {
	received := dst[len(buf):]
	switch {
	case cap(dst) != cap(buf):
		r.partial = received
	case len(received) > 0:
		r.partial = slices.Clone(received)
	}
}

// appendPayload appends the rest of the current frame's payload to dst, unmasked and, if it
// is text, checked. On an error, what has arrived is still in dst.
func (r *receiver) appendPayload(ctx context.Context, dst []byte) ([]byte, error) {
	for left := r.decoder.Left(); left > 0; left = r.decoder.Left() {
		if left < directReadMin && r.buf.Buffered() == 0 {
			if err := r.fill(ctx); err != nil {
				return dst, err
			}
		}
		// Make room for the rest of the frame, within maxPrealloc, so that a message of one
		// frame is allocated once.
		dst = grow(dst, max(1, int(min(left, uint64(r.buf.Buffered())))), left)
		n, err := r.somePayload(ctx, dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// somePayload moves some of the current frame's payload to p, unmasked and, if it is text,
// checked. If nothing is buffered, it reads straight into p: callers that have little room
// fill the buffer first. On an error, what has arrived is still in p.
func (r *receiver) somePayload(ctx context.Context, p []byte) (n int, err error) {
	p = p[:min(uint64(len(p)), r.decoder.Left())]
	if n = copy(p, r.buf.Bytes()); n > 0 {
		r.buf.Consume(n)
	} else if n, err = r.wait(ctx, p, nil); err != nil {
		return 0, err
	}
	if v := r.decoder.Open(p[:n]); v != nil {
		return n, r.host.refused(ctx, v)
	}
	return n, nil
}

// grow makes room for at least n more bytes in dst. If it must allocate, it makes room for
// the rest of the frame, left bytes, as far as maxPrealloc allows.
func grow(dst []byte, n int, left uint64) []byte {
	if cap(dst)-len(dst) < n {
		dst = slices.Grow(dst, int(min(left, uint64(max(maxPrealloc, n, len(dst))))))
	}
	return dst
}
