package websocket

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"runtime/debug"

	"github.com/hawser-ws/websocket/conn"
)

// ServeFunc serves one connection from its opening handshake on. ctx ends when the
// connection does. What the function returns decides how the connection is closed:
//
//   - nil: StatusNormalClosure;
//   - a [CloseError], or an error that wraps one: its code and reason;
//   - any other error: StatusInternalError, without telling the peer what it was.
//
// A connection that has ended already is left alone, so the function may simply return
// the error of its last call. A panic closes the connection with StatusInternalError.
// Errors and panics are reported to [AcceptOptions.OnError] or to the server's
// ErrorLog; a panic with [http.ErrAbortHandler] is not, as in net/http.
//
// ctx has two values of the server, [http.ServerContextKey] and
// [http.LocalAddrContextKey], and none of the request's context. Middleware may reuse
// what it put there as soon as the handler has returned, while the connection lives
// on. Values of the server's BaseContext and ConnContext cannot be told apart from
// middleware's, so they are missing too. [RequestHandler] is the way to keep any of them.
type ServeFunc func(ctx context.Context, c *Conn) error

// Handler returns a handler that accepts WebSocket requests and runs serve, a
// [ServeFunc], for each connection. The handler itself answers a request that is
// refused. opts may be nil.
//
// serve runs on a goroutine of its own, and the handler returns as soon as the
// handshake is done. The goroutine of net/http, its buffers and its stack do not stay
// with the connection. Middleware around the handler therefore sees the handshake, not
// the conversation.
//
// serve does not see the request: if it needs a route parameter, a cookie or the user,
// use [RequestHandler].
func Handler(serve func(ctx context.Context, c *Conn) error, opts *AcceptOptions) http.Handler {
	return newHandler(serve, nil, opts)
}

// RequestHandler is [Handler] for servers that look at the request. prepare gets it
// before the handshake is answered, and returns the function that serves the
// connection. That is usually a closure over what prepare took from the request.
//
// prepare runs on the handler's goroutine, inside all middleware, after the request
// was found to be a valid handshake of an allowed origin. The request, its context and
// what middleware keeps there are valid until prepare returns. Copy what the
// connection needs; a closure that keeps r itself, or its context, may later read the
// values of another request.
//
// An error refuses the request. A [*Refusal] in it is the answer: status,
// reason, header fields such as WWW-Authenticate. Any other error is answered with
// 403 Forbidden, and its text is not sent to the client. The error is reported as any
// refusal is, see [AcceptOptions.OnError].
//
// The handshake can still fail after prepare has succeeded; the function that it
// returned is not called then. So prepare should not acquire what only that function
// releases. A panic in prepare goes to net/http, as in any handler. opts may be nil.
func RequestHandler(prepare func(r *http.Request) (ServeFunc, error), opts *AcceptOptions) http.Handler {
	return newHandler(nil, prepare, opts)
}

// handler is the http.Handler of [Handler] and [RequestHandler]: one of serve and
// prepare is set.
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
	s := &serveContext{c, server, h.opts}
	go s.run(serve)
}

// run serves one connection to its end. It lies below serve on the stack of every
// connection, so it is small.
func (s *serveContext) run(serve ServeFunc) {
	defer s.leave()
	s.served(serve(s, s.c))
}

// served closes the connection as serve asked by what it returned.
func (s *serveContext) served(err error) {
	if err != nil {
		s.reportServed(err)
	}
	code, reason := closeFor(err)
	_ = s.c.Close(code, reason)
}

// leave closes the connection if serve has not returned: after a panic, or
// runtime.Goexit. Otherwise the connection is closed, and this does nothing.
func (s *serveContext) leave() {
	defer s.closeIfOpen() // also where OnError does not return
	if p := recover(); p != nil {
		if p != http.ErrAbortHandler {
			s.reportPanic(p)
		}
	} else if s.c.state() == conn.Open {
		s.report(errServeLeft, nil)
	}
}

func (s *serveContext) closeIfOpen() {
	if s.c.state() == conn.Open {
		_ = s.c.Close(StatusInternalError, "")
	}
}

// logf is the server's error log, or else that of package log.
func logf(server *http.Server) func(format string, args ...any) {
	if server != nil && server.ErrorLog != nil {
		return server.ErrorLog.Printf
	}
	return log.Printf
}

// logPanic is for panics in the application's callbacks. The peer may have chosen parts
// of the text: see [HandlerError.Error].
func logPanic(ctx context.Context, p any) {
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	logf(server)("websocket: panic serving a connection: %s\n%s", oneLine(fmt.Sprint(p), maxLogged), debug.Stack())
}
