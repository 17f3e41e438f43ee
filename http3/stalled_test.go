package http3_test

import (
	"context"
	"sync/atomic"
	"testing"

	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

// Streams that nobody reads do not hinder the others of their connection, at either end.
func TestStalled(t *testing.T) {
	const stalled = 50
	flood := func(ctx context.Context, c *websocket.Conn) {
		for c.Write(ctx, websocket.MessageBinary, make([]byte, 8<<10)) == nil {
		}
	}
	t.Run("server", func(t *testing.T) {
		var conns atomic.Int32
		waiting, over := make(chan bool), make(chan bool)
		t.Cleanup(func() { close(over) })
		mux := func(ctx context.Context, c *websocket.Conn) error {
			if c.Subprotocol() == "stalled" {
				waiting <- true
				<-over // who does not read does not see the end
				return nil
			}
			return echo(ctx, c)
		}
		url := serve(t, http3.Handler(websocket.Handler(mux, &websocket.AcceptOptions{Subprotocols: []string{"stalled"}, OnError: func(*websocket.HandlerError) {}})),
			counted(&conns), func(s *h3.Server) { s.QUICConfig = http3.QUICConfig(0) })
		beside(t, url, &conns, func(ctx context.Context, p *http3.Pool) {
			for range stalled {
				c := dial(t, url, &websocket.DialOptions{HTTP3: p, Subprotocols: []string{"stalled"}})
				await(t, waiting)
				go flood(ctx, c)
			}
		})
	})
	t.Run("client", func(t *testing.T) {
		var conns atomic.Int32
		mux := func(ctx context.Context, c *websocket.Conn) error {
			if c.Subprotocol() == "stalled" {
				flood(ctx, c)
				return nil
			}
			return echo(ctx, c)
		}
		url := serve(t, http3.Handler(websocket.Handler(mux, &websocket.AcceptOptions{Subprotocols: []string{"stalled"}, OnError: func(*websocket.HandlerError) {}})), counted(&conns))
		beside(t, url, &conns, func(_ context.Context, p *http3.Pool) {
			for range stalled {
				dial(t, url, &websocket.DialOptions{HTTP3: p, Subprotocols: []string{"stalled"}})
			}
		})
	})
}

// beside has one connection talk beside those that are stalled.
func beside(t *testing.T, url string, conns *atomic.Int32, stall func(ctx context.Context, p *http3.Pool)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := pool(t, &http3.Pool{})
	t.Cleanup(cancel)
	stall(ctx, p)
	c := dial(t, url, &websocket.DialOptions{HTTP3: p})
	for range 50 {
		say(t, c, string(make([]byte, 50_000)))
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}
