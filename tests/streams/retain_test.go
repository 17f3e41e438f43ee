package streams_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
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
			keptBuffer(t, role, nil, &websocket.ConnOptions{Timeouts: timeouts})
		})
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) { // behind more than a read buffer holds
			keptBuffer(t, role, nil, &websocket.ConnOptions{Timeouts: timeouts, Buffered: make([]byte, 100<<10)})
		})
	}
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) { // smux, whose session was closed meanwhile
		keptBuffer(t, role, io.ErrClosedPipe, &websocket.ConnOptions{})
	})
}

// keptBuffer has a write end by its context or, if that is not 0, by Timeouts.Write. It fails
// with broken if that is not nil.
func keptBuffer(t *testing.T, role websocket.Role, broken error, opts *websocket.ConnOptions) {
	near, other := wstest.NetPipe(wsplay.Stall)
	defer other.Close()
	stream := &keepingConn{muxConn: muxConn{Conn: near, broken: broken}}
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

// A payload of ours that a server writes from where it is, because it is too large to be
// copied behind its header, is not what other connections write next.
func TestPayloadThatAStreamKeeps(t *testing.T) {
	digits := func(seed uint64) []byte { // half as long when they are compressed
		r := rand.New(rand.NewPCG(seed, 0))
		var p []byte
		for len(p) < 60_000 {
			p = fmt.Appendf(p, "%016x", r.Uint64())
		}
		return p
	}
	fragments := func(c *websocket.Conn, ctx context.Context, p []byte) error {
		w, err := c.Writer(ctx, websocket.MessageText)
		if err != nil {
			return err
		}
		for ; len(p) > 0 && err == nil; p = p[min(len(p), 1000):] { // it collects them
			_, err = w.Write(p[:min(len(p), 1000)])
		}
		return errors.Join(err, w.Close())
	}
	write := func(c *websocket.Conn, ctx context.Context, p []byte) error {
		return c.Write(ctx, websocket.MessageText, p)
	}
	for name, test := range map[string]struct {
		opts websocket.ConnOptions
		send func(c *websocket.Conn, ctx context.Context, p []byte) error
	}{
		"Write, compressed":  {*wsplay.Deflating(0), write},
		"Writer":             {websocket.ConnOptions{}, fragments},
		"Writer, compressed": {*wsplay.Deflating(0), fragments},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, other := wstest.NetPipe(wsplay.Stall)
				defer other.Close()
				stream := &keepingConn{muxConn: muxConn{Conn: near}}
				c := websocket.NewConn(stream, websocket.RoleServer, &test.opts)
				ctx, cancel := context.WithCancel(t.Context())
				done := wsplay.Go(func() error { return test.send(c, ctx, digits(1)) })
				wsplay.Pending(t, "a write to a peer that does not read", done)
				cancel()
				wsplay.WantIs(t, "the write", <-done, net.ErrClosed)
				_ = c.CloseNow()
				kept := string(stream.kept)
				for i := range 10 {
					near, far := wstest.NetPipe(1 << 20)
					d := websocket.NewConn(near, websocket.RoleServer, &test.opts)
					if err := test.send(d, context.Background(), digits(uint64(2+i))); err != nil {
						t.Fatal(err)
					}
					_ = d.CloseNow()
					_ = far.Close()
				}
				if len(kept) < 4<<10 || kept != string(stream.kept) {
					t.Errorf("the stream kept %d bytes, and they have changed", len(kept))
				}
			})
		})
	}
}
