package closing_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// What an end does to its connection by itself is not the peer's doing: Began says us.
func TestBeganByUs(t *testing.T) {
	cancelled := func(t *testing.T, c *websocket.Conn) {
		ctx, cancel := context.WithCancel(context.Background())
		done := wsplay.Go(func() error { return c.Write(ctx, websocket.MessageBinary, make([]byte, 1<<20)) })
		wsplay.Pending(t, "Write to a peer that does not read", done)
		cancel()
		if err := <-done; err == nil {
			t.Error("Write of half a message succeeded")
		}
	}
	for name, test := range map[string]struct {
		play  func(t *testing.T, role websocket.Role) *websocket.Conn
		sent  websocket.StatusCode
		cause error
	}{
		"a callback panics": {func(t *testing.T, role websocket.Role) *websocket.Conn {
			c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{OnPingReceived: func(context.Context, []byte) bool { panic(t.Name()) }}, 0)
			p.Send(wsplay.Frame(wsplay.OpPing, ""))
			_, _, _ = c.Read(wsplay.Patience(t))
			p.WantClose("the callback has panicked", websocket.StatusInternalError)
			return c
		}, websocket.StatusInternalError, nil},
		"a Writer is given up between two fragments": {func(t *testing.T, role websocket.Role) *websocket.Conn {
			c, _ := wsplay.Pipe(t, role, nil, 0)
			ctx, cancel := context.WithCancel(context.Background())
			w, err := c.Writer(ctx, websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(w, strings.Repeat("half", 1<<13))
			cancel()
			_ = w.Close()
			return c
		}, 0, context.Canceled},
		"a Write is given up in the middle of a frame": {func(t *testing.T, role websocket.Role) *websocket.Conn {
			c, _ := wsplay.Pipe(t, role, nil, 0)
			cancelled(t, c)
			return c
		}, 0, context.Canceled},
		"a Write over TLS is given up": {func(t *testing.T, role websocket.Role) *websocket.Conn {
			a, b := wstest.NetPipe(0)
			near, far := wsplay.TLSPair(t, a, b)
			t.Cleanup(func() { _, _ = near.NetConn().Close(), far.NetConn().Close() })
			c := websocket.NewConn(net.Conn(near), role, nil)
			t.Cleanup(func() { _ = c.CloseNow() })
			cancelled(t, c)
			return c
		}, 0, context.Canceled},
		"CloseContext ends while the Close frame waits": {func(t *testing.T, role websocket.Role) *websocket.Conn {
			c, _ := wsplay.Stalled(t, role, nil)
			wsplay.StartWrite(t, c, "in front of the Close frame")
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = c.CloseContext(ctx, websocket.StatusNormalClosure, "")
			return c
		}, 0, context.DeadlineExceeded},
		"Close takes too long while the Close frame waits": {func(t *testing.T, role websocket.Role) *websocket.Conn {
			c, _ := wsplay.Stalled(t, role, nil)
			wsplay.StartWrite(t, c, "in front of the Close frame")
			_ = c.Close(websocket.StatusNormalClosure, "")
			return c
		}, 0, websocket.ErrCloseTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
				c := test.play(t, role)
				synctest.Wait()
				_, _, err := c.Read(wsplay.Quickly(t))
				e := wsplay.WantClosed(t, err)
				sent := websocket.StatusCode(0)
				if e.Sent != nil {
					sent = e.Sent.Code
				}
				if e.Began != websocket.SideLocal || sent != test.sent || test.cause != nil && !errors.Is(e.Cause, test.cause) {
					t.Errorf("%v began, sent %v, because of %v; want us, %d, %v", e.Began, e.Sent, e.Cause, test.sent, test.cause)
				}
			})
		})
	}
}

// What the peer or the network does is not ours.
func TestBeganByThePeer(t *testing.T) {
	for name, play := range map[string]func(t *testing.T, c *websocket.Conn, p *wsplay.Peer){
		"it breaks a rule": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Frame(3, ""))
			_, _, _ = c.Read(wsplay.Patience(t))
		},
		"it does not read": func(t *testing.T, c *websocket.Conn, _ *wsplay.Peer) {
			_ = c.Write(wsplay.Patience(t), websocket.MessageBinary, make([]byte, 1<<20))
		},
		"it is gone": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Reset()
			_ = c.Write(wsplay.Patience(t), websocket.MessageBinary, make([]byte, 1<<20))
		},
	} {
		t.Run(name, func(t *testing.T) {
			wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
				c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: time.Second}}, 0)
				play(t, c, p)
				_, _, err := c.Read(wsplay.Quickly(t))
				if e := wsplay.WantClosed(t, err); e.Began != websocket.SideRemote {
					t.Errorf("%v began, because of %v", e.Began, e.Cause)
				}
			})
		})
	}
}
