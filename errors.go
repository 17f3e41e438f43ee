package websocket

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// ErrMessageTooBig is matched by the error of a read that met a frame or message
// above its limit. The error also holds a [*LimitError] with the figures.
var ErrMessageTooBig = errors.New("websocket: message too big")

// ErrKeepAlive is the cause when the peer gave no sign of life within
// [KeepAlive.Timeout].
var ErrKeepAlive = errors.New("no sign of life from the peer in time")

// ErrWriteTimeout is the cause when a write took longer than [Timeouts.Write].
var ErrWriteTimeout = errors.New("write timed out")

// ErrCloseTimeout is the cause when the closing handshake took longer than
// [Timeouts.Close].
var ErrCloseTimeout = errors.New("closing handshake timed out")

// CloseError is what a Close frame says. Found in an error, by [errors.As] or
// [CloseStatus], it is the frame that the peer sent. Returned by the function
// given to [Handler], it is the frame to send.
type CloseError struct {
	Code   StatusCode
	Reason string
}

// Error says the code and the reason.
func (ce CloseError) Error() string {
	return fmt.Sprintf("status = %v and reason = %q", ce.Code, ce.Reason)
}

// ClosedError is returned by every method of a connection that has ended or is
// ending, with the same Cause each time. It matches [net.ErrClosed], its Cause,
// and, if the peer sent a Close frame, that frame as a [CloseError].
type ClosedError struct {
	// Sent and Received are the Close frames that went each way; nil where there
	// was none. A Close frame without a status code has StatusNoStatusRcvd.
	Sent, Received *CloseError
	// Began tells which end ended the connection.
	Began Side
	// Cause is why, where that is not in the Close frames: a [*ProtocolError] or
	// [*LimitError] if the peer's bytes were refused, a transport error such as
	// io.EOF, a timeout such as [ErrKeepAlive]. Nil after an orderly end.
	Cause error
}

// Side names one end of a connection as this end sees it.
type Side = conn.Side

const (
	SideNone   = conn.SideNone   // the connection is open
	SideLocal  = conn.SideLocal  // this end
	SideRemote = conn.SideRemote // the other end
)

// Clean reports whether a Close frame went each way (RFC 6455 §7.1.4).
func (e *ClosedError) Clean() bool { return e.Sent != nil && e.Received != nil }

// Error tells who closed with what, and why.
func (e *ClosedError) Error() string {
	var b strings.Builder
	b.WriteString("websocket: ")
	switch {
	case e.Received != nil:
		b.WriteString("closed by the peer: " + e.Received.text())
		if e.Began == SideLocal {
			b.Reset()
			b.WriteString("websocket: closed by us")
			if e.Sent != nil {
				b.WriteString(": " + e.Sent.text())
			}
		}
	case e.Cause != nil:
		b.WriteString("connection lost")
	case e.Sent != nil:
		b.WriteString("closed by us: " + e.Sent.text())
	default:
		b.WriteString("closed by us without a closing handshake")
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

func (ce CloseError) text() string {
	s := strconv.Itoa(int(ce.Code))
	if ce.Code == StatusNoStatusRcvd {
		s = "no status"
	}
	if ce.Reason != "" {
		s += " " + strconv.Quote(ce.Reason)
	}
	return s
}

// Unwrap makes the error match net.ErrClosed, the Cause, and the peer's CloseError.
func (e *ClosedError) Unwrap() []error {
	errs := []error{net.ErrClosed}
	if e.Received != nil {
		errs = append(errs, *e.Received)
	}
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	return errs
}

// ProtocolError is the peer's fault: it sent what the RFC forbids. The
// connection was closed with Code.
type ProtocolError struct {
	// Code is the status code that answered it, such as StatusProtocolError.
	Code StatusCode
	// Violation names the rule and its section in the RFC.
	Violation *frame.Violation
}

// Error says which rule was broken, and where the RFC states it.
func (e *ProtocolError) Error() string { return "peer broke the protocol: " + e.Violation.Error() }

// Unwrap returns the violation.
func (e *ProtocolError) Unwrap() error { return e.Violation }

// LimitError is the peer's fault: it sent more than [Limits] or
// [Conn.SetReadLimit] allow. It matches [ErrMessageTooBig].
type LimitError struct {
	What  string // "frame", "message", "compressed message" (on the wire) or "fragments"
	Limit int64
	Size  uint64 // as declared or counted when it was refused, above Limit
}

// Error says what was too big and by which limit.
func (e *LimitError) Error() string {
	return (&conn.Exceeded{What: e.What, Limit: e.Limit, Size: e.Size}).Error()
}

// Is matches [ErrMessageTooBig].
func (e *LimitError) Is(target error) bool { return target == ErrMessageTooBig }

// UsageError reports incorrect use of the API. The connection goes on, unless the
// method says otherwise.
type UsageError struct {
	Method  string // such as "Conn.Write"
	Problem string
}

// Error says which call, and what is wrong with it.
func (e *UsageError) Error() string { return "websocket: " + e.Method + ": " + e.Problem }

// closeError translates the record of a Close frame; nil stands for none.
func closeError(b conn.CloseBody) *CloseError {
	if b.Code == 0 {
		return nil
	}
	return &CloseError{Code: StatusCode(b.Code), Reason: b.Reason}
}
