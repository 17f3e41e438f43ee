package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/conn"
)

// HandlerError is what [Handler] and [RequestHandler] report: a request that was
// refused, or a connection that its [ServeFunc] gave up. See [AcceptOptions.OnError].
type HandlerError struct {
	// RemoteAddr is the address of the client, or of the proxy in front of this server.
	// For a refused request it is the request's RemoteAddr, which middleware may have
	// changed.
	RemoteAddr string
	// Err is an [*AcceptError] if the request was refused. Otherwise it is what the
	// ServeFunc returned. If that panicked, it is an error "panic: …", which wraps the
	// value of the panic if that is an error.
	Err error
	// Stack is where the ServeFunc panicked; nil if it did not.
	Stack []byte

	refused, ordinary bool
}

// Error says in one line whose request or connection it was, and what happened. The
// peer may have chosen parts of the text, so characters that are not printable are
// escaped, and a text of more than 1,000 bytes is cut.
func (e *HandlerError) Error() string {
	text := oneLine(strings.TrimPrefix(fmt.Sprint(e.Err), "websocket: "), maxLogged) // a nil pointer may panic in Error
	from := oneLine(e.RemoteAddr, 100)
	if e.refused {
		return "websocket: from " + from + ": " + text
	}
	return "websocket: serving " + from + ": " + text
}

// Unwrap returns Err.
func (e *HandlerError) Unwrap() error { return e.Err }

// Ordinary reports whether e is one that any public server sees every day. Without
// [AcceptOptions.OnError] such errors are not logged. They are:
//
//   - The connection was lost, or the peer did not answer a ping or a Close frame.
//   - The request was no WebSocket handshake: it had neither Upgrade nor
//     Sec-WebSocket-Key.
//   - The function of [RequestHandler] refused the request by a [*Refusal] that no other
//     error wraps.
//   - The Registry has been shut down.
func (e *HandlerError) Ordinary() bool { return e.ordinary }

// maxLogged bounds the text of a HandlerError, in bytes.
const maxLogged = 1000

// oneLine makes s fit for a line of a log: it takes at most limit bytes of s, and escapes
// what is not printable.
func oneLine(s string, limit int) string {
	cut := ""
	if len(s) > limit {
		s, cut = s[:limit], "..."
	}
	var line strings.Builder
	for i, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			_, size := utf8.DecodeRuneInString(s[i:])
			escaped := strconv.QuoteToASCII(s[i : i+size])
			line.WriteString(escaped[1 : len(escaped)-1])
			continue
		}
		line.WriteRune(r)
	}
	return line.String() + cut
}

var errServeLeft = errors.New("the ServeFunc did not return: runtime.Goexit")

// closeFor returns the Close frame for what serve returned.
func closeFor(err error) (StatusCode, string) {
	if err == nil {
		return StatusNormalClosure, ""
	}
	if ce, ok := errors.AsType[CloseError](err); ok {
		return ce.Code, ce.Reason
	}
	return StatusInternalError, ""
}

// reportServed reports the error that serve returned, if it is worth that.
func (s *serveContext) reportServed(err error) {
	if _, onPurpose := err.(CloseError); onPurpose { //nolint:errorlint // not one that is wrapped
		return
	}
	switch s.c.weigh(err) {
	case ordinary:
		s.tell(&HandlerError{Err: err, ordinary: true})
	case notable:
		s.report(err, nil)
	}
}

func (s *serveContext) reportPanic(p any) {
	err, ok := p.(error)
	if ok {
		err = fmt.Errorf("panic: %w", err)
	} else {
		err = fmt.Errorf("panic: %v", p)
	}
	s.report(err, debug.Stack())
}

func (s *serveContext) report(err error, stack []byte) {
	s.tell(&HandlerError{Err: err, Stack: stack})
}

func (s *serveContext) tell(e *HandlerError) {
	if nc := s.c.NetConn(); nc != nil {
		if addr := nc.RemoteAddr(); addr != nil {
			e.RemoteAddr = addr.String()
		}
	}
	tell(s.opts.OnError, s.server, e)
}

// reportRefusal reports err, an *AcceptError.
func reportRefusal(r *http.Request, err error, opts *AcceptOptions) {
	e := &HandlerError{RemoteAddr: r.RemoteAddr, Err: err, refused: true}
	refused, ok := errors.AsType[*AcceptError](err)
	e.ordinary = !isHandshake(r) || errors.Is(err, refusedByShutdown) ||
		ok && (refused.onPurpose || refused.Status == 0 && isTransport(refused.Err))
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	tell(opts.OnError, server, e)
}

// isHandshake reports whether r means to be a handshake. One that has a key and no
// Upgrade does: a proxy has dropped the Upgrade.
func isHandshake(r *http.Request) bool {
	return len(r.Header["Upgrade"])+len(r.Header["Sec-Websocket-Key"]) > 0
}

// tell calls the hook, or writes to the error log if there is none.
func tell(hook func(*HandlerError), server *http.Server, e *HandlerError) {
	if hook == nil {
		if !e.ordinary {
			logError(server, e)
		}
		return
	}
	defer func() {
		if p := recover(); p != nil {
			logError(server, e) // or e would be lost
			logf(server)("websocket: panic in OnError: %s\n%s", oneLine(fmt.Sprint(p), maxLogged), debug.Stack())
		}
	}()
	hook(e)
}

func logError(server *http.Server, e *HandlerError) {
	if e.Stack != nil {
		logf(server)("%v\n%s", e, e.Stack)
		return
	}
	logf(server)("%v", e)
}

// weight says where an error that serve returned is reported.
type weight uint8

const (
	noNews   weight = iota // nowhere: the connection ended normally
	ordinary               // to the hook alone: the connection was lost
	notable                // to the hook, or else to the log
)

// weigh judges an error that serve returned, and all errors that it wraps. A ClosedError
// may be that of another connection, which serve uses as well: if c is open, so that it is
// not c's, the loss of a connection is notable.
func (c *Conn) weigh(err error) weight {
	if closed, ok := err.(*ClosedError); ok { //nolint:errorlint // each level is looked at
		w := closed.weigh()
		if w == ordinary && c.state() == conn.Open {
			w = notable
		}
		return w
	}
	if err == context.Canceled && c.life.hasEnded() { // of serve's ctx, or one made of it
		return c.closedError().weigh()
	}
	switch u := err.(type) { //nolint:errorlint // each level is looked at
	case interface{ Unwrap() error }:
		if inner := u.Unwrap(); inner != nil {
			return c.weigh(inner)
		}
	case interface{ Unwrap() []error }:
		w := noNews
		for _, inner := range u.Unwrap() {
			w = max(w, c.weigh(inner))
		}
		return w
	}
	return notable
}

func (e *ClosedError) weigh() weight {
	switch {
	case e.Cause != nil:
		if isTransport(e.Cause) {
			return ordinary
		}
		return notable
	case e.Began == SideLocal || e.Received == nil:
		return noNews // by Close, CloseNow, a Hub or a Registry, whose caller knows
	}
	switch code := e.Received.Code; code {
	case StatusNormalClosure, StatusGoingAway, StatusNoStatusRcvd:
		return noNews
	default:
		if code >= 3000 { // of libraries and applications
			return noNews
		}
		return notable // the peer reports an error
	}
}

// isTransport reports whether the cause is the network, or a peer that vanished.
func isTransport(cause error) bool {
	if errors.Is(cause, context.DeadlineExceeded) || errors.Is(cause, ErrWriteTimeout) {
		return false
	}
	if _, ok := errors.AsType[net.Error](cause); ok {
		return true
	}
	for _, vanished := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, ErrKeepAlive, ErrCloseTimeout} {
		if errors.Is(cause, vanished) {
			return true
		}
	}
	return false
}
