package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// NetConn makes a [net.Conn] of a connection, to tunnel another protocol. Every Write sends
// a message of type msgType. Read returns the payloads of the received messages, one after
// the other.
//
// When ctx ends, Read and Write fail with its error; you still have to call Close. A message
// of the other type closes the connection with StatusUnsupportedData. After a Close frame
// with StatusNormalClosure or StatusGoingAway, Read returns io.EOF. Close closes with
// StatusNormalClosure. It returns nil if the peer answers, or if the peer closed first with
// one of those two codes.
//
// When a deadline passes, calls under way and later ones fail with [os.ErrDeadlineExceeded]
// until the deadline is moved. It costs the connection only if it stops a write that has
// begun, because the rest of a frame cannot be sent later.
//
// NetConn removes the read limit, because a stream has no messages to limit. Read, Write and
// the deadlines may be used concurrently, as with any net.Conn.
func NetConn(ctx context.Context, c *Conn, msgType MessageType) net.Conn {
	c.SetReadLimit(-1)
	n := &netConn{c: c, typ: msgType}
	n.read.init(ctx)
	n.write.init(ctx)
	return n
}

type netConn struct {
	c   *Conn
	typ MessageType

	read, write deadline

	reading sync.Mutex // held by Read
	rest    io.Reader  // the rest of the message being read; nil between messages
	restCtx context.Context
	atEnd   bool // Read has returned io.EOF
}

func (n *netConn) Write(p []byte) (int, error) {
	ctx := n.write.context()
	if err := n.c.Write(ctx, n.typ, p); err != nil {
		return 0, n.write.translate(ctx, err)
	}
	return len(p), nil
}

func (n *netConn) Read(p []byte) (int, error) {
	n.reading.Lock()
	defer n.reading.Unlock()
	switch {
	case n.atEnd:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	for {
		ctx := n.read.context()
		if n.rest == nil || n.restCtx != ctx { // a new Reader continues the message where the last one stopped
			typ, r, err := n.c.Reader(ctx)
			if err != nil {
				return 0, n.readError(ctx, err)
			}
			if typ != n.typ {
				err := fmt.Errorf("websocket: NetConn: got a message of %v, want %v", typ, n.typ)
				_ = n.c.Close(StatusUnsupportedData, "unexpected message type")
				return 0, err
			}
			n.rest, n.restCtx = r, ctx
		}
		got, err := n.rest.Read(p)
		if err == io.EOF {
			n.rest = nil
			err = nil
		}
		if err != nil {
			n.rest = nil
			return got, n.readError(ctx, err)
		}
		if got > 0 {
			return got, nil
		}
	}
}

func (n *netConn) readError(ctx context.Context, err error) error {
	if orderly(err) {
		n.atEnd = true
		return io.EOF
	}
	return n.read.translate(ctx, err)
}

func (n *netConn) Close() error {
	defer n.read.stop()
	defer n.write.stop()
	err := n.c.Close(StatusNormalClosure, "")
	if orderly(err) {
		return nil // the peer closed first
	}
	return err
}

func (n *netConn) LocalAddr() net.Addr {
	if c := n.c.NetConn(); c != nil {
		return c.LocalAddr()
	}
	return unknownAddr{}
}

func (n *netConn) RemoteAddr() net.Addr {
	if c := n.c.NetConn(); c != nil {
		return c.RemoteAddr()
	}
	return unknownAddr{}
}

func (n *netConn) SetDeadline(t time.Time) error {
	n.read.set(t)
	n.write.set(t)
	return nil
}

func (n *netConn) SetReadDeadline(t time.Time) error  { n.read.set(t); return nil }
func (n *netConn) SetWriteDeadline(t time.Time) error { n.write.set(t); return nil }

// unknownAddr stands for the address of a stream that is not a net.Conn.
type unknownAddr struct{}

func (unknownAddr) Network() string { return "websocket" }
func (unknownAddr) String() string  { return "websocket/unknown-addr" }

// deadline turns a deadline of a [net.Conn] into a context. The context is cancelled when the
// deadline passes, and replaced when a deadline that has passed is moved.
type deadline struct {
	parent context.Context

	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	closed bool
}

func (d *deadline) init(parent context.Context) {
	d.parent = parent
	d.ctx, d.cancel = context.WithCancelCause(parent)
}

// context returns the context for a call that begins now.
func (d *deadline) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ctx
}

// set moves the deadline; the zero time removes it. As with any net.Conn, it also applies to
// the calls under way.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	passed := d.timer != nil && !d.timer.Stop() // its function may be about to run
	d.timer = nil
	if (passed || d.ctx.Err() != nil) && d.parent.Err() == nil {
		d.cancel(os.ErrDeadlineExceeded)
		d.ctx, d.cancel = context.WithCancelCause(d.parent)
	}
	if t.IsZero() {
		return
	}
	cancel := d.cancel
	if until := time.Until(t); until > 0 {
		d.timer = time.AfterFunc(until, func() { cancel(os.ErrDeadlineExceeded) })
	} else {
		cancel(os.ErrDeadlineExceeded)
	}
}

// stop ends the calls under way, and later ones, with [net.ErrClosed].
func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.closed = true
	d.cancel(net.ErrClosed)
}

// translate returns the error that a net.Conn returns for a call that the deadline or stop
// ended. It returns any other err as it is.
func (d *deadline) translate(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) {
		for _, cause := range [...]error{os.ErrDeadlineExceeded, net.ErrClosed} {
			if errors.Is(context.Cause(ctx), cause) {
				return cause
			}
		}
	}
	return err
}
