package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/netutil"

	"github.com/hawser-ws/websocket"
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
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for _, limit := range []time.Duration{0, time.Hour} {
			a, b := wstest.NetPipe(stall)
			near, other := tlsPair(t, a, b)
			opts := &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: limit}}
			c := websocket.NewConn(&patientConn{Conn: near, t: t}, role, opts)
			w := startWrite(t, c, strings.Repeat("x", 1000)) // one record
			w.cancel()
			wantIs(t, "the write that was cancelled", <-w.done, context.Canceled)
			err := c.Write(patience(t), websocket.MessageText, []byte("next"))
			wantIs(t, "the next write", err, net.ErrClosed)
			wantIs(t, "the next write", err, os.ErrDeadlineExceeded)
			_, _, err = c.Read(patience(t))
			wantIs(t, "Read", err, net.ErrClosed)
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
	limited := netutil.LimitListener(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate()}}), 10)
	defer limited.Close()
	served := background(func() error {
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
	c, _, err := websocket.Dial(quickly(t), "wss://"+l.Addr().String(), &websocket.DialOptions{
		TLSConfig: &tls.Config{InsecureSkipVerify: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow() // it does not read
	wantIs(t, "a write after one that was cancelled", returned(t, "Write", served), os.ErrDeadlineExceeded)
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
func eachIdle(t *testing.T, read, write time.Duration, test func(t *testing.T, c *websocket.Conn, p *peer)) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for _, overTLS := range []bool{false, true} {
			a, other := wstest.NetPipe(4 << 10)
			var near net.Conn = &idleConn{a, read, write}
			if overTLS {
				near, other = tlsPair(t, near, other)
			}
			c := websocket.NewConn(&patientConn{Conn: near, t: t}, role, nil)
			p := peerOf(t, role, other)
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
	eachIdle(t, time.Minute, 0, func(t *testing.T, c *websocket.Conn, p *peer) {
		for _, read := range readWays {
			ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
			_, err := read(ctx, c)
			cancel()
			wantIs(t, "a read that its context ends", err, context.DeadlineExceeded)
			go p.send(whole(opText, "hello"))
			if got, err := read(patience(t), c); got != "hello" || err != nil {
				t.Fatalf("%q, %v", got, err)
			}
		}
		within(t, "Read", time.Minute, func() {
			_, _, err := c.Read(context.Background())
			wantIs(t, "Read", err, os.ErrDeadlineExceeded)
			wantIs(t, "Read", err, net.ErrClosed)
		})
	})
}

// It ends the reading of Close as well.
func TestIdleTimeoutWhileClosing(t *testing.T) {
	eachIdle(t, time.Second, 0, func(t *testing.T, c *websocket.Conn, p *peer) {
		go io.Copy(io.Discard, p)
		within(t, "Close", time.Second, func() {
			wantIs(t, "Close", c.Close(websocket.StatusNormalClosure, ""), os.ErrDeadlineExceeded)
		})
	})
	// And what comes after the Close frames.
	eachIdle(t, time.Second, 0, func(t *testing.T, c *websocket.Conn, p *peer) {
		go func() {
			p.send(farewell(1000, ""))
			_, _ = io.Copy(io.Discard, p)
		}()
		_, _, err := c.Read(patience(t))
		wantEnding(t, "Read", err, 1000, 1000, websocket.SideRemote, nil)
		within(t, "the end", time.Second, func() { <-c.CloseRead(context.Background()).Done() })
	})
}

// A timeout of writes ends the connection when a write has brought nothing twice.
func TestWriteTimeoutOfAWrapper(t *testing.T) {
	eachIdle(t, 0, time.Minute, func(t *testing.T, c *websocket.Conn, p *peer) {
		within(t, "Write", 3*time.Minute, func() { // the first try brings something
			err := c.Write(context.Background(), websocket.MessageBinary, make([]byte, 100<<10))
			wantIs(t, "Write", err, os.ErrDeadlineExceeded)
			wantIs(t, "Write", err, net.ErrClosed)
		})
	})
}

// muxConn has an error of its own for deadlines, as the streams of yamux and smux do.
// Its Close ends one direction, as that of yamux does.
type muxConn struct {
	net.Conn
	broken error // if not nil, what reads and writes fail with instead
}

func (c *muxConn) Close() error { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

func (c *muxConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.translate(err)
}

func (c *muxConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.translate(err)
}

func (c *muxConn) translate(err error) error {
	switch {
	case err == nil || !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case c.broken != nil:
		return c.broken
	}
	return muxTimeoutError{}
}

type muxTimeoutError struct{}

func (muxTimeoutError) Error() string   { return "i/o deadline reached" }
func (muxTimeoutError) Timeout() bool   { return true }
func (muxTimeoutError) Temporary() bool { return true }

// A timeout is ours by whatever name, while we stand behind it. A write cannot go on
// after one that net.Conn does not speak of: smux sends later what it says it has not.
func TestTimeoutsByAnotherName(t *testing.T) {
	for way, read := range readWays {
		t.Run(way, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role websocket.Role) {
				near, other := wstest.NetPipe(0)
				c := websocket.NewConn(&muxConn{Conn: near}, role, nil)
				defer c.CloseNow()
				p := peerOf(t, role, other)
				wire := p.wire(part(opText, "hello"), whole(opContinuation, "."))
				for _, cut := range []int{0, 1, 5, len(wire) - 1} {
					cutAndResume(t, c, p.sendBytes, wire, cut, read, "hello.")
				}
			})
		})
	}
	t.Run("Write", func(t *testing.T) {
		eachRole(t, func(t *testing.T, role websocket.Role) {
			near, other := wstest.NetPipe(stall)
			c := websocket.NewConn(&muxConn{Conn: near}, role, nil)
			defer c.CloseNow()
			p := peerOf(t, role, other)
			if err := c.Write(patience(t), websocket.MessageText, []byte(filling(role))); err != nil {
				t.Fatal(err)
			}
			first, second := startWrite(t, c, "first"), startWrite(t, c, "second")
			first.cancel()
			wantIs(t, "the first write", <-first.done, context.Canceled)
			wantIs(t, "the second write", <-second.done, net.ErrClosed)
			p.want("what was there before", opText, filling(role))
			if f, err := p.next(); err == nil {
				t.Errorf("the peer gets %v", f)
			}
		})
	})
}

// A timeout that is not ours is none of ours by that name either. What the system calls
// a timeout is the end of TCP, also while we interrupt.
func TestTimeoutsThatAreNotOurs(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		near, other := wstest.NetPipe(0)
		defer other.Close()
		c := websocket.NewConn(&muxConn{Conn: near}, role, nil)
		done := background(func() error { _, _, err := c.Read(context.Background()); return err })
		pending(t, "Read", done)
		near.SetReadDeadline(pastTime)
		err := <-done
		wantIs(t, "Read", err, muxTimeoutError{})
		wantIs(t, "Read", err, net.ErrClosed)

		gone := &net.OpError{Op: "read", Err: os.NewSyscallError("read", systemTimeoutError{})}
		near, other = wstest.NetPipe(0)
		defer other.Close()
		c = websocket.NewConn(&muxConn{near, gone}, role, nil)
		ctx, cancel := context.WithCancel(context.Background())
		done = background(func() error { _, _, err := c.Read(ctx); return err })
		pending(t, "Read", done)
		cancel()
		wantIs(t, "Read", <-done, net.ErrClosed)
	})
}

// The end of a connection ends its reads, also where Close of the stream does not.
func TestCloseThatEndsNoRead(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for _, overTLS := range []bool{false, true} {
			near, other := wstest.NetPipe(0)
			defer near.Close()
			defer other.Close()
			var stream net.Conn = &muxConn{Conn: near}
			if overTLS {
				stream, _ = tlsPair(t, stream, other)
			}
			c := websocket.NewConn(stream, role, nil)
			done := background(func() error { _, _, err := c.Read(context.Background()); return err })
			pending(t, "Read", done)
			_ = c.CloseNow()
			wantIs(t, "Read", <-done, net.ErrClosed)
		}
	})
}

// systemTimeoutError is what syscall.ETIMEDOUT is, where there is that.
type systemTimeoutError struct{ muxTimeoutError }

// shyConn refuses deadlines, as a channel of golang.org/x/crypto/ssh does. CloseWrite
// is there.
type shyConn struct{ net.Conn }

var errNoDeadlines = errors.New("deadline not supported")

func (shyConn) SetDeadline(time.Time) error      { return errNoDeadlines }
func (shyConn) SetReadDeadline(time.Time) error  { return errNoDeadlines }
func (shyConn) SetWriteDeadline(time.Time) error { return errNoDeadlines }
func (c shyConn) CloseWrite() error              { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// eachShy runs a test of a connection over a shyConn, and of one over TLS over it.
func eachShy(t *testing.T, opts *websocket.ConnOptions, test func(t *testing.T, c *websocket.Conn, near net.Conn, p *peer)) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for _, overTLS := range []bool{false, true} {
			a, other := wstest.NetPipe(4 << 10)
			var near net.Conn = shyConn{a}
			if overTLS {
				near, other = tlsPair(t, near, other)
			}
			c := websocket.NewConn(near, role, opts)
			p := peerOf(t, role, other)
			test(t, c, near, p)
			_ = c.CloseNow()
			_ = a.Close()
			_ = p.Close()
		}
	})
}

// Contexts bound the reads of a net.Conn without deadlines, and cost nothing.
func TestReadsWithoutDeadlines(t *testing.T) {
	eachShy(t, nil, func(t *testing.T, c *websocket.Conn, near net.Conn, p *peer) {
		if c.NetConn() != near {
			t.Errorf("NetConn is %v", c.NetConn())
		}
		for _, read := range readWays {
			within(t, "a read", time.Second, func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				_, err := read(ctx, c)
				wantIs(t, "a read", err, context.DeadlineExceeded)
			})
			go p.send(whole(opText, "hello"))
			if got, err := read(patience(t), c); got != "hello" || err != nil {
				t.Fatalf("%q, %v", got, err)
			}
		}
	})
}

// Keepalive sees that the peer is silent; writes are bounded; so is Close.
func TestBoundsWithoutDeadlines(t *testing.T) {
	opts := &websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: time.Minute, Timeout: time.Second}}
	eachShy(t, opts, func(t *testing.T, c *websocket.Conn, _ net.Conn, p *peer) {
		go io.Copy(io.Discard, p)
		within(t, "keepalive", time.Minute+time.Second, func() {
			_, _, err := c.Read(context.Background())
			wantIs(t, "Read", err, websocket.ErrKeepAlive)
		})
	})
	opts = &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: time.Minute, Close: time.Second}}
	eachShy(t, opts, func(t *testing.T, c *websocket.Conn, _ net.Conn, p *peer) {
		within(t, "Write", time.Minute, func() {
			err := c.Write(context.Background(), websocket.MessageBinary, make([]byte, 100<<10))
			wantIs(t, "Write", err, websocket.ErrWriteTimeout)
		})
	})
	eachShy(t, opts, func(t *testing.T, c *websocket.Conn, _ net.Conn, p *peer) {
		within(t, "Close", time.Second, func() {
			wantIs(t, "Close", c.Close(websocket.StatusNormalClosure, ""), websocket.ErrCloseTimeout)
		})
	})
	eachShy(t, nil, func(t *testing.T, c *websocket.Conn, _ net.Conn, p *peer) {
		closed := background(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		p.want("our Close frame", opClose, "\x03\xe8")
		p.send(farewell(1000, ""))
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
			within(t, name, time.Second, func() {
				if _, err := websocket.Upgrade(shyConn{near}, opts); err == nil {
					t.Errorf("%s: accepted", name)
				}
			})
		})
	}
}
