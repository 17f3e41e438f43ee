package websocket

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/dial"
)

// ErrMessageTooBig matches the error of a read that met a frame or message above its limit.
// The error also holds a [*LimitError] with the figures.
var ErrMessageTooBig = errors.New("websocket: message too big")

// ErrKeepAlive is the cause when nothing was received from the peer within
// [KeepAlive.Timeout].
var ErrKeepAlive = errors.New("keepalive timeout: nothing received from the peer")

// ErrWriteTimeout is the cause when a write took longer than [Timeouts.Write].
var ErrWriteTimeout = errors.New("write timed out")

// ErrCloseTimeout is the cause when the closing handshake took longer than
// [Timeouts.Close].
var ErrCloseTimeout = errors.New("closing handshake timed out")

// ErrNoHTTP2 matches the error of a [Dial] that must go over HTTP/2, because of
// [HTTP2Pool.Require] or [HTTP2Pool.PriorKnowledge], to a server that does not speak it or has no
// WebSockets over it. A server of net/http has them if its main package imports
// [github.com/hawser-ws/websocket/xconnect].
var ErrNoHTTP2 = dial.ErrNoHTTP2

// ErrPoolFull matches the error of a [Dial] that finds all connections full which its pool may have
// to the server: see [HTTP2Pool.MaxConns]. Nothing was sent.
var ErrPoolFull = dial.ErrPoolFull

// CloseError is the content of a Close frame. If [errors.As] or [CloseStatus] finds one in
// an error, it is the frame that the peer sent. If a [ServeFunc] returns one, it is the
// frame to send.
type CloseError struct {
	Code   StatusCode
	Reason string
}

// Error says the code and the reason.
func (ce CloseError) Error() string {
	return fmt.Sprintf("status = %v and reason = %q", ce.Code, ce.Reason)
}

// ClosedError is what every method returns when the connection has ended or is ending. Its
// Cause is the same each time. It matches [net.ErrClosed], its Cause, and, if the peer sent
// a Close frame, that frame as a [CloseError].
type ClosedError struct {
	// Sent and Received are the Close frames that went each way; nil if there was none.
	// The Code of a Close frame without a status code is StatusNoStatusRcvd.
	Sent, Received *CloseError
	// Began is the end that ended the connection.
	Began Side
	// Cause is why the connection ended, if the Close frames do not say it: a
	// [*ProtocolError] or [*LimitError] if the peer's bytes were refused, a transport error
	// such as io.EOF, or a timeout such as [ErrKeepAlive]. Nil after an orderly end.
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

// Error says which end closed the connection, with which code, and why.
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

// ProtocolError reports that the peer broke the protocol: it sent what the RFC forbids. The
// connection was closed with Code.
type ProtocolError struct {
	// Code is the status code of our Close frame, such as StatusProtocolError.
	Code StatusCode
	// Violation names the rule and its section in the RFC.
	Violation *frame.Violation
}

// Error says which rule was broken, and where the RFC states it.
func (e *ProtocolError) Error() string { return "peer broke the protocol: " + e.Violation.Error() }

// Unwrap returns the violation.
func (e *ProtocolError) Unwrap() error { return e.Violation }

// LimitError reports that the peer sent more than [Limits] or [Conn.SetReadLimit] allow. It
// matches [ErrMessageTooBig].
type LimitError struct {
	What  string // "frame", "message", "compressed message" (on the wire) or "fragments"
	Limit int64
	Size  uint64 // as declared or counted when it was refused; above Limit
}

// Error says what was too big and by which limit.
func (e *LimitError) Error() string {
	return (&conn.Exceeded{What: e.What, Limit: e.Limit, Size: e.Size}).Error()
}

// Is matches [ErrMessageTooBig].
func (e *LimitError) Is(target error) bool { return target == ErrMessageTooBig }

// UsageError reports incorrect use of the API. The connection goes on unless the method's
// documentation says otherwise.
type UsageError struct {
	Method  string // such as "Conn.Write"
	Problem string
}

// Error says which call, and what is wrong with it.
func (e *UsageError) Error() string { return "websocket: " + e.Method + ": " + e.Problem }

// HandshakeError is why [Dial] made no connection. To find out what happened, check in this
// order:
//
//   - Response is not nil and its status is not 101, or over HTTP/2 and HTTP/3 not 2xx: the server
//     refused, or answered with a redirect that was not followed.
//   - [errors.As] finds a [*ProxyError]: the proxy did not connect us.
//   - [errors.As] finds a [*handshake.BadResponse]: the server's answer breaks the protocol,
//     or accepts what was not offered.
//   - [errors.Is] finds [ErrNoHTTP2] or [ErrPoolFull]: see [HTTP2Pool].
//   - Otherwise Err is the error of the network or of the context.
type HandshakeError struct {
	// URL is the URL that failed, after redirects. It has no user, password and query,
	// because they may hold secrets.
	URL string
	// Response is the server's answer, with up to 1 KiB of its body. Nil if there was none.
	Response *http.Response
	// Err is the cause. If the server refused it is a [*handshake.BadResponse]
	// with the status.
	Err error
}

// Error says with which URL the handshake failed, and why.
func (e *HandshakeError) Error() string {
	return "websocket: handshake with " + e.URL + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *HandshakeError) Unwrap() error { return e.Err }

// ProxyError is why a proxy did not connect us to the server.
type ProxyError struct {
	// Proxy is the proxy's URL, without user and password.
	Proxy string
	// Response is the proxy's refusal, with up to 1 KiB of its body. Nil if there was no
	// response, and always for SOCKS.
	Response *http.Response
	// Err is the cause.
	Err error
}

// Error says which proxy failed, and why.
func (e *ProxyError) Error() string { return "proxy " + e.Proxy + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ProxyError) Unwrap() error { return e.Err }

// closeError translates a record of a Close frame. It returns nil if there was no frame.
func closeError(b conn.CloseBody) *CloseError {
	if b.Code == 0 {
		return nil
	}
	return &CloseError{Code: StatusCode(b.Code), Reason: b.Reason}
}

// StatusCode is the status code of a Close frame (RFC 6455 §7.4 and the IANA
// registry "WebSocket Close Code Number"). The codes 3000–3999 are for libraries and
// frameworks, which register them; 4000–4999 are free for applications.
type StatusCode int

const (
	StatusNormalClosure   StatusCode = 1000
	StatusGoingAway       StatusCode = 1001
	StatusProtocolError   StatusCode = 1002
	StatusUnsupportedData StatusCode = 1003

	// StatusNoStatusRcvd stands for a Close frame without a code. It is never sent as such;
	// given to [Conn.Close] it sends a frame without a code.
	StatusNoStatusRcvd StatusCode = 1005

	// StatusAbnormalClosure stands for a connection that ended without a Close frame. It
	// is never sent.
	StatusAbnormalClosure StatusCode = 1006

	StatusInvalidFramePayloadData StatusCode = 1007
	StatusPolicyViolation         StatusCode = 1008
	StatusMessageTooBig           StatusCode = 1009
	StatusMandatoryExtension      StatusCode = 1010
	StatusInternalError           StatusCode = 1011
	StatusServiceRestart          StatusCode = 1012
	StatusTryAgainLater           StatusCode = 1013
	StatusBadGateway              StatusCode = 1014

	// StatusTLSHandshake stands for a TLS handshake that failed. It is never sent.
	StatusTLSHandshake StatusCode = 1015
)

var statusNames = map[StatusCode]string{
	StatusNormalClosure:           "StatusNormalClosure",
	StatusGoingAway:               "StatusGoingAway",
	StatusProtocolError:           "StatusProtocolError",
	StatusUnsupportedData:         "StatusUnsupportedData",
	StatusNoStatusRcvd:            "StatusNoStatusRcvd",
	StatusAbnormalClosure:         "StatusAbnormalClosure",
	StatusInvalidFramePayloadData: "StatusInvalidFramePayloadData",
	StatusPolicyViolation:         "StatusPolicyViolation",
	StatusMessageTooBig:           "StatusMessageTooBig",
	StatusMandatoryExtension:      "StatusMandatoryExtension",
	StatusInternalError:           "StatusInternalError",
	StatusServiceRestart:          "StatusServiceRestart",
	StatusTryAgainLater:           "StatusTryAgainLater",
	StatusBadGateway:              "StatusBadGateway",
	StatusTLSHandshake:            "StatusTLSHandshake",
}

// String returns the constant's name, or the number of a code without one.
func (s StatusCode) String() string {
	if name, ok := statusNames[s]; ok {
		return name
	}
	return "StatusCode(" + strconv.Itoa(int(s)) + ")"
}

// CloseStatus returns the status code that the peer closed with. It returns -1 if err is nil
// or holds no [CloseError].
func CloseStatus(err error) StatusCode {
	if ce, ok := errors.AsType[CloseError](err); ok {
		return ce.Code
	}
	return -1
}

// orderly reports whether err says that the peer closed with StatusNormalClosure or
// StatusGoingAway.
func orderly(err error) bool {
	switch CloseStatus(err) {
	case StatusNormalClosure, StatusGoingAway:
		return true
	}
	return false
}
