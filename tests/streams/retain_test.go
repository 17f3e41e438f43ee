package streams_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// keepingConn goes on reading what it was given after its Write has timed out, as a
// stream of smux does.
type keepingConn struct {
	muxConn
	kept []byte
}

func (c *keepingConn) Write(p []byte) (int, error) {
	n, err := c.muxConn.Write(p)
	if err != nil {
		c.kept = p
	}
	return n, err
}

// A stream that keeps our buffer after a timeout does not find in it what other
// connections send.
func TestBufferThatAStreamKeeps(t *testing.T) {
	for _, limit := range []time.Duration{0, time.Second} {
		timeouts := websocket.Timeouts{Write: limit}
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
			keptBuffer(t, role, &websocket.ConnOptions{Timeouts: timeouts})
		})
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) { // behind more than a read buffer holds
			keptBuffer(t, role, &websocket.ConnOptions{Timeouts: timeouts, Buffered: make([]byte, 100<<10)})
		})
	}
}

// keptBuffer has a write end by its context or, if that is not 0, by Timeouts.Write.
func keptBuffer(t *testing.T, role websocket.Role, opts *websocket.ConnOptions) {
	near, other := wstest.NetPipe(wsplay.Stall)
	defer other.Close()
	stream := &keepingConn{muxConn: muxConn{Conn: near}}
	c := websocket.NewConn(stream, role, opts)
	if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte(wsplay.Filling(role))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := wsplay.Go(func() error { return c.Write(ctx, websocket.MessageText, []byte("cut off")) })
	if opts.Timeouts.Write == 0 {
		wsplay.Pending(t, "Write", done)
		cancel()
	}
	defer cancel()
	wsplay.WantIs(t, "Write", <-done, net.ErrClosed)
	_ = c.CloseNow()
	kept := string(stream.kept)
	for range 10 {
		d, p := wsplay.Pipe(t, role, nil, 1<<20)
		if err := d.Write(context.Background(), websocket.MessageText, []byte("a secret of somebody else")); err != nil {
			t.Fatal(err)
		}
		_ = d.CloseNow()
		_ = p.Close()
	}
	if now := string(stream.kept); kept == "" || now != kept {
		t.Errorf("the stream kept %q, and finds %q", kept, now)
	}
}
