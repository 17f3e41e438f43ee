package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// serveContext is the context of a connection that [Handler] serves: it has the
// values of the request's context and ends when the connection does. Calls on the
// connection with it, or with one that adds only values, need not watch it.
type serveContext struct {
	values context.Context
	c      *Conn
}

// newServeContext makes the context before the connection is used.
func newServeContext(request context.Context, c *Conn) *serveContext {
	c.in.watch.ended = c.done()
	c.out.watch.ended = c.in.watch.ended
	return &serveContext{request, c}
}

func (s *serveContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (s *serveContext) Done() <-chan struct{}       { return s.c.in.watch.ended }
func (s *serveContext) Value(key any) any           { return s.values.Value(key) }

func (s *serveContext) Err() error {
	if s.c.state() == conn.Terminated {
		return context.Canceled
	}
	return nil
}

// AfterFunc is how package context watches a context that is not its own without
// a goroutine.
func (s *serveContext) AfterFunc(f func()) (stop func() bool) { return s.c.onEnd(f) }
