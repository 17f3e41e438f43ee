package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	hawser "github.com/hawser-ws/websocket"
)

// NetConn makes a [net.Conn] of a connection, to tunnel another protocol. Every Write sends a
// message of type msgType. Read returns the payloads of the received messages, one after the
// other. A message of the other type closes the connection with StatusUnsupportedData. After a
// Close frame with StatusNormalClosure or StatusGoingAway, Read returns io.EOF. Close closes
// with StatusNormalClosure.
//
// When ctx ends, a Read closes the connection. When a deadline passes, calls fail until it is
// moved, and the connection goes on, unless a write has begun. NetConn removes the read limit.
func NetConn(ctx context.Context, c *Conn, msgType MessageType) net.Conn {
	return &netConn{hawser.NetConn(ctx, c.ws, msgType), c, ctx, msgType}
}

type netConn struct {
	net.Conn
	c   *Conn
	ctx context.Context
	typ MessageType // that it accepts
}

func (n *netConn) Read(p []byte) (int, error) {
	got, err := n.Conn.Read(p)
	switch {
	case err == nil, err == io.EOF:
		return got, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return got, timedOut{fmt.Errorf("failed to read: %w", also{context.DeadlineExceeded, err})}
	}
	if otherType(err) {
		other := MessageText + MessageBinary - n.typ
		return got, &retold{fmt.Sprintf("unexpected frame type read (expected %v): %v", n.typ, other), err}
	}
	return got, fmt.Errorf("failed to get reader: %w", n.c.readError(err))
}

// otherType reports whether a message of the other type has arrived. It is the only error that
// the NetConn of the root makes by itself.
func otherType(err error) bool {
	_, closed := errors.AsType[*hawser.ClosedError](err)
	_, misuse := errors.AsType[*hawser.UsageError](err)
	return !closed && !misuse && !isContextError(err)
}

func (n *netConn) Write(p []byte) (int, error) {
	put, err := n.Conn.Write(p)
	switch {
	case err == nil:
		return put, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return put, timedOut{fmt.Errorf("failed to write: %w", also{context.DeadlineExceeded, err})}
	}
	return put, fmt.Errorf("failed to write msg: failed to write frame: %w", n.c.writeError(n.ctx, err))
}

func (n *netConn) Close() error {
	n.c.closeCalled.Store(true)
	if err := n.Conn.Close(); err != nil {
		return fmt.Errorf("failed to close WebSocket: %w", n.c.writeError(n.ctx, err))
	}
	return nil
}

// timedOut is a [net.Error], as users of a [net.Conn] expect.
type timedOut struct{ error }

// Unwrap returns what timed out.
func (e timedOut) Unwrap() error { return e.error }

// Timeout returns true.
func (timedOut) Timeout() bool { return true }

// Temporary returns true: the deadline can be moved.
func (timedOut) Temporary() bool { return true }
