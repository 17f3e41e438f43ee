package websocket

import (
	"context"
	"fmt"
	"sync"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// writeSize is how many bytes a Writer collects for a fragment.
const writeSize = 16 << 10

var writeBuffers = poolcheck.NewPool("Writer buffers", func() any { return new([writeSize]byte) })

// messageWriter sends one message in fragments. It is what [Conn.Writer] returns.
type messageWriter struct {
	out    *sender
	ctx    context.Context
	number uint32 // distinguishes its fragments from those of other messages

	mu     sync.Mutex
	opcode frame.Opcode // of the next fragment: Continuation after the first
	buf    *[writeSize]byte
	n      int
	err    error // sticky; errWriterClosed after Close

	compression compression
	deflate     *deflating          // nil: the message is not compressed
	engine      *conn.DeflateEngine // while it is compressed
}

// position says where a fragment stands in its message.
type position uint8

const (
	fragmentMiddle position = iota // others follow
	fragmentLast
)

// compression says whether a message is compressed. Its first frame tells the peer (RFC
// 7692 §6).
type compression uint8

const (
	compressionOff compression = iota
	compressionUndecided
	compressionOn
)

// open begins a message that is sent uncompressed. Only one is open at a time.
func (s *sender) open(ctx context.Context, op frame.Opcode) (*messageWriter, error) {
	x := s.seldomUsed()
	if !x.writers.TryLock() && !x.writers.Lock(ctx.Done(), s.host.done()) {
		if err := s.host.givenUp(ctx); err != nil {
			return nil, err
		}
		return nil, s.host.closedError()
	}
	if !s.canSend() {
		x.writers.Unlock()
		return nil, s.host.closedError()
	}
	x.opened++
	return &messageWriter{out: s, ctx: ctx, number: x.opened, opcode: op}, nil
}

// abandon ends the connection if the fragmented message with this number is under way,
// because it can be neither finished nor taken back. A closing handshake goes on without
// it.
func (s *sender) abandon(number uint32, cause error) {
	if s.message.Load() == number && s.canSend() {
		s.host.sendFailed(conn.GiveUp, fmt.Errorf("write given up in the middle of a message: %w", cause))
	}
}

var errWriterClosed = &UsageError{"Writer", "the message has ended"}

func (m *messageWriter) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return 0, m.err
	}
	written := 0
	for len(p) > 0 {
		if m.n == 0 && len(p) >= writeSize {
			// p is as large as a fragment and need not be collected.
			if err := m.send(p, fragmentMiddle); err != nil {
				return written, err
			}
			return written + len(p), nil
		}
		if m.buf == nil {
			m.buf = writeBuffers.Get().(*[writeSize]byte)
		}
		n := copy(m.buf[m.n:], p)
		m.n += n
		p = p[n:]
		written += n
		if m.n == writeSize {
			if err := m.flush(fragmentMiddle); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

// Flush sends what is collected as a fragment, unless it is empty.
func (m *messageWriter) Flush() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil || m.n == 0 {
		return m.err
	}
	return m.flush(fragmentMiddle)
}

// Close ends the message.
func (m *messageWriter) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	err := m.flush(fragmentLast)
	if err == nil {
		m.finish(errWriterClosed)
	}
	return err
}

func (m *messageWriter) flush(at position) error {
	var p []byte
	if m.buf != nil {
		p = m.buf[:m.n]
	}
	err := m.send(p, at)
	m.n = 0
	return err
}

func (m *messageWriter) send(p []byte, at position) error {
	err := m.out.host.givenUp(m.ctx)
	if err == nil {
		err = m.submit(p, at)
	}
	if err != nil {
		if m.opcode == frame.Continuation {
			m.out.abandon(m.number, err)
		}
		m.finish(err)
		return err
	}
	m.opcode = frame.Continuation
	return nil
}

func (m *messageWriter) submit(p []byte, at position) error {
	f := outFrame{OutFrame: conn.OutFrame{
		Header:  frame.Header{Opcode: m.opcode, FIN: at == fragmentLast},
		Payload: p,
		Message: m.number,
	}}
	if m.compression == compressionUndecided {
		if err := m.decide(len(p)); err != nil {
			return err
		}
	}
	if m.compression == compressionOn {
		return m.submitDeflated(&f)
	}
	_, err := m.out.submit(m.ctx, &f)
	return err
}

// decide decides by the size of the first fragment, n bytes, whether the message is
// compressed. If it is, decide waits for its turn.
func (m *messageWriter) decide(n int) error {
	if n < m.deflate.threshold {
		m.compression = compressionOff
		return nil
	}
	if err := m.deflate.enter(m.ctx, m.out); err != nil {
		return err
	}
	m.compression = compressionOn
	m.engine = deflateEngines.Get().(*conn.DeflateEngine)
	m.deflate.out.Begin(m.engine)
	return nil
}

// submitDeflated compresses a fragment and sends it. A message of one fragment that
// compression does not make smaller is sent uncompressed.
func (m *messageWriter) submitDeflated(f *outFrame) error {
	z := m.deflate
	b := messageBuffers.Get().(*messageBuffer)
	defer b.giveBack()
	payload := z.out.Part(m.engine, b.data[:0], f.Payload, f.Header.FIN)
	b.data = payload
	first := f.Header.Opcode != frame.Continuation
	whole := first && f.Header.FIN
	if whole && len(payload) >= len(f.Payload) {
		m.leaveDeflate(z.out.Unsent)
	} else {
		// RFC 7692 §6.1: RSV1 on the first frame of a message only.
		f.Payload, f.Header.RSV1 = payload, first
	}
	_, err := m.out.submit(m.ctx, f)
	b.dropIf(m.out.mayReadOn(err))
	if err == nil && f.Header.FIN && m.engine != nil {
		m.leaveDeflate(func() { z.out.SentParts(m.engine) })
	}
	return err
}

// leaveDeflate calls done, which tells the Deflater what became of the message, and then
// returns what compressing it has borrowed.
func (m *messageWriter) leaveDeflate(done func()) {
	done()
	deflateEngines.Put(m.engine)
	m.engine = nil
	m.deflate.leave()
}

// finish ends the message, with the error of all later calls, and lets the next Writer
// begin.
func (m *messageWriter) finish(err error) {
	m.err = err
	switch {
	case m.buf == nil:
	case err != errWriterClosed && m.out.mayReadOn(err):
		poolcheck.Lose(writeBuffers, m.buf)
	default:
		writeBuffers.Put(m.buf)
	}
	m.buf = nil
	if m.engine != nil { // the message was given up
		m.leaveDeflate(m.deflate.out.Unsent)
	}
	m.out.seldomUsed().writers.Unlock()
}
