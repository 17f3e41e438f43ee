package websocket

import (
	"context"
	"io"
	"sync"

	"github.com/hawser-ws/websocket/frame"
)

// Write sends p as one message of one frame. It returns when the message is
// handed to the transport; p may be reused then, and is never modified.
//
// Writes may be concurrent; those that meet leave together. If ctx is cancelled
// before any of the message is on the wire it is not sent at all, and the
// connection goes on. Over TLS, a write that is cancelled while it waits for the
// peer to read costs the connection.
//
// Text is not checked: the peer fails the connection if p is not UTF-8.
func (c *Conn) Write(ctx context.Context, typ MessageType, p []byte) error {
	if err := checkType("Conn.Write", typ); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if w := &c.out; w.gate.tryLock() {
		w.borrow()
		w.own.whole(typ, p)
		if _, settled, err := c.sendOwn(ctx); settled {
			return err
		}
	}
	return c.enqueueWhole(ctx, typ, p)
}

// enqueueWhole stays out of line, so that the frame of Write stays small.
//
//go:noinline
func (c *Conn) enqueueWhole(ctx context.Context, typ MessageType, p []byte) error {
	var o outgoing
	o.whole(typ, p)
	_, err := c.enqueue(ctx, &o)
	return err
}

// checkType refuses what is not a type of message.
func checkType(method string, typ MessageType) error {
	if typ == MessageText || typ == MessageBinary {
		return nil
	}
	return &UsageError{method, "no such message type: " + typ.String()}
}

// whole makes an empty o a message of one frame.
func (o *outgoing) whole(typ MessageType, p []byte) {
	o.header.Opcode, o.header.FIN = typ.opcode(), true
	o.payload = p
	o.phase = outWaiting
}

// Writer begins a message of any length and returns a writer for it, which must
// be closed to end the message. Up to 16 KiB are collected before a fragment is
// sent; the writer's method Flush() error sends what there is.
//
// Only one Writer is open at a time: another call waits until it is closed. Once
// its first fragment is on the wire Write waits as well (RFC 6455 §5.4), while
// pings, pongs and Close go between the fragments.
//
// ctx bounds the writer too. If it is cancelled before anything was sent the
// message is given up. After that it costs the connection, because half a message
// can be neither finished nor taken back.
func (c *Conn) Writer(ctx context.Context, typ MessageType) (io.WriteCloser, error) {
	if err := checkType("Conn.Writer", typ); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !c.writers.tryLock() && !c.writers.lock(ctx.Done(), c.done()) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return nil, c.closedError()
	}
	if !c.state().CanSend() {
		c.writers.unlock()
		return nil, c.closedError()
	}
	return &messageWriter{c: c, ctx: ctx, opcode: typ.opcode()}, nil
}

// messageWriter sends one message in fragments.
type messageWriter struct {
	c   *Conn
	ctx context.Context

	mu     sync.Mutex
	opcode frame.Opcode // of the next fragment: Continuation after the first
	buf    *[writeSize]byte
	n      int
	err    error // sticky; errWriterClosed after Close
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
			// As large as a fragment: it need not be collected.
			if err := m.send(p, false); err != nil {
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
			if err := m.flush(false); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

// Flush sends what is collected as a fragment, if it is anything.
func (m *messageWriter) Flush() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil || m.n == 0 {
		return m.err
	}
	return m.flush(false)
}

// Close ends the message.
func (m *messageWriter) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	err := m.flush(true)
	if err == nil {
		m.finish(errWriterClosed)
	}
	return err
}

func (m *messageWriter) flush(fin bool) error {
	var p []byte
	if m.buf != nil {
		p = m.buf[:m.n]
	}
	err := m.send(p, fin)
	m.n = 0
	return err
}

func (m *messageWriter) send(p []byte, fin bool) error {
	err := m.ctx.Err()
	if err == nil {
		_, err = m.c.submit(m.ctx, &outgoing{
			header:  frame.Header{Opcode: m.opcode, FIN: fin},
			payload: p,
			message: m,
		})
	}
	if err != nil {
		if m.opcode == frame.Continuation {
			m.c.abandonMessage(m, err)
		}
		m.finish(err)
		return err
	}
	m.opcode = frame.Continuation
	return nil
}

// finish lets the next Writer begin.
func (m *messageWriter) finish(err error) {
	m.err = err
	if m.buf != nil {
		writeBuffers.Put(m.buf)
		m.buf = nil
	}
	m.c.writers.unlock()
}
