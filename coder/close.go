package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"

	hawser "github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
)

// maxReason is the room for the reason in a Close frame (RFC 6455 §5.5).
const maxReason = frame.MaxControlPayload - 2

// Close performs the closing handshake: it sends a Close frame with code and reason and waits
// for the peer's, for 5 seconds unless Timeouts.Close says otherwise. Messages that arrive
// meanwhile are dropped.
//
// It returns nil if the peer answers with the same code. A code or a reason that may not be
// sent is an error, and the connection is closed without a handshake. If the peer closed
// first, or Close or CloseNow was called before, the error matches [net.ErrClosed].
func (c *Conn) Close(code StatusCode, reason string) error {
	if err := c.close(code, reason); err != nil {
		return fmt.Errorf("failed to close WebSocket: %w", err)
	}
	return nil
}

func (c *Conn) close(code StatusCode, reason string) error {
	if c.closeCalled.Swap(true) {
		return c.closedBefore()
	}
	if err := checkClose(code, reason); err != nil {
		_ = c.ws.CloseNow()
		return fmt.Errorf("failed to marshal close frame: %w", err)
	}
	err := c.ws.Close(code, reason)
	if err == nil {
		err = context.Cause(c.ws.Context())
	}
	e, ok := errors.AsType[*hawser.ClosedError](err)
	switch {
	case !ok:
		return err
	case e.Received != nil && (e.Began == hawser.SideRemote || e.Sent != nil && e.Sent.Code != code):
		return net.ErrClosed // the peer began, or CloseRead or a broken rule did
	case e.Received != nil && e.Received.Code != code:
		return fmt.Errorf("received close frame: %w", *e.Received)
	case e.Received != nil, e.Cause == nil, isContextError(e.Cause): // a read or a write that was cancelled has closed it
		return nil
	}
	return lost(e.Cause)
}

// CloseNow ends the connection at once, without a closing handshake. It returns nil the first
// time, unless the peer closed first; after that, and if Close was called before, its error
// matches [net.ErrClosed].
func (c *Conn) CloseNow() error {
	err := c.closeNow()
	if err != nil {
		return fmt.Errorf("failed to immediately close WebSocket: %w", err)
	}
	return nil
}

func (c *Conn) closeNow() error {
	if c.closeCalled.Swap(true) {
		return c.closedBefore()
	}
	err := c.ws.CloseNow()
	if e, ok := errors.AsType[*hawser.ClosedError](err); ok && e.Received != nil && e.Began == hawser.SideRemote {
		return net.ErrClosed
	}
	return nil
}

// closedBefore waits for the end that another call has begun. It is bounded as that call is.
func (c *Conn) closedBefore() error {
	<-c.ws.Context().Done()
	return net.ErrClosed
}

// checkClose refuses what may not be sent.
func checkClose(code StatusCode, reason string) error {
	switch {
	case code == StatusNoStatusRcvd:
		return nil
	case len(reason) > maxReason:
		return fmt.Errorf("reason string max is %d but got %q with length %d", maxReason, reason, len(reason))
	case code < 0 || code > 4999 || !frame.ValidCloseCode(uint16(code)):
		return fmt.Errorf("status code %v cannot be set", code)
	}
	return nil
}
