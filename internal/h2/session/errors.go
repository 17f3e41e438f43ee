package session

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
)

// LostError is why all streams of a session have ended: the session has.
type LostError struct {
	// Err is the cause: a *h2.ConnError if the peer broke the rules, net.ErrClosed if this end
	// closed the session, io.EOF if the peer did, or what the network connection reported.
	Err error
	// GoAway is what the peer had said about the end. Nil: nothing.
	GoAway *GoAway
}

// Error says why.
func (e *LostError) Error() string {
	text := "the HTTP/2 connection has ended: " + e.Err.Error()
	if e.GoAway != nil {
		text += "; the peer had said " + e.GoAway.String()
	}
	return text
}

// Unwrap returns Err.
func (e *LostError) Unwrap() error { return e.Err }

// GoAway is what a GOAWAY of the peer says (RFC 9113 §6.8).
type GoAway struct {
	Code h2.Code
	Text string // any bytes
}

// String has the code, and the text in quotes.
func (g *GoAway) String() string {
	if g.Text == "" {
		return "GOAWAY with " + g.Code.String()
	}
	return fmt.Sprintf("GOAWAY with %v: %q", g.Code, g.Text)
}

// ResetError is the end of one stream by the peer (RFC 9113 §5.4.2). It wraps
// io.ErrUnexpectedEOF.
type ResetError struct {
	Code h2.Code
	// RetrySafe: the peer has not looked at the request, which may be sent again on another
	// connection (RFC 9113 §8.7).
	RetrySafe bool
	// GoingAway: a GOAWAY of the peer has said so, and not RST_STREAM.
	GoingAway bool
}

// Error says by which frame and code.
func (e *ResetError) Error() string {
	if e.GoingAway {
		return "the peer goes away without having looked at the stream: GOAWAY with " + e.Code.String()
	}
	return "the peer reset the stream: RST_STREAM with " + e.Code.String()
}

// Unwrap returns io.ErrUnexpectedEOF.
func (e *ResetError) Unwrap() error { return io.ErrUnexpectedEOF }

// NotHTTP2Error is the end of a session whose peer has not spoken HTTP/2 at all.
type NotHTTP2Error struct {
	// Err is a *h2.ConnError if the peer spoke something else, and otherwise what the network
	// connection reported, such as io.EOF.
	Err error
}

// Error says what came in place of HTTP/2.
func (e *NotHTTP2Error) Error() string {
	if broke, ok := errors.AsType[*h2.ConnError](e.Err); ok {
		return broke.Reason
	}
	return "the connection has ended before SETTINGS came: " + e.Err.Error()
}

// Unwrap returns Err.
func (e *NotHTTP2Error) Unwrap() error { return e.Err }

var (
	errClosedHere = fmt.Errorf("this end closed it: %w", net.ErrClosed)
	errIdle       = fmt.Errorf("no stream was open for the idle timeout: %w", net.ErrClosed)
	errBacklog    = errors.New("the peer sends and does not read: more than 1 MiB waits for it")
)

// stalledError is the end of a session whose peer takes nothing.
type stalledError struct {
	limit time.Duration
	err   error
}

// Error says for how long.
func (e *stalledError) Error() string {
	return fmt.Sprintf("the peer took nothing of what was written for %v: %v", e.limit, e.err)
}

// Unwrap returns the error of the network connection.
func (e *stalledError) Unwrap() error { return e.err }
