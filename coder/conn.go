package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	hawser "github.com/hawser-ws/websocket"
)

// defaultReadLimit is the size of a message in bytes: coder's.
const defaultReadLimit = 32768

// Conn is a WebSocket connection. Every method but Reader may be called from any goroutine at
// any time. Reader and what it returns are for one goroutine at a time; when Reader is called
// again, the reader before must not be used any more. End every connection by [Conn.Close] or [Conn.CloseNow].
type Conn struct {
	ws     *hawser.Conn
	reader messageReader // what Reader returns, the same each time

	closeCalled atomic.Bool // Close or CloseNow

	closeRead    sync.Mutex
	closeReadCtx context.Context // of the first call of CloseRead; nil before
}

func newConn(ws *hawser.Conn) *Conn {
	c := &Conn{ws: ws}
	c.reader.c = c
	return c
}

// Hawser returns the connection beneath, for what this package has no method for. Its methods
// follow the rules of the root package.
func (c *Conn) Hawser() *hawser.Conn { return c.ws }

// Subprotocol returns the subprotocol that the opening handshake agreed on. It is empty if
// there is none.
func (c *Conn) Subprotocol() string { return c.ws.Subprotocol() }

// SetReadLimit sets how many bytes a received message may have, from the next frame on. Zero
// lets only empty messages pass; a negative n means no limit. The default is 32,768.
func (c *Conn) SetReadLimit(n int64) { c.ws.SetReadLimit(n) }

// Read reads the next message. If ctx ends before it is whole, the connection is closed.
func (c *Conn) Read(ctx context.Context) (MessageType, []byte, error) {
	typ, p, err := c.ws.Read(ctx)
	if err == nil {
		return typ, p, nil
	}
	return 0, nil, c.readFailed(err)
}

// readFailed is the error of Read and Reader. Its text depends on whether the message had
// begun.
func (c *Conn) readFailed(err error) error {
	err = c.readError(err)
	doing := "failed to get reader"
	if errors.Is(err, ErrMessageTooBig) || errors.Is(err, io.ErrUnexpectedEOF) {
		doing = "failed to read"
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Reader waits for the next message and returns its type and a reader for it, which ends with
// io.EOF. It must be read to its end before the next message. ctx bounds the reader, too: if
// it ends before the message is read, the connection is closed.
func (c *Conn) Reader(ctx context.Context) (MessageType, io.Reader, error) {
	typ, r, err := c.ws.Reader(ctx)
	if err != nil {
		return 0, nil, c.readFailed(err)
	}
	c.reader.r = r
	return typ, &c.reader, nil
}

// messageReader reads the message that r is for.
type messageReader struct {
	c *Conn
	r io.Reader
}

func (m *messageReader) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("failed to read: %w", m.c.readError(err))
	}
	return n, err
}

// CloseRead is for an application that only writes. It starts a goroutine that answers pings
// and the peer's Close frame, and returns at once. If a data message arrives the connection is
// closed with StatusPolicyViolation; if ctx ends, the connection is closed. The context
// returned ends with the connection. Later calls return the same context.
func (c *Conn) CloseRead(ctx context.Context) context.Context {
	c.closeRead.Lock()
	defer c.closeRead.Unlock()
	if c.closeReadCtx == nil {
		c.closeReadCtx = c.ws.CloseRead(ctx)
		context.AfterFunc(c.closeReadCtx, func() { _ = c.ws.CloseNow() })
	}
	return c.closeReadCtx
}

// Write writes a message. If ctx ends before any of it is on the wire, it is not sent, and the
// connection goes on.
func (c *Conn) Write(ctx context.Context, typ MessageType, p []byte) error {
	if err := c.ws.Write(ctx, typ, p); err != nil {
		return fmt.Errorf("failed to write msg: failed to write frame: %w", c.writeError(ctx, err))
	}
	return nil
}

// Writer returns a writer for one message, which must be closed. While it is open, other
// writes of messages wait. ctx bounds all of it.
func (c *Conn) Writer(ctx context.Context, typ MessageType) (io.WriteCloser, error) {
	w, err := c.ws.Writer(ctx, typ)
	if err != nil {
		return nil, fmt.Errorf("failed to get writer: %w", c.writeError(ctx, err))
	}
	return &messageWriter{c, ctx, w}, nil
}

// messageWriter writes one message.
type messageWriter struct {
	c   *Conn
	ctx context.Context
	w   io.WriteCloser
}

func (m *messageWriter) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	if err != nil {
		err = fmt.Errorf("failed to write: %w", m.c.writeError(m.ctx, err))
	}
	return n, err
}

func (m *messageWriter) Close() error {
	if err := m.w.Close(); err != nil {
		return fmt.Errorf("failed to close writer: %w", m.c.writeError(m.ctx, err))
	}
	return nil
}

// Ping sends a ping and waits for its pong. If no read is waiting, it reads by itself, up to
// the next data message.
func (c *Conn) Ping(ctx context.Context) error {
	err := c.ws.Ping(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && isContextError(err):
		return fmt.Errorf("failed to ping: failed to wait for pong: %w", err)
	}
	return fmt.Errorf("failed to ping: %w", c.writeError(ctx, err))
}
