package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Handler returns a handler that accepts WebSocket requests and runs serve, a
// [ServeFunc], for each connection. The handler itself answers requests that it refuses.
// opts may be nil.
//
// serve runs on a goroutine of its own, and the handler returns as soon as the handshake is
// done. So the goroutine of net/http, its buffers and its stack are released, and
// middleware around the handler sees the handshake only. Over HTTP/2 and HTTP/3 serve runs on
// the handler's goroutine, and the handler returns when the connection has ended, unless the
// stream can be taken over: see [Accept].
//
// serve does not see the request. If it needs a route parameter, a cookie or the user, use
// [RequestHandler].
func Handler(serve func(ctx context.Context, c *Conn) error, opts *AcceptOptions) http.Handler {
	return newHandler(serve, nil, opts)
}

// RequestHandler is [Handler] for servers that look at the request. prepare gets the
// request before the handshake is answered. It returns the function that serves the
// connection, usually a closure over what it took from the request.
//
// prepare runs on the handler's goroutine, inside all middleware, after the request was
// found to be a valid handshake from an allowed origin. The request, its context and what
// middleware keeps there are valid until prepare returns. Copy what the connection needs.
// A closure that keeps r or its context may later read the values of another request.
//
// An error refuses the request. A [*Refusal] in it is the answer: status, reason and header
// fields such as WWW-Authenticate. Any other error is answered with 403 Forbidden, and its
// text is not sent to the client. Either is reported like any refusal: see
// [AcceptOptions.OnError].
//
// The handshake can still fail after prepare has succeeded. The function that prepare
// returned is then not called, so prepare must not acquire anything that only this function
// releases. A panic in prepare goes to net/http, as in any handler. opts may be nil.
func RequestHandler(prepare func(r *http.Request) (ServeFunc, error), opts *AcceptOptions) http.Handler {
	return newHandler(nil, prepare, opts)
}

// handler is the http.Handler of [Handler], which sets serve, and of [RequestHandler], which
// sets prepare.
type handler struct {
	serve   ServeFunc
	prepare func(*http.Request) (ServeFunc, error)
	opts    *AcceptOptions
}

func newHandler(serve ServeFunc, prepare func(*http.Request) (ServeFunc, error), opts *AcceptOptions) *handler {
	if opts == nil {
		opts = &noOptions
	}
	return &handler{serve, prepare, opts}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, serve, err := accept(w, r, h.opts, h.prepare)
	if err != nil {
		reportRefusal(r, err, h.opts)
		return
	}
	if h.prepare == nil {
		serve = h.serve
	}
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	s := &serving{serveContext{c, server}, h.opts.OnError}
	if stream, ok := c.transport.(*transport.ResponseStream); ok {
		defer stream.Finish() // also after runtime.Goexit
		s.run(serve)
		<-stream.Released() // CloseNow leaves the rest of a closing handshake to itself
		return
	}
	go s.run(serve)
}

// serving is a connection while a ServeFunc serves it, and the function's context.
type serving struct {
	serveContext
	onError func(*HandlerError) // AcceptOptions.OnError
}

// run serves one connection to its end. Its frame is small because it stays on the stack
// of every served connection.
func (s *serving) run(serve ServeFunc) {
	defer s.leave()
	s.served(serve(&s.serveContext, s.c))
}

// served closes the connection as the error that serve returned asks for.
func (s *serving) served(err error) {
	if err != nil {
		s.reportServed(err)
	}
	code, reason := closeFor(err)
	_ = s.c.Close(code, reason)
}

// leave reports and closes a connection whose serve did not return: it panicked, or called
// runtime.Goexit. If serve returned, the connection is closed and leave does nothing.
func (s *serving) leave() {
	defer s.closeIfOpen() // deferred, because OnError may not return
	if p := recover(); p != nil {
		if p != http.ErrAbortHandler {
			s.reportPanic(p)
		}
	} else if s.c.state() == conn.Open {
		s.report(errServeLeft, nil)
	}
}

func (s *serving) closeIfOpen() {
	if s.c.state() == conn.Open {
		_ = s.c.Close(StatusInternalError, "")
	}
}

var (
	errServeLeft    = errors.New("the ServeFunc did not return: runtime.Goexit")
	errReceiverLeft = errors.New("the Receiver did not return: runtime.Goexit")
)

// closeFor returns what the Close frame says after serve returned err.
func closeFor(err error) (StatusCode, string) {
	if err == nil {
		return StatusNormalClosure, ""
	}
	if ce, ok := errors.AsType[CloseError](err); ok {
		return ce.Code, ce.Reason
	}
	return StatusInternalError, ""
}

// reportServed reports the error that serve returned, unless it only says that the
// connection ended normally.
func (s *serving) reportServed(err error) {
	if _, plain := err.(CloseError); plain { //nolint:errorlint // not one that is wrapped
		return
	}
	switch s.severity(err) {
	case ordinary:
		s.tell(&HandlerError{Err: err, ordinary: true})
	case notable:
		s.report(err, nil)
	}
}

func (s *serving) reportPanic(p any) { s.report(panicError(p), debug.Stack()) }

// panicError is the error that a panic with p is reported as.
func panicError(p any) error {
	if err, ok := p.(error); ok {
		return fmt.Errorf("panic: %w", err)
	}
	return fmt.Errorf("panic: %v", p)
}

func (s *serving) report(err error, stack []byte) {
	s.tell(&HandlerError{Err: err, Stack: stack})
}

func (s *serving) tell(e *HandlerError) {
	_, e.RemoteAddr = s.c.addresses()
	tell(s.onError, s.server, e)
}

// reportRefusal reports err, an *AcceptError.
func reportRefusal(r *http.Request, err error, opts *AcceptOptions) {
	e := &HandlerError{RemoteAddr: r.RemoteAddr, Err: err, refused: true}
	refused, ok := errors.AsType[*AcceptError](err)
	e.ordinary = !isHandshake(r) || errors.Is(err, refusedByShutdown) ||
		ok && (refused.byApplication || refused.Status == 0 && isTransport(refused.Err))
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	tell(opts.OnError, server, e)
}

// refusalOf is the report of a connection that was not made.
func refusalOf(remote net.Addr, err error) *HandlerError {
	e := &HandlerError{Err: err, refused: true, ordinary: true}
	if remote != nil {
		e.RemoteAddr = remote.String()
	}
	if refused, ok := errors.AsType[*AcceptError](err); ok {
		e.ordinary = errors.Is(err, refusedByShutdown) || refused.byApplication || refused.plain ||
			refused.Status == 0 && isTransport(refused.Err)
	}
	return e
}

// isHandshake reports whether r is meant as a handshake. A key without an Upgrade is: a
// proxy dropped the Upgrade.
func isHandshake(r *http.Request) bool {
	return len(r.Header["Upgrade"])+len(r.Header["Sec-Websocket-Key"]) > 0 || r.ProtoMajor > 1 && r.Method == http.MethodConnect
}

// severity says where an error that serve returned is reported.
type severity uint8

const (
	unremarkable severity = iota // nowhere: the connection ended normally
	ordinary                     // to the hook alone: the connection was lost
	notable                      // to the hook, or to the log if there is none
)

// severity judges an error that serve returned, and all errors that it wraps. A ClosedError
// may be that of another connection that serve uses as well. That is certain if this one is
// open; the loss of the other is notable then.
func (s *serving) severity(err error) severity {
	if closed, ok := err.(*ClosedError); ok { //nolint:errorlint // each level is looked at
		level := severityOf(closed)
		if level == ordinary && s.c.state() == conn.Open {
			level = notable
		}
		return level
	}
	if err == context.Canceled && s.c.life.hasEnded() { // from serve's ctx, or one derived from it
		return severityOf(s.c.closedError())
	}
	switch u := err.(type) { //nolint:errorlint // each level is looked at
	case interface{ Unwrap() error }:
		if inner := u.Unwrap(); inner != nil {
			return s.severity(inner)
		}
	case interface{ Unwrap() []error }:
		level := unremarkable
		for _, inner := range u.Unwrap() {
			level = max(level, s.severity(inner))
		}
		return level
	}
	return notable
}

func severityOf(e *ClosedError) severity {
	switch {
	case e.Cause != nil:
		if isTransport(e.Cause) {
			return ordinary
		}
		return notable
	case e.Began == SideLocal || e.Received == nil:
		return unremarkable // ended by Close, CloseNow, a hub or a Registry: the caller knows
	}
	switch code := e.Received.Code; code {
	case StatusNormalClosure, StatusGoingAway, StatusNoStatusRcvd:
		return unremarkable
	default:
		if code >= 3000 { // defined by libraries and applications
			return unremarkable
		}
		return notable // the peer reported an error
	}
}

// isTransport reports whether cause is a failure of the network, or a peer that vanished.
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
