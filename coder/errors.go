package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

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
//	  the last Reader is unfinished   previous message not read    UsageError of the root
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
	case !ok:
		return misuse(err)
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

// misuse tells in coder's words that Reader was called too early. Other mistakes of the caller
// are unknown to coder, and told as the root does.
func misuse(err error) error {
	if e, ok := errors.AsType[*hawser.UsageError](err); ok && strings.Contains(e.Problem, "not been read to its end") {
		return &retold{"previous message not read to completion", err}
	}
	return err
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
		// coder reads one byte more than the limit allows, and counts it.
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

// violation tells in coder's words what is wrong with the header of a handshake that was
// refused for this reason.
func violation(h http.Header, reason string) string {
	if got := h.Get("Connection"); !strings.Contains(strings.ToLower(got), "upgrade") {
		return fmt.Sprintf("Connection header %q does not contain Upgrade", got)
	}
	if got := h.Get("Upgrade"); !strings.EqualFold(got, "websocket") {
		return fmt.Sprintf("Upgrade header %q does not contain websocket", got)
	}
	return reason
}

// retold is an error in other words.
type retold struct {
	text string
	err  error
}

// Error returns the words.
func (e *retold) Error() string { return e.text }

// Unwrap returns the error of the root.
func (e *retold) Unwrap() error { return e.err }
