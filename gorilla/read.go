package websocket

import (
	"io"
	"slices"
)

const (
	// maxPrealloc is how far ahead of the bytes that have arrived a message may be given
	// memory, or by as much again as has arrived if that is more.
	maxPrealloc = 64 << 10
	// directReadMin is how much of a payload must be missing for it to be read straight
	// into its destination.
	directReadMin = 8 << 10
	// noMessage is the type of message that comes with an error.
	noMessage = -1
)

// ReadMessage reads the next message whole, into memory of its own.
func (c *Conn) ReadMessage() (messageType int, p []byte, err error) {
	r := &c.in
	if r.enter(); c.hasFrame() {
		if op, p, n := r.decoder.Single(r.buf.Bytes(), r.limits()); n > 0 {
			p, _ = r.decoder.AppendSingle(make([]byte, 0, len(p)), op, p) // text is not judged
			r.buf.Consume(n)
			r.buf.NoteSize(n)
			r.current = nil
			r.leave()
			return int(op), p, nil
		}
	}
	op, err := c.nextMessage()
	if err != nil {
		return noMessage, nil, c.leaveFailed()
	}
	p, err = c.appendMessage([]byte{})
	r.leave()
	return int(op), p, err
}

// hasFrame waits for bytes if there are none, and reports whether a frame begins with those
// that are there.
func (c *Conn) hasFrame() bool {
	r := &c.in
	if r.err != nil || !r.decoder.AtHeader() {
		return false
	}
	if r.buf.Buffered() == 0 {
		if err := c.fill(); err != nil {
			_ = c.fail(err)
			return false
		}
	}
	return true
}

// leaveFailed leaves the gate and returns the error of all reads. A program that does not
// look at it would go on for ever, at full speed: it panics at last.
func (c *Conn) leaveFailed() error {
	c.in.failed++
	failed, err := c.in.failed, c.in.err
	if c.in.leave(); failed >= maxFailedReads {
		panic("repeated read on failed websocket connection")
	}
	return err
}

// appendMessage appends the rest of the message under way to dst. What it returns is good
// also with an error.
func (c *Conn) appendMessage(dst []byte) (_ []byte, err error) {
	r := &c.in
	if r.decoder.Compressed() {
		return c.appendInflated(dst)
	}
	for {
		if dst, err = c.appendPayload(dst); err != nil {
			return dst, within(c.fail(err))
		}
		if last, _ := r.decoder.EndFrame(); last {
			r.buf.NoteSize(len(dst))
			return dst, nil
		}
		if err = c.nextFragment(); err != nil {
			return dst, err
		}
	}
}

// appendPayload appends the rest of the current frame's payload to dst.
func (c *Conn) appendPayload(dst []byte) ([]byte, error) {
	r := &c.in
	for r.decoder.Left() > 0 {
		left, n := r.decoder.Left(), len(dst)
		if r.buf.Buffered() == 0 && left < directReadMin {
			if err := c.fill(); err != nil {
				return dst, err
			}
		}
		// There is room for the rest of the frame, as far as its length may be trusted.
		if have := r.buf.Buffered(); cap(dst)-n < max(1, int(min(left, uint64(have)))) {
			dst = slices.Grow(dst, int(min(left, uint64(max(maxPrealloc, have, n)))))
		}
		got, err := c.readPayload(dst[n:cap(dst)])
		if dst = dst[:n+got]; err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// readPayload puts the next bytes of the current frame's payload into p: those that have
// come or, if none have, those that come next.
func (c *Conn) readPayload(p []byte) (n int, err error) {
	r := &c.in
	p = p[:min(uint64(len(p)), r.decoder.Left())]
	switch {
	case r.buf.Buffered() > 0, len(p) == 0:
	case len(p) >= directReadMin:
		n, err = c.stream.Read(p)
		_ = r.decoder.Open(p[:n]) // text is not judged
		return n, within(err)
	default:
		if err = c.fill(); err != nil {
			return 0, err
		}
	}
	have := r.buf.Bytes()
	n = min(len(p), len(have))
	_ = r.decoder.OpenInto(p[:n], have[:n])
	r.buf.Consume(n)
	return n, nil
}

// NextReader goes on to the next message and returns a reader of it. messageType is
// [TextMessage] or [BinaryMessage]. What is left of the message before is dropped, and its
// reader is at its end.
//
// An error is permanent. A program must leave its loop then: NextReader panics when it is
// called for the 1,000th time after an error.
func (c *Conn) NextReader() (messageType int, r io.Reader, err error) {
	in := &c.in
	if in.enter(); c.hasFrame() {
		if op, n := in.decoder.NextSingle(in.buf.Bytes(), in.limits()); n > 0 {
			in.buf.Consume(n)
			return int(op), c.leaveReading(), nil
		}
	}
	op, err := c.nextMessage()
	if err != nil {
		return noMessage, nil, c.leaveFailed()
	}
	return int(op), c.leaveReading(), nil
}

// leaveReading leaves the gate, and returns the reader of the message that has begun.
func (c *Conn) leaveReading() io.Reader {
	m := &messageReader{c: c}
	c.in.current = m
	c.in.leave()
	return m
}

// messageReader reads one message, for as long as it is current.
type messageReader struct {
	c     *Conn
	size  int  // bytes that were read
	ended bool // all was read: only for the goroutine that reads
}

// Read returns [io.EOF] at the end of the message, and when the connection has gone on to
// another.
func (m *messageReader) Read(p []byte) (n int, err error) {
	if m.ended {
		return 0, io.EOF
	}
	c := m.c
	c.in.enter()
	defer c.in.leave()
	for c.in.current == m {
		switch {
		case c.in.err != nil:
			return 0, within(c.in.err)
		case c.in.decoder.Compressed():
			n, err = c.readInflated(p)
		case c.in.decoder.Left() > 0:
			n, err = c.readPayload(p)
		default:
			err = c.endFrame()
		}
		switch {
		case err == io.EOF:
			c.in.current = nil
		case err != nil:
			return n, within(c.fail(err))
		case n > 0 || len(p) == 0:
			m.size += n
			m.noteEnd()
			return n, nil
		}
	}
	m.ended = true
	return 0, io.EOF
}

// noteEnd notes that all of the message was read. The next Read needs nothing of the
// connection then, and that no buffer.
func (m *messageReader) noteEnd() {
	d := &m.c.in.decoder
	if d.InLast() && d.Left() == 0 && !d.Compressed() {
		_, _ = d.EndFrame()
		m.c.in.buf.NoteSize(m.size)
		m.c.in.current, m.ended = nil, true
	}
}

// endFrame goes on to the next frame of the message under way; io.EOF at its end.
func (c *Conn) endFrame() error {
	if last, _ := c.in.decoder.EndFrame(); last {
		return io.EOF
	}
	return c.nextFragment()
}
