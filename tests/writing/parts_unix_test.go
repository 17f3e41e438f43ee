//go:build unix

package writing_test

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// With both, keepalive is told as often as without Timeouts.Write, which may be longer
// than a live peer is silent. Progress within a write is seen on sockets only.
func TestKeepAliveDuringLongWriteWithTimeout(t *testing.T) {
	a, b := wsplay.Unix(t)
	if err := a.(*net.UnixConn).SetWriteBuffer(32 << 10); err != nil {
		t.Fatal(err)
	}
	c := websocket.NewConn(a, websocket.RoleServer, &websocket.ConnOptions{
		KeepAlive: websocket.KeepAlive{Interval: 100 * time.Millisecond, Timeout: 2 * time.Second},
		Timeouts:  websocket.Timeouts{Write: time.Minute},
	})
	defer c.CloseNow()
	message := bytes.Repeat([]byte("m"), 256<<10)
	p := wsplay.NewPeer(t, websocket.RoleServer, slowEnd{b, 16 << 10, 300 * time.Millisecond})
	done := wsplay.Go(func() error { return c.Write(context.Background(), websocket.MessageBinary, message) })
	p.Want("a message of which 128 KiB take longer than KeepAlive.Timeout", wsplay.OpBinary, string(message))
	if err := <-done; err != nil {
		t.Error(err)
	}
}
