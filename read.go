package websocket

import (
	"context"
	"io"
	"slices"

	"github.com/hawser-ws/websocket/frame"
)

const (
	// growth is how far ahead of the octets that have arrived a destination may
	// grow, or by as much again as has arrived if that is more: nothing is allocated
	// on the word of a header.
	growth = 64 << 10
	// direct is how much of a payload must be missing for it to be read straight
	// into its destination rather than through the read buffer.
	direct = 8 << 10
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
	if err := c.awaitMessage(ctx); err != nil {
		return 0, buf, err
	}
	return c.takeMessage(ctx, buf)
}

// awaitMessage takes the reading half and waits until there is something to read.
// An idle connection waits here, with little on its stack: see sendOwn.
func (c *Conn) awaitMessage(ctx context.Context) error {
	if err := c.enterRead(ctx); err != nil {
		return err
	}
	var err error
	switch {
	case c.in.stream != nil:
		err = messageOpen("Conn.Read")
	case c.in.needsMore():
		err = c.fill(ctx)
	}
	if err != nil {
		c.leaveRead()
	}
	return err
}

// takeMessage appends the message that awaitMessage found to buf, and gives the
// reading half back.
func (c *Conn) takeMessage(ctx context.Context, buf []byte) (MessageType, []byte, error) {
	typ, buf, err := c.receive(ctx, buf)
	c.leaveRead()
	return typ, buf, err
}

// receive is takeMessage without giving the reading half back.
func (c *Conn) receive(ctx context.Context, buf []byte) (MessageType, []byte, error) {
	in := &c.in
	if op, p, ok := c.nextWhole(); ok {
		buf, err := c.appendWhole(ctx, op, buf, p)
		return MessageType(op), buf, err
	}
	if in.partial != nil {
		return c.resume(ctx, buf)
	}
	in.dst = buf
	typ, err := c.readMessage(ctx, len(buf))
	switch {
	case err == nil:
		buf = in.dst
	case c.state().CanReceive(): // there will be a next read
		in.keep(buf)
	}
	in.dst = nil
	return typ, buf, err
}

// resume is receive for a message of which cancelled reads have received some. The rest is
// appended to that, in memory of the connection, so that a read that is cancelled again has
// nothing to copy. The whole message is copied at most once, into buf.
func (c *Conn) resume(ctx context.Context, buf []byte) (MessageType, []byte, error) {
	in := &c.in
	in.dst, in.partial = in.partial, nil
	typ, err := c.readMessage(ctx, 0)
	switch {
	case err == nil && cap(buf) == 0:
		buf = in.dst
	case err == nil:
		buf = append(buf, in.dst...)
	case c.state().CanReceive():
		in.partial = in.dst
	}
	in.dst = nil
	return typ, buf, err
}

func messageOpen(method string) error {
	return &UsageError{method, "the message of the last Reader has not been read to its end"}
}

// needsMore reports whether nothing can be had without octets from the network.
func (in *reader) needsMore() bool {
	return in.buf.Buffered() == 0 && in.stream == nil && (in.decoder.AtHeader() || in.decoder.Left() > 0)
}

// readMessage appends the rest of the message under way, or the next one, to dst,
// where it begins at base.
func (c *Conn) readMessage(ctx context.Context, base int) (MessageType, error) {
	in := &c.in
	for {
		if err := c.nextFrame(ctx); err != nil {
			return 0, err
		}
		typ := MessageType(in.decoder.Message())
		if in.decoder.Compressed() {
			return typ, c.inflateMessage(ctx, base)
		}
		if err := c.appendPayload(ctx); err != nil {
			return 0, err
		}
		last, err := c.endFrame(ctx)
		if err != nil {
			return 0, err
		}
		if last {
			return typ, nil
		}
	}
}

// keep stores for the next read what a read into buf, which failed, has received of a
// message. dst is in the caller's memory until it has been grown, and that memory is never
// kept. Memory allocated by the read is kept even if it holds nothing yet, or each read
// would allocate it again.
func (in *reader) keep(buf []byte) {
	received := in.dst[len(buf):]
	switch {
	case cap(in.dst) != cap(buf):
		in.partial = received
	case len(received) > 0:
		in.partial = slices.Clone(received)
	}
}

// appendPayload appends the rest of the current frame's payload to dst, unmasked
// and, if it is text, judged. What has arrived is in dst also when it fails.
func (c *Conn) appendPayload(ctx context.Context) error {
	in := &c.in
	for in.decoder.Left() > 0 {
		n := len(in.dst)
		switch have := in.buf.Bytes(); {
		case len(have) > 0:
			take := int(min(in.decoder.Left(), uint64(len(have))))
			// Room for the rest of the frame as far as it may be trusted, so that a
			// message of one frame is allocated once.
			in.grow(take)
			in.dst = append(in.dst, have[:take]...)
			in.buf.Consume(take)
		case in.decoder.Left() < direct:
			if err := c.fill(ctx); err != nil {
				return err
			}
			continue
		default:
			in.grow(1)
			p := in.dst[n:cap(in.dst)]
			got, err := c.fillInto(ctx, p[:min(uint64(len(p)), in.decoder.Left())])
			if err != nil {
				return err
			}
			in.dst = in.dst[:n+got]
		}
		if v := in.decoder.Open(in.dst[n:]); v != nil {
			return c.violated(ctx, v)
		}
	}
	return nil
}

// grow makes room for at least n octets more in dst. If it must allocate, it does
// so for the rest of the frame, as far as growth allows.
func (in *reader) grow(n int) {
	if cap(in.dst)-len(in.dst) < n {
		in.dst = slices.Grow(in.dst, int(min(in.decoder.Left(), uint64(max(growth, n, len(in.dst))))))
	}
}

// endFrame closes the current frame, whose payload has all been taken. last
// reports whether its message is complete.
func (c *Conn) endFrame(ctx context.Context) (last bool, err error) {
	in := &c.in
	last, v := in.decoder.EndFrame()
	if v != nil {
		return false, c.violated(ctx, v)
	}
	if last {
		in.buf.NoteSize(len(in.dst))
	}
	return last, nil
}

// Reader waits for the next message and returns its type and a reader for it,
// which ends with io.EOF. ctx bounds the reader too; if it is cancelled in the
// middle of the message, the rest can be had by another call of Reader.
//
// The reader must be read to its end before the next message: until then Read and
// Reader fail with a [*UsageError]. Text is judged as it arrives, so what was read
// before an error may be the beginning of a text that is not UTF-8.
func (c *Conn) Reader(ctx context.Context) (MessageType, io.Reader, error) {
	if err := c.enterRead(ctx); err != nil {
		return 0, nil, err
	}
	defer c.leaveRead()
	in := &c.in
	if in.stream != nil && in.stream.ctx.Err() == nil {
		return 0, nil, messageOpen("Conn.Reader")
	}
	if in.stream == nil && in.partial == nil && in.decoder.Message() == frame.Continuation {
		if err := c.nextFrame(ctx); err != nil {
			return 0, nil, err
		}
	}
	if in.stream == nil && in.inflating != nil && in.partial != nil {
		in.inflating.adopt(in.partial)
	}
	in.stream = &messageReader{c: c, ctx: ctx}
	return MessageType(in.decoder.Message()), in.stream, nil
}

// messageReader reads one message. It is the reader's stream until its end.
type messageReader struct {
	c   *Conn
	ctx context.Context
	err error // sticky: io.EOF at the end of the message
}

func (r *messageReader) Read(p []byte) (int, error) {
	if err := r.c.enterRead(r.ctx); err != nil {
		if r.err != nil {
			err = r.err
		}
		return 0, err
	}
	defer r.c.leaveRead()
	if r.err != nil {
		return 0, r.err
	}
	if r.c.in.stream != r {
		return 0, &UsageError{"Reader.Read", "another Reader has taken over the message"}
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := r.c.readSome(r.ctx, p)
	if err == io.EOF {
		r.err = err
		r.c.in.stream = nil
	}
	return n, err
}

// readSome reads some of the message under way; io.EOF at its end.
func (c *Conn) readSome(ctx context.Context, p []byte) (int, error) {
	in := &c.in
	if in.partial != nil {
		n := copy(p, in.partial)
		if in.partial = in.partial[n:]; len(in.partial) == 0 {
			in.partial = nil
		}
		if n > 0 {
			return n, nil
		}
	}
	if in.decoder.Compressed() {
		return c.readInflated(ctx, p)
	}
	for {
		if in.decoder.AtHeader() {
			if in.decoder.Message() == frame.Continuation {
				return 0, io.EOF
			}
			if err := c.nextFrame(ctx); err != nil {
				return 0, err
			}
		}
		if in.decoder.Left() == 0 {
			if _, err := c.endFrame(ctx); err != nil {
				return 0, err
			}
			continue
		}
		p = p[:min(uint64(len(p)), in.decoder.Left())]
		n := copy(p, in.buf.Bytes())
		in.buf.Consume(n)
		if n == 0 {
			if len(p) < direct {
				if err := c.fill(ctx); err != nil {
					return 0, err
				}
				continue
			}
			var err error
			if n, err = c.fillInto(ctx, p); err != nil {
				return 0, err
			}
		}
		if v := in.decoder.Open(p[:n]); v != nil {
			return 0, c.violated(ctx, v)
		}
		return n, nil
	}
}

// atData reports whether the next thing in the stream is for the application.
func (in *reader) atData() bool {
	return !in.decoder.AtHeader() || in.stream != nil || in.partial != nil
}

// drain reads for the closing handshake and drops what is for the application. That may
// be of any size; the deadline of closing bounds it.
func (c *Conn) drain(ctx context.Context) error {
	c.in.decoder.Discard()
	for c.state().CanReceive() {
		if err := c.step(ctx); err != nil {
			return err
		}
	}
	return c.closedError()
}
