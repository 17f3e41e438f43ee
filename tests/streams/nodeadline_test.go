package streams_test

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

// shyConn refuses deadlines, as a channel of golang.org/x/crypto/ssh does. CloseWrite
// is there.
type shyConn struct{ net.Conn }

var errNoDeadlines = errors.New("deadline not supported")

func (shyConn) SetDeadline(time.Time) error      { return errNoDeadlines }
func (shyConn) SetReadDeadline(time.Time) error  { return errNoDeadlines }
func (shyConn) SetWriteDeadline(time.Time) error { return errNoDeadlines }
func (c shyConn) CloseWrite() error              { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// eachShy runs a test of a connection over a shyConn, and of one over TLS over it.
func eachShy(t *testing.T, opts *websocket.ConnOptions, test func(t *testing.T, c *websocket.Conn, near net.Conn, p *wsplay.Peer)) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, overTLS := range []bool{false, true} {
			a, other := wstest.NetPipe(4 << 10)
			var near net.Conn = shyConn{a}
			if overTLS {
				near, other = wsplay.TLSPair(t, near, other)
			}
			c := websocket.NewConn(near, role, opts)
			p := wsplay.NewPeer(t, role, other)
			test(t, c, near, p)
			_ = c.CloseNow()
			_ = a.Close()
			_ = p.Close()
		}
	})
}

// Contexts bound the reads of a net.Conn without deadlines, and cost nothing.
func TestReadsWithoutDeadlines(t *testing.T) {
	eachShy(t, nil, func(t *testing.T, c *websocket.Conn, near net.Conn, p *wsplay.Peer) {
		if c.NetConn() != near {
			t.Errorf("NetConn is %v", c.NetConn())
		}
		for _, read := range wsplay.ReadWays {
			wsplay.Within(t, "a read", time.Second, func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				_, err := read(ctx, c)
				wsplay.WantIs(t, "a read", err, context.DeadlineExceeded)
			})
			go p.Send(wsplay.Frame(wsplay.OpText, "hello"))
			if got, err := read(wsplay.Patience(t), c); got != "hello" || err != nil {
				t.Fatalf("%q, %v", got, err)
			}
		}
	})
}

// Keepalive sees that the peer is silent; writes are bounded; so is Close.
func TestBoundsWithoutDeadlines(t *testing.T) {
	opts := &websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: time.Minute, Timeout: time.Second}}
	eachShy(t, opts, func(t *testing.T, c *websocket.Conn, _ net.Conn, p *wsplay.Peer) {
		go io.Copy(io.Discard, p)
		wsplay.Within(t, "keepalive", time.Minute+time.Second, func() {
			_, _, err := c.Read(context.Background())
			wsplay.WantIs(t, "Read", err, websocket.ErrKeepAlive)
		})
	})
	opts = &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: time.Minute, Close: time.Second}}
	eachShy(t, opts, func(t *testing.T, c *websocket.Conn, _ net.Conn, p *wsplay.Peer) {
		wsplay.Within(t, "Write", time.Minute, func() {
			err := c.Write(context.Background(), websocket.MessageBinary, make([]byte, 100<<10))
			wsplay.WantIs(t, "Write", err, websocket.ErrWriteTimeout)
		})
	})
	eachShy(t, opts, func(t *testing.T, c *websocket.Conn, _ net.Conn, p *wsplay.Peer) {
		wsplay.Within(t, "Close", time.Second, func() {
			wsplay.WantIs(t, "Close", c.Close(websocket.StatusNormalClosure, ""), websocket.ErrCloseTimeout)
		})
	})
	eachShy(t, nil, func(t *testing.T, c *websocket.Conn, _ net.Conn, p *wsplay.Peer) {
		closed := wsplay.Go(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		p.Want("our Close frame", wsplay.OpClose, "\x03\xe8")
		p.Send(wsplay.CloseFrame(1000, ""))
		_ = p.Close()
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// Timeouts.Handshake bounds Upgrade of such a connection, and a handshake that fails
// leaves nothing behind.
func TestUpgradeWithoutDeadlines(t *testing.T) {
	opts := &websocket.AcceptOptions{Timeouts: websocket.Timeouts{Handshake: time.Second}}
	for name, request := range map[string]string{
		"nothing":       "",
		"half":          "GET / HTTP/1.1\r\nHost: x\r\n",
		"one in 400":    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"no HTTP":       "hello\r\n\r\n",
		"not its whole": strings.Repeat("x", 3<<10),
	} {
		synctest.Test(t, func(t *testing.T) {
			near, other := wstest.NetPipe(4 << 10)
			defer other.Close()
			_, _ = io.WriteString(other, request)
			wsplay.Within(t, name, time.Second, func() {
				if _, err := websocket.Upgrade(shyConn{near}, opts); err == nil {
					t.Errorf("%s: accepted", name)
				}
			})
		})
	}
}
