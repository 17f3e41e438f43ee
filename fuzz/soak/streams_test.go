//go:build linux

package soak

import (
	"context"
	"errors"
	"net"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"

	_ "github.com/hawser-ws/websocket/xconnect"
)

// impatient is the index of the server whose links may be abandoned: on a connection of HTTP/2
// the options are the same for all streams.
const impatient = 1

var errNoLink = errors.New("no such link")

// takeIn takes connections of HTTP/2 in.
func (s *servers) takeIn(at net.Listener, impatient bool) {
	o := acceptOptions(nil)
	if impatient {
		o.Timeouts, o.KeepAlive = patience(&link{plan: plan{hazards: hazards{fault: abandon}}})
	}
	o.OnError = func(e *websocket.HandlerError) {
		if refusal, ok := e.Err.(*websocket.AcceptError); ok && refusal.Status != 0 && !errors.Is(refusal, errNoLink) {
			s.run.fail("refused: "+refusal.Error(), "")
		}
	}
	accept(at, &s.all, func(nc net.Conn) {
		_ = websocket.ServeHTTP2Requests(nc, s.prepare, o) // carriers say how it ended
	})
}

// prepare finds the link that a stream is of.
func (s *servers) prepare(r *handshake.Request) (websocket.ServeFunc, error) {
	l := s.find(r.Target)
	if l == nil {
		return nil, errNoLink
	}
	return func(ctx context.Context, c *websocket.Conn) (err error) {
		if l.front != echoByStream {
			s.serve(l, c)
			return nil
		}
		l.join(c, func(e *end, c *websocket.Conn) { err = e.serveEcho(ctx, c) })
		return err
	}, nil
}
