package writing_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A read that cannot begin because a Ping drives the reading sends what is held, too:
// the peer may be waiting for it.
func TestBatchLeavesWhilePingReads(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		go c.Ping(context.Background())
		p.Next() // and does not answer
		synctest.Wait()
		if err := c.Batch().Write(wsplay.Patience(t), websocket.MessageText, []byte("held")); err != nil {
			t.Fatal(err)
		}
		go c.Read(context.Background())
		p.Want("the batch", wsplay.OpText, "held")
		c.CloseNow()
	})
}

// A pong that stands behind a batch when its writer gives up leaves, and the batch
// with it, although nobody reads or writes.
func TestPongBehindBatchLeaves(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		var c *websocket.Conn
		var p *wsplay.Peer
		ctx, cancel := context.WithCancel(context.Background())
		queuedCtx, cancelQueued := context.WithCancel(context.Background())
		queued := make(chan error, 1)
		written := 0
		c, p = wsplay.Pipe(t, role, &websocket.ConnOptions{Trace: &websocket.Trace{
			FrameWritten: func(_ *websocket.Conn, x websocket.FrameInfo) {
				switch written++; written {
				case 2: // "given up": another write comes along
					go func() { queued <- c.Write(queuedCtx, websocket.MessageText, []byte("given up as well")) }()
					synctest.Wait()
				case 3: // that one: it gives up, and a ping comes
					cancelQueued()
					p.Send(wsplay.Frame(wsplay.OpPing, "p"), wsplay.Frame(wsplay.OpText, "question"))
					synctest.Wait()
				case 5: // behind the pong, "given up" once more
					cancel()
				}
			},
		}}, 0)
		read := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
		synctest.Wait()
		c.Batch().Write(wsplay.Patience(t), websocket.MessageText, []byte("held"))
		wsplay.WantIs(t, "Write", c.Write(ctx, websocket.MessageText, []byte("given up")), context.Canceled)
		wsplay.WantIs(t, "Write", <-queued, context.Canceled)
		if err := <-read; err != nil {
			t.Fatal(err)
		}
		p.Want("the batch", wsplay.OpText, "held")
		p.Want("the pong behind it", wsplay.OpPong, "p")
	})
}

// drip is a peer that sends a message without end, byte by byte, and takes all.
type drip struct{ header *strings.Reader }

func (d drip) Read(p []byte) (int, error) {
	if d.header.Len() > 0 {
		return d.header.Read(p)
	}
	return 1, nil
}

func (d drip) Write(p []byte) (int, error) { return len(p), nil }
func (d drip) Close() error                { return nil }

// What a batch holds is sent by one goroutine while another, which reads, is about
// to do so.
func TestBatchSentByTwo(t *testing.T) {
	c := websocket.NewConn(drip{strings.NewReader("\x82\x7f\x70\x00\x00\x00\x00\x00\x00\x00")}, websocket.RoleClient,
		&websocket.ConnOptions{Limits: websocket.Limits{Message: -1}})
	_, r, err := c.Reader(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	read := wsplay.Go(func() error {
		for p := make([]byte, 1); ; {
			if _, err := r.Read(p); err != nil {
				return err
			}
		}
	})
	for range 50_000 {
		b := c.Batch()
		if err := errors.Join(b.Write(context.Background(), websocket.MessageText, nil), b.Flush(context.Background())); err != nil {
			t.Fatal(err)
		}
	}
	c.CloseNow()
	wsplay.WantIs(t, "Read", <-read, net.ErrClosed)
}
