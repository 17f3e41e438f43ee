package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	hawser "github.com/hawser-ws/websocket"
)

// How an error of the root is told here:
//
//	a read, and                       error                        matches
//	  its context has ended           the context's                it; the connection is closed
//	  the peer closed                 received close frame         CloseError
//	  we closed, the peer answered    received close frame         CloseError, net.ErrClosed
//	  we closed, or gave up a write   net.ErrClosed
//	  a limit                         read limited at              ErrMessageTooBig
//	  the transport, or a rule        failed to read frame header  the cause
//	a write, and
//	  the connection was closed       net.ErrClosed
//	  the transport failed            the cause                    it, net.ErrClosed

// readError translates the error of a read, and closes the connection if its context ended.
func (c *Conn) readError(err error) error {
	e, ok := errors.AsType[*hawser.ClosedError](err)
	switch {
	case isContextError(err) && !ok:
		_ = c.ws.CloseNow()
		return err
	case !ok: // a mistake of the caller's
		return err
	case e.Received != nil:
		received := fmt.Errorf("received close frame: %w", *e.Received)
		if e.Began == hawser.SideLocal {
			return also{received, net.ErrClosed}
		}
		return received
	case e.Cause == nil, byAnotherCall(e.Cause):
		return net.ErrClosed
	}
	return lost(e.Cause)
}

// writeError translates the error of a write or a ping with ctx.
func (c *Conn) writeError(ctx context.Context, err error) error {
	e, ok := errors.AsType[*hawser.ClosedError](err)
	switch {
	case !ok:
		return err
	case e.Received != nil, e.Cause == nil, byAnotherCall(e.Cause) && ctx.Err() == nil:
		return net.ErrClosed
	}
	return also{e.Cause, net.ErrClosed}
}

// byAnotherCall reports whether the connection ended because another call was given up: a
// write whose context ended, or Close. Only that call says so. A program that tries again after
// a timeout of its own would otherwise do so for ever.
func byAnotherCall(cause error) bool { return isContextError(cause) || cause == hawser.ErrCloseTimeout }

// lost is how a read tells that the connection ended without a Close frame, because of cause.
func lost(cause error) error {
	if over, ok := errors.AsType[*hawser.LimitError](cause); ok {
		// That library reads one byte more than the limit to see that there is one, and says so.
		return fmt.Errorf("%w: read limited at %d bytes", ErrMessageTooBig, over.Limit+1)
	}
	if _, ok := errors.AsType[*hawser.ProtocolError](cause); ok {
		return cause
	}
	switch cause {
	case hawser.ErrCloseTimeout:
		return also{context.DeadlineExceeded, cause}
	case io.ErrUnexpectedEOF:
		return fmt.Errorf("failed to read frame payload: %w", cause)
	}
	return fmt.Errorf("failed to read frame header: %w", cause)
}

// also is an error that matches another as well.
type also struct {
	error
	other error
}

// Unwrap returns both.
func (a also) Unwrap() []error { return []error{a.error, a.other} }

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
