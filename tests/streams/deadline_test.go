package streams_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/netutil"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// patientConn is a net.Conn of somebody's own. It gives up on a caller that tries for
// ever.
type patientConn struct {
	net.Conn
	t             *testing.T
	reads, writes int
}

const tries = 1000

func (c *patientConn) Read(p []byte) (int, error) {
	if c.reads++; c.reads == tries {
		c.t.Error("reads without end")
		_ = c.Close()
	}
	return c.Conn.Read(p)
}

func (c *patientConn) Write(p []byte) (int, error) {
	if c.writes++; c.writes == tries {
		c.t.Error("writes without end")
		_ = c.Close()
	}
	return c.Conn.Write(p)
}

// crypto/tls has every write fail after one that was interrupted, with an error that
// says again that it was interrupted.
func TestCancelledWriteOverWrappedTLS(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, limit := range []time.Duration{0, time.Hour} {
			a, b := wstest.NetPipe(wsplay.Stall)
			near, other := wsplay.TLSPair(t, a, b)
			opts := &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: limit}}
			c := websocket.NewConn(&patientConn{Conn: near, t: t}, role, opts)
			w := wsplay.StartWrite(t, c, strings.Repeat("x", 1000)) // one record
			w.Cancel()
			wsplay.WantIs(t, "the write that was cancelled", <-w.Done, context.Canceled)
			err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("next"))
			wsplay.WantIs(t, "the next write", err, net.ErrClosed)
			wsplay.WantIs(t, "the next write", err, os.ErrDeadlineExceeded)
			_, _, err = c.Read(wsplay.Patience(t))
			wsplay.WantIs(t, "Read", err, net.ErrClosed)
			_ = other.NetConn().Close()
			_ = c.CloseNow()
		}
	})
}

func TestCancelledWriteBehindALimitListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limited := netutil.LimitListener(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{wsplay.Certificate()}}), 10)
	defer limited.Close()
	served := wsplay.Go(func() error {
		nc, err := limited.Accept()
		if err != nil {
			return err
		}
		c, err := websocket.Upgrade(nc, nil)
		if err != nil {
			return err
		}
		defer c.CloseNow()
		for !errors.Is(err, net.ErrClosed) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
			err = c.Write(ctx, websocket.MessageBinary, make([]byte, 1000)) // one record
			cancel()
		}
		return err
	})
	c, _, err := websocket.Dial(wsplay.Quickly(t), "wss://"+l.Addr().String(), &websocket.DialOptions{
		TLSConfig: &tls.Config{InsecureSkipVerify: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow() // it does not read
	wsplay.WantIs(t, "a write after one that was cancelled", wsplay.Returned(t, "Write", served), os.ErrDeadlineExceeded)
}

// idleConn ends reads and writes that take too long by deadlines of its own.
type idleConn struct {
	net.Conn
	read, write time.Duration
}

func (c *idleConn) Read(p []byte) (int, error) {
	if c.read > 0 {
		_ = c.SetReadDeadline(time.Now().Add(c.read))
	}
	return c.Conn.Read(p)
}

func (c *idleConn) Write(p []byte) (int, error) {
	if c.write > 0 {
		_ = c.SetWriteDeadline(time.Now().Add(c.write))
	}
	return c.Conn.Write(p)
}

// eachIdle runs a test of a connection over an idleConn, and of one over TLS over it.
func eachIdle(t *testing.T, read, write time.Duration, test func(t *testing.T, c *websocket.Conn, p *wsplay.Peer)) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, overTLS := range []bool{false, true} {
			a, other := wstest.NetPipe(4 << 10)
			var near net.Conn = &idleConn{a, read, write}
			if overTLS {
				near, other = wsplay.TLSPair(t, near, other)
			}
			c := websocket.NewConn(&patientConn{Conn: near, t: t}, role, nil)
			p := wsplay.NewPeer(t, role, other)
			test(t, c, p)
			_ = c.CloseNow()
			_ = a.Close()
			_ = p.Close()
		}
	})
}

// The idle timeout of a net.Conn of one's own ends the connection. A context that ends
// sooner does not.
func TestIdleTimeoutOfAWrapper(t *testing.T) {
	eachIdle(t, time.Minute, 0, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		for _, read := range wsplay.ReadWays {
			ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
			_, err := read(ctx, c)
			cancel()
			wsplay.WantIs(t, "a read that its context ends", err, context.DeadlineExceeded)
			go p.Send(wsplay.Frame(wsplay.OpText, "hello"))
			if got, err := read(wsplay.Patience(t), c); got != "hello" || err != nil {
				t.Fatalf("%q, %v", got, err)
			}
		}
		wsplay.Within(t, "Read", time.Minute, func() {
			_, _, err := c.Read(context.Background())
			wsplay.WantIs(t, "Read", err, os.ErrDeadlineExceeded)
			wsplay.WantIs(t, "Read", err, net.ErrClosed)
		})
	})
}

// It ends the reading of Close as well.
func TestIdleTimeoutWhileClosing(t *testing.T) {
	eachIdle(t, time.Second, 0, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		go io.Copy(io.Discard, p)
		wsplay.Within(t, "Close", time.Second, func() {
			wsplay.WantIs(t, "Close", c.Close(websocket.StatusNormalClosure, ""), os.ErrDeadlineExceeded)
		})
	})
	// And what comes after the Close frames.
	eachIdle(t, time.Second, 0, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		go func() {
			p.Send(wsplay.CloseFrame(1000, ""))
			_, _ = io.Copy(io.Discard, p)
		}()
		_, _, err := c.Read(wsplay.Patience(t))
		wsplay.WantEnding(t, "Read", err, 1000, 1000, websocket.SideRemote, nil)
		wsplay.Within(t, "the end", time.Second, func() { <-c.CloseRead(context.Background()).Done() })
	})
}

// A timeout of writes ends the connection when a write has brought nothing twice.
func TestWriteTimeoutOfAWrapper(t *testing.T) {
	eachIdle(t, 0, time.Minute, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		wsplay.Within(t, "Write", 3*time.Minute, func() { // the first try brings something
			err := c.Write(context.Background(), websocket.MessageBinary, make([]byte, 100<<10))
			wsplay.WantIs(t, "Write", err, os.ErrDeadlineExceeded)
			wsplay.WantIs(t, "Write", err, net.ErrClosed)
		})
	})
}
