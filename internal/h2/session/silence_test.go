package session

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
)

// hole is a connection whose network loses everything while it is dead.
type hole struct {
	net.Conn
	dead atomic.Bool
}

func (h *hole) Write(p []byte) (int, error) {
	if h.dead.Load() {
		return len(p), nil
	}
	return h.Conn.Write(p)
}

// A session whose peer does not even answer a PING is not for others any more; one whose peer is
// only slow to answer the request is.
func TestSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		client := &hole{Conn: a}
		answers := make(chan bool)
		p := joinOver(t, client, b, Config{}, Config{Handle: func(x *Stream, _ *h2.Head) {
			go func() {
				defer x.Served()
				<-answers
				_ = x.Respond(&h2.Head{Status: 200})
				_ = x.Close()
			}()
		}}, nil)
		ask := func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*silentAfter)
			defer cancel()
			if _, _, err := p.client.Open(ctx, connect); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		if err := p.client.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(quietFor)
		if ask(); p.client.CanOpen() != nil {
			t.Errorf("a server that is slow: %v", p.client.CanOpen())
		}
		client.dead.Store(true)
		if ask(); !errors.Is(p.client.CanOpen(), ErrSilent) {
			t.Errorf("a connection that is dead: %v", p.client.CanOpen())
		}
		p.server.mu.Lock()
		p.server.ep.Ping([8]byte{})
		p.server.leave()
		time.Sleep(time.Millisecond)
		if err := p.client.CanOpen(); err != nil {
			t.Errorf("after something came: %v", err)
		}
		client.dead.Store(false)
		close(answers)
		p.end()
	})
}
