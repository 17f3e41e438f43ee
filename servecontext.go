package websocket

import (
	"context"
	"time"
)

// serveContext is the context of a connection that [Handler] serves: it has the
// values of the request's context and ends when the connection does. Calls on the
// connection with it, or with one that adds only values, need not watch it.
type serveContext struct {
	values context.Context
	c      *Conn
}

func (s *serveContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (s *serveContext) Done() <-chan struct{}       { return s.c.done() }
func (s *serveContext) Value(key any) any           { return s.values.Value(key) }

func (s *serveContext) Err() error {
	if s.c.ended() {
		return context.Canceled
	}
	return nil
}

// AfterFunc is how package context watches a context that is not its own without
// a goroutine.
func (s *serveContext) AfterFunc(f func()) (stop func() bool) { return s.c.onEnd(f) }
