package websocket_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
)

// slowStream takes a time for every write, and has no deadlines.
type slowStream struct {
	took   time.Duration
	closed chan struct{}
}

func (s slowStream) Read([]byte) (int, error) { <-s.closed; return 0, io.EOF }
func (s slowStream) Close() error             { close(s.closed); return nil }

func (s slowStream) Write(p []byte) (int, error) {
	select {
	case <-time.After(s.took):
		return len(p), nil
	case <-s.closed:
		return 0, io.ErrClosedPipe
	}
}

// The limit of a write that ends in the last moment does not fall on the next one.
func TestLateWriteLimit(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			limit := time.Second
			c := websocket.NewConn(slowStream{limit, make(chan struct{})}, websocket.RoleServer,
				&websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: limit}})
			defer c.CloseNow()
			for range 5 {
				if err := c.Write(context.Background(), websocket.MessageText, []byte("x")); err != nil {
					wantIs(t, "Write", err, websocket.ErrWriteTimeout)
				}
			}
		})
	}
}
