package websocket

import (
	"sync/atomic"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// Levels of compression, as package compress/flate counts them.
const (
	huffmanOnly   = -2
	standardLevel = -1
	noCompression = 0
	bestLevel     = 9
	defaultLevel  = 1 // of a connection
)

// textSize is how many bytes of a message are compressed together.
const textSize = 64 << 10

var deflateEngines = poolcheck.NewPool("deflate engines of the drop-in", func() any { return new(conn.DeflateEngine) })

// compression is permessage-deflate, where it was agreed on.
type compression struct {
	// Of the messages that are received, inside the gate for reading.
	inflater conn.Inflater
	arrived  uint64 // bytes on the wire of the message under way

	// Of those that are sent.
	send  conn.Terms
	off   atomic.Bool // the program wants none now
	level atomic.Int32
}

func newCompression(t *deflateTerms) *compression {
	z := &compression{inflater: conn.NewInflater(t.receive), send: t.send}
	z.level.Store(defaultLevel)
	return z
}

// EnableWriteCompression says whether the text and binary messages that begin from now on
// are compressed, which they are unless it was called. It may be called at any time. It
// does nothing if compression was not agreed on with the peer.
func (c *Conn) EnableWriteCompression(enable bool) {
	if c.deflate != nil {
		c.deflate.off.Store(!enable)
	}
}

// SetCompressionLevel sets the level of compression for the messages that begin from now
// on: 1 (fastest) to 9 (smallest), -1 for a good compromise; -2 is taken for 1, and 0 is
// none. It may be called at any time. The default is 1.
func (c *Conn) SetCompressionLevel(level int) error {
	if level < huffmanOnly || level > bestLevel {
		return errCompressionLevel
	}
	if c.deflate != nil {
		c.deflate.level.Store(int32(level))
	}
	return nil
}

// deflates reports whether a message of this type is to be compressed.
func (c *Conn) deflates(op frame.Opcode) bool {
	z := c.deflate
	return z != nil && !op.IsControl() && !z.off.Load() && z.level.Load() != noCompression
}

// deflater returns what compresses the next message. The peers have agreed that messages do
// not refer to each other, so it need not be kept.
func (z *compression) deflater() conn.Deflater {
	return newDeflater(z.send, int(z.level.Load()))
}

func newDeflater(terms conn.Terms, level int) conn.Deflater {
	switch level {
	case huffmanOnly:
		level = 1
	case standardLevel:
		level = 6
	}
	return conn.NewDeflater(terms, level)
}

// deflated appends to dst the payload that says p.
func deflated(d *conn.Deflater, dst, p []byte) []byte {
	e := deflateEngines.Get().(*conn.DeflateEngine)
	dst = d.Message(e, dst, p)
	deflateEngines.Put(e)
	return dst
}

// writeDeflated sends a message compressed, under message.
func (c *Conn) writeDeflated(op frame.Opcode, data []byte) error {
	b := writeBuffers.Get().(*writeBuffer)
	defer c.out.recycle(b)
	d := c.deflate.deflater()
	b.data = deflated(&d, b.data, data)
	return c.send(outgoing{header: frame.Header{Opcode: op, RSV1: true, FIN: true}, payload: b.data, size: c.out.frameSize})
}

// text is what a compressed message says, on its way through a writer.
type text struct {
	*writeBuffer // what is not compressed yet
	deflater     conn.Deflater
	engine       *conn.DeflateEngine // once the message is known to be larger than textSize
}

// startDeflate makes m a compressed message.
func (m *messageWriter) startDeflate() {
	m.rsv1 = true // RFC 7692 §6: on the first frame
	m.text = &text{writeBuffer: writeBuffers.Get().(*writeBuffer), deflater: m.c.deflate.deflater()}
}

// collectText collects p, and compresses what is collected once it is textSize.
func (m *messageWriter) collectText(p []byte) error {
	for len(p) > 0 {
		if len(m.text.data) == textSize {
			if err := m.deflatePart(more); err != nil {
				return err
			}
		}
		n := min(textSize-len(m.text.data), len(p))
		m.text.data = append(m.text.data, p[:n]...)
		p = p[n:]
	}
	return nil
}

// deflatePart compresses what is collected, and sends the frames that are full.
func (m *messageWriter) deflatePart(at position) error {
	b := writeBuffers.Get().(*writeBuffer)
	defer m.c.out.recycle(b)
	b.data = m.text.part(b.data, at)
	return m.collectFrames(b.data)
}

// part appends to dst the payload that says what is collected.
func (t *text) part(dst []byte, at position) []byte {
	collected := t.data
	t.data = t.data[:0]
	if t.engine == nil {
		if at == last { // it is all
			return deflated(&t.deflater, dst, collected)
		}
		t.engine = deflateEngines.Get().(*conn.DeflateEngine)
		t.deflater.Begin(t.engine)
	}
	return t.deflater.Part(t.engine, dst, collected, at == last)
}

// giveBack gives back what compression has borrowed.
func (t *text) giveBack(s *sender) {
	s.recycle(t.writeBuffer)
	if t.engine != nil {
		deflateEngines.Put(t.engine)
	}
}
