package websocket

import (
	"io"

	"github.com/hawser-ws/websocket/frame"
)

// messageWriter sends one message in frames, each as large as the write buffer but the
// last. It is used under sender.message. What differs for one that is compressed stands in
// deflate.go.
type messageWriter struct {
	c    *Conn
	op   frame.Opcode // of the next frame: Continuation after the first
	rsv1 bool         // of the next frame
	buf  *writeBuffer // payload that is not sent yet; nil once the message has ended
	text *text        // nil unless the message is compressed
	err  error        // sticky
}

// NextWriter begins a message of any type and returns its writer. Closing that sends the
// rest, and ends the message. NextWriter does it for the writer before, if need be.
func (c *Conn) NextWriter(messageType int) (io.WriteCloser, error) {
	c.out.begin()
	defer c.out.end()
	op, err := c.next(messageType)
	if err != nil {
		return nil, err
	}
	return c.open(op), nil
}

// open returns a writer, under message.
func (c *Conn) open(op frame.Opcode) *messageWriter {
	m := &messageWriter{c: c, op: op, buf: c.out.lend()}
	if c.deflates(op) {
		m.startDeflate()
	}
	c.out.writer = m
	return m
}

// Write adds p to the message, and sends the frames that are full.
func (m *messageWriter) Write(p []byte) (int, error) {
	m.c.out.begin()
	defer m.c.out.end()
	return m.write(p)
}

// pieceSize is how many bytes ReadFrom and WriteString take at a time, at the most.
const pieceSize = 32 << 10

// WriteString is Write for a string. No frame is larger than the write buffer.
func (m *messageWriter) WriteString(s string) (n int, err error) {
	m.c.out.begin()
	defer m.c.out.end()
	b := writeBuffers.Get().(*writeBuffer)
	defer m.c.out.recycle(b)
	for n < len(s) || m.err != nil {
		b.data = append(b.data[:0], s[n:min(len(s), n+pieceSize)]...)
		if err = m.collect(b.data); err != nil {
			return 0, err
		}
		n += len(b.data)
	}
	return n, nil
}

// ReadFrom adds what it reads from r, until the end of r. Nothing of the connection is
// locked while r is read: r may be a reader of the same connection.
func (m *messageWriter) ReadFrom(r io.Reader) (n int64, err error) {
	b := writeBuffers.Get().(*writeBuffer)
	defer m.c.out.recycle(b)
	for {
		room, err := m.addForMore(b.data)
		if err != nil {
			return n, err
		}
		if cap(b.data) < room {
			b.data = make([]byte, 0, room)
		}
		got, err := r.Read(b.data[:room])
		b.data = b.data[:got]
		if n += int64(got); err != nil {
			return n, m.addLast(b.data, err)
		}
	}
}

// addForMore adds p. It sends the frame that is full, if one is, and returns how many
// bytes fit in the next.
func (m *messageWriter) addForMore(p []byte) (room int, err error) {
	m.c.out.begin()
	defer m.c.out.end()
	if err := m.collect(p); err != nil {
		return 0, err
	}
	size := m.c.out.frameSize
	switch {
	case m.text != nil:
		return pieceSize, nil
	case len(m.buf.data) == size:
		if err := m.send(m.buf.data, more); err != nil {
			return 0, err
		}
		m.buf.data = m.buf.data[:0]
	}
	return min(pieceSize, size-len(m.buf.data)), nil
}

// addLast adds what a reader has returned together with its error.
func (m *messageWriter) addLast(p []byte, readErr error) error {
	if len(p) > 0 {
		if _, err := m.Write(p); err != nil {
			return err
		}
	}
	if readErr == io.EOF {
		return nil
	}
	return readErr
}

// Close sends the rest of the message, and ends it.
func (m *messageWriter) Close() error {
	m.c.out.begin()
	defer m.c.out.end()
	return m.close()
}

// position is where a frame stands in its message.
type position uint8

const (
	more position = iota // others follow
	last
)

func (m *messageWriter) write(p []byte) (int, error) {
	switch {
	case m.err != nil:
		return 0, m.err
	case m.text == nil && !m.c.role.Masks() && len(p) > 2*(m.c.out.frameSize+frame.MaxHeaderSize):
		// A server sends what is large as one frame, from where it is if it can.
		whole := p
		if len(m.buf.data) > 0 {
			m.buf.data = append(m.buf.data, p...)
			whole = m.buf.data
		}
		if err := m.sendAll(whole); err != nil {
			return 0, err
		}
		m.buf.data = m.buf.data[:0]
		return len(p), nil
	}
	if err := m.collect(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// collect adds p to the message.
func (m *messageWriter) collect(p []byte) error {
	switch {
	case m.err != nil:
		return m.err
	case m.text != nil:
		return m.collectText(p)
	}
	return m.collectFrames(p)
}

// collectFrames adds p to the frames of the message. A frame that is full leaves when there
// is more: it may be the last.
func (m *messageWriter) collectFrames(p []byte) error {
	size := m.c.out.frameSize
	for b := m.buf; ; {
		n := min(size-len(b.data), len(p))
		if len(b.data) == 0 && len(p) > size {
			n = (len(p) - 1) / size * size // these frames need not be collected
			if err := m.send(p[:n], more); err != nil {
				return err
			}
		} else {
			b.data = append(b.data, p[:n]...)
		}
		if p = p[n:]; len(p) == 0 {
			return nil
		}
		if len(b.data) == size {
			if err := m.send(b.data, more); err != nil {
				return err
			}
			b.data = b.data[:0]
		}
	}
}

// send sends p in frames no larger than the write buffer.
func (m *messageWriter) send(p []byte, at position) error {
	return m.sendFrames(outgoing{payload: p, size: m.c.out.frameSize}, at)
}

// sendAll sends p in one frame, which is not the last.
func (m *messageWriter) sendAll(p []byte) error {
	return m.sendFrames(outgoing{payload: p}, more)
}

func (m *messageWriter) sendFrames(out outgoing, at position) error {
	if m.op.IsControl() && (at != last || len(out.payload) > frame.MaxControlPayload) {
		return m.end(errInvalidControlFrame)
	}
	out.header = frame.Header{Opcode: m.op, RSV1: m.rsv1, FIN: at == last}
	if err := m.c.send(out); err != nil {
		return m.end(err)
	}
	m.op, m.rsv1 = frame.Continuation, false
	return nil
}

// close ends the message, under message.
func (m *messageWriter) close() error {
	if m.err != nil {
		return m.err
	}
	if m.text != nil {
		if err := m.deflatePart(last); err != nil {
			return err
		}
	}
	if err := m.sendLast(); err != nil {
		return err
	}
	_ = m.end(errWriteClosed)
	return nil
}

// sendLast sends the last frame, which nearly always is the only one.
func (m *messageWriter) sendLast() error {
	p, c := m.buf.data, m.c
	if m.op == frame.Continuation || m.op.IsControl() || m.rsv1 || len(p) > c.out.singleSize {
		return m.send(p, last)
	}
	c.out.enter()
	defer c.out.wire.Unlock()
	if err := c.sendSingle(m.op, p); err != nil {
		return m.end(err)
	}
	return nil
}

// end makes err the error of the writer, and gives back what it has borrowed.
func (m *messageWriter) end(err error) error {
	m.err = err
	if m.c.out.writer == m {
		m.c.out.writer = nil
	}
	m.c.out.giveBack(m.buf)
	if m.buf = nil; m.text != nil {
		m.text.giveBack(&m.c.out)
		m.text = nil
	}
	return err
}
