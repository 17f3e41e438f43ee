package websocket_test

import (
	"context"
	"io"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// serve's context ends with the connection, and so do those made of it.
func TestServeContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		called := make(chan error, 1)
		stopped := make(chan bool, 1)
		done := make(chan struct{})
		p := wsplay.ServeOnce(t, 0, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
			defer close(done)
			if _, bounded := ctx.Deadline(); bounded || ctx.Err() != nil {
				t.Errorf("deadline %v, err %v", bounded, ctx.Err())
			}
			context.AfterFunc(ctx, func() { called <- ctx.Err() })
			stop := context.AfterFunc(ctx, func() { t.Error("called after stop") })
			stopped <- stop() && !stop()
			child, cancel := context.WithCancel(context.WithValue(ctx, key{}, 1))
			defer cancel()
			_, _, err := c.Read(child)
			<-child.Done()
			if context.AfterFunc(ctx, func() {})() {
				t.Error("stop after the end")
			}
			return err
		}, nil), io.Discard)
		p.SendBytes([]byte(wsplay.UpgradeRequest))
		p.Head()
		if !<-stopped {
			t.Error("stop does not tell what it did")
		}
		p.Close()
		wsplay.WantIs(t, "AfterFunc", <-called, context.Canceled)
		<-done
	})
}

// A server may make a context of serve's for each message, and have many at a time. To
// end one does not take a look at all others: 60,000 took 300 times as long as of
// package context's own, and held up the connection meanwhile.
func TestServeContextHasManyChildren(t *testing.T) {
	const many = 60_000
	beginAndEnd := func(parent context.Context) time.Duration {
		begin := time.Now()
		cancels := make([]context.CancelFunc, many)
		for i := range cancels {
			_, cancels[i] = context.WithCancel(parent)
		}
		for _, cancel := range cancels {
			cancel()
		}
		return time.Since(begin)
	}
	done := make(chan struct{})
	server := httptest.NewServer(websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		defer close(done)
		parent, cancel := context.WithCancel(context.Background())
		defer cancel()
		want := 20*beginAndEnd(parent) + time.Second
		if took := beginAndEnd(ctx); took > want {
			t.Errorf("took %v, want %v at the most", took, want)
		}
		return nil
	}, nil))
	defer server.Close()
	c, _, err := websocket.Dial(t.Context(), server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-done
	_ = c.CloseNow()
}
