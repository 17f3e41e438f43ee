package websocket

import (
	"context"
	"io"
	"slices"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
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

// Reader waits for the next message and returns its type and a reader for it, which ends
// with io.EOF. ctx bounds the reader, too. If ctx is cancelled in the middle of the
// message, another call of Reader returns a reader for the rest.
//
// The reader must be read to its last byte before the next message: until then Read and
// Reader return a [*UsageError]. It need not have returned io.EOF: a [json.Decoder] does not
// wait for that. Text is checked as it arrives, so what was read before an error may be the
// beginning of a text that is not UTF-8.
func (c *Conn) Reader(ctx context.Context) (MessageType, io.Reader, error) {
	r := &c.in
	if err := r.enter(ctx, "Conn.Reader"); err != nil {
		return 0, nil, err
	}
	defer r.leave()
	if r.stream != nil && r.stream.ctx.Err() == nil {
		if err := r.endStream(ctx, "Conn.Reader"); err != nil {
			return 0, nil, err
		}
	}
	if r.stream == nil && r.partial == nil && r.decoder.Message() == frame.Continuation {
		if err := r.nextFrame(ctx); err != nil {
			return 0, nil, err
		}
	}
	if r.stream == nil && r.inflating != nil && r.partial != nil {
		r.inflating.output.Adopt(*r.partial)
	}
	r.stream = &messageReader{r: r, ctx: ctx}
	return MessageType(r.decoder.Message()), r.stream, nil
}

// await takes the gate and waits until there is something to read. This is where an idle
// connection waits, so its stack use matters: a goroutine whose stack has once grown beyond
// 2 KiB keeps it, and every connection has such a goroutine. So the functions on the path
// to the system call have small stack frames.
func (r *receiver) await(ctx context.Context) error {
	if err := r.enter(ctx, readMethod); err != nil {
		return err
	}
	var err error
	if r.stream != nil {
		err = r.endStream(ctx, readMethod)
	}
	if err == nil && r.needsMore() {
		_, err = r.wait(ctx, nil, nil)
	}
	if err != nil {
		r.leave()
	}
	return err
}

// readMethod names the methods that await serves, in a [UsageError].
const readMethod = "Conn.Read or Conn.ReadInto"

// endStream ends the message of the last Reader, if all of it has been read but io.EOF. If
// there is more of it, the error says so, in the name of method. Inside the gate.
func (r *receiver) endStream(ctx context.Context, method string) error {
	unread, err := true, error(nil)
	switch {
	case !r.decoder.InLast() || r.partial != nil:
	case r.decoder.Compressed():
		err = r.moreInflated(ctx)
		if err == io.EOF {
			unread, err = false, nil
		}
	case r.decoder.Left() == 0:
		unread = false
		_, err = r.endFrame(ctx, 0)
	}
	switch {
	case err != nil:
		return err
	case unread:
		return &UsageError{method, "the message of the last Reader has not been read to its end"}
	}
	r.stream.err = io.EOF
	r.stream = nil
	return nil
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
	typ, dst, err := r.readMessage(ctx, *partial, 0)
	switch {
	case err == nil && cap(buf) == 0:
		buf = dst
	case err == nil:
		buf = append(buf, dst...)
	case r.canReceive():
		*partial = dst
		r.partial = partial
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
		r.partial = new(received)
	case len(received) > 0:
		r.partial = new(slices.Clone(received))
	}
}

// messageReader reads one message. It is receiver.stream until the message ends.
type messageReader struct {
	r   *receiver
	ctx context.Context
	err error // sticky: io.EOF at the end of the message
}

func (m *messageReader) Read(p []byte) (int, error) {
	if err := m.r.enter(m.ctx, "Reader.Read"); err != nil {
		if m.err != nil {
			err = m.err
		}
		return 0, err
	}
	defer m.r.leave()
	if m.err != nil {
		return 0, m.err
	}
	if m.r.stream != m {
		return 0, &UsageError{"Reader.Read", "another Reader has taken over the message"}
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := m.r.readSome(m.ctx, p)
	if err == io.EOF {
		m.err = err
		m.r.stream = nil
	}
	return n, err
}

// readSome reads bytes of the message under way. It returns io.EOF at the end of the
// message.
func (r *receiver) readSome(ctx context.Context, p []byte) (int, error) {
	if r.partial != nil {
		n := copy(p, *r.partial)
		if *r.partial = (*r.partial)[n:]; len(*r.partial) == 0 {
			r.partial = nil
		}
		if n > 0 {
			return n, nil
		}
	}
	if r.decoder.Compressed() {
		return r.readInflated(ctx, p)
	}
	for {
		if r.decoder.AtHeader() {
			if r.decoder.Message() == frame.Continuation {
				return 0, io.EOF
			}
			if err := r.nextFrame(ctx); err != nil {
				return 0, err
			}
		}
		left := r.decoder.Left()
		if left > 0 {
			if min(uint64(len(p)), left) < conn.DirectReadMin && r.buf.Buffered() == 0 {
				if err := r.fill(ctx); err != nil {
					return 0, err
				}
			}
			return r.somePayload(ctx, p)
		}
		if _, err := r.endFrame(ctx, 0); err != nil {
			return 0, err
		}
	}
}
