package websocket

import (
	"context"
	"errors"
	"log"
	"net/http"
	"runtime/debug"

	"github.com/hawser-ws/websocket/conn"
)

// Handler returns a handler that accepts WebSocket requests and runs serve for
// each connection. What serve returns decides how the connection is closed:
//
//   - nil: StatusNormalClosure;
//   - a [CloseError], or an error that wraps one: its code and reason;
//   - any other error: StatusInternalError, without telling the peer what it was.
//
// A connection that has ended already is left alone, so serve may simply return the
// error of its last call. A panic in serve is logged to the server's ErrorLog and
// closes the connection with StatusInternalError.
//
// serve's ctx has the values of the request's context and ends when the connection
// does. serve runs on a goroutine of its own, and the handler returns as soon as the
// handshake is done: the goroutine of net/http, its buffers and its stack do not
// stay with the connection. Middleware around the handler therefore sees the
// handshake, not the conversation. opts may be nil; if a request is refused the
// handler answers it.
func Handler(serve func(ctx context.Context, c *Conn) error, opts *AcceptOptions) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, opts)
		if err != nil {
			return
		}
		go run(&serveContext{r.Context(), c}, c, serve)
	})
}

// run serves one connection to its end. It lies below serve on the stack of every
// connection, so it is small.
func run(ctx context.Context, c *Conn, serve func(context.Context, *Conn) error) {
	defer c.leftServe(ctx)
	c.served(serve(ctx, c))
}

// served closes the connection as serve asked by what it returned.
func (c *Conn) served(err error) {
	ce, isClose := errors.AsType[CloseError](err)
	switch {
	case err == nil:
		_ = c.Close(StatusNormalClosure, "")
	case isClose:
		_ = c.Close(ce.Code, ce.Reason)
	default:
		_ = c.Close(StatusInternalError, "")
	}
}

// leftServe closes the connection if serve has not returned: after a panic, or
// runtime.Goexit. Otherwise it is closed, and this does nothing.
func (c *Conn) leftServe(ctx context.Context) {
	if p := recover(); p != nil && p != http.ErrAbortHandler {
		logPanic(ctx, p)
	}
	if c.state() == conn.Open {
		_ = c.Close(StatusInternalError, "")
	}
}

func logPanic(ctx context.Context, p any) {
	printf := log.Printf
	if srv, ok := ctx.Value(http.ServerContextKey).(*http.Server); ok && srv.ErrorLog != nil {
		printf = srv.ErrorLog.Printf
	}
	printf("websocket: panic serving a connection: %v\n%s", p, debug.Stack())
}
