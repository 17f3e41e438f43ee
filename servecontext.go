package websocket

import (
	"context"
	"net/http"
	"time"
)

// serveContext is the context of a connection that [Handler] serves. It ends when the
// connection does. It has nothing of the request's context but what belongs to the
// server: middleware recycles the rest when the handler has returned. Calls on the
// connection with it, or with one that adds only values, need not watch it.
type serveContext struct {
	c      *Conn
	server *http.Server // nil: not net/http
	opts   *AcceptOptions
}

func (s *serveContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (s *serveContext) Done() <-chan struct{}       { return s.c.done() }

func (s *serveContext) Value(key any) any {
	switch key {
	case http.ServerContextKey:
		if s.server != nil {
			return s.server
		}
	case http.LocalAddrContextKey:
		if nc := s.c.NetConn(); nc != nil {
			return nc.LocalAddr()
		}
	}
	return nil
}

func (s *serveContext) Err() error {
	if s.c.ended() {
		return context.Canceled
	}
	return nil
}

// AfterFunc is how package context watches a context that is not its own without
// a goroutine.
func (s *serveContext) AfterFunc(f func()) (stop func() bool) { return s.c.onEnd(f) }
