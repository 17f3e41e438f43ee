package websocket

import (
	"net/http"
	"time"
)

// serveContext is the context of a connection that [Handler] serves: [Conn.Context] with
// the values of the server. It has no other value of the request's context, because
// middleware recycles those when the handler has returned. Calls on the connection need
// not watch it, nor a context that only adds values to it.
type serveContext struct {
	c      *Conn
	server *http.Server // nil: not net/http
	opts   *AcceptOptions
}

func (s *serveContext) Deadline() (time.Time, bool)           { return time.Time{}, false }
func (s *serveContext) Done() <-chan struct{}                 { return s.c.done() }
func (s *serveContext) Err() error                            { return s.c.Context().Err() }
func (s *serveContext) AfterFunc(f func()) (stop func() bool) { return s.c.life.onEnd(f) }

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
	return s.c.Context().Value(key)
}
