package websocket_test

import (
	"context"
	"io"
	"testing"

	"github.com/hawser-ws/websocket"
)

// serve's context ends with the connection, and so do those made of it.
func TestServeContext(t *testing.T) {
	eachServer(t, func(t *testing.T) {
		type key struct{}
		called := make(chan error, 1)
		stopped := make(chan bool, 1)
		done := make(chan struct{})
		p := serveOnce(t, 0, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
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
		p.sendBytes([]byte(upgradeRequest))
		p.head()
		if !<-stopped {
			t.Error("stop does not tell what it did")
		}
		p.Close()
		wantIs(t, "AfterFunc", <-called, context.Canceled)
		<-done
	})
}
