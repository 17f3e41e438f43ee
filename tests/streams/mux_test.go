package streams_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

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
	for way, read := range wsplay.ReadWays {
		t.Run(way, func(t *testing.T) {
			wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
				near, other := wstest.NetPipe(0)
				c := websocket.NewConn(&muxConn{Conn: near}, role, nil)
				defer c.CloseNow()
				p := wsplay.NewPeer(t, role, other)
				wire := p.Wire(wsplay.Fragment(wsplay.OpText, "hello"), wsplay.Frame(wsplay.OpContinuation, "."))
				for _, cut := range []int{0, 1, 5, len(wire) - 1} {
					wsplay.CutAndResume(t, c, p.SendBytes, wire, cut, read, "hello.")
				}
			})
		})
	}
	t.Run("Write", func(t *testing.T) {
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
			near, other := wstest.NetPipe(wsplay.Stall)
			c := websocket.NewConn(&muxConn{Conn: near}, role, nil)
			defer c.CloseNow()
			p := wsplay.NewPeer(t, role, other)
			if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte(wsplay.Filling(role))); err != nil {
				t.Fatal(err)
			}
			first, second := wsplay.StartWrite(t, c, "first"), wsplay.StartWrite(t, c, "second")
			first.Cancel()
			wsplay.WantIs(t, "the first write", <-first.Done, context.Canceled)
			wsplay.WantIs(t, "the second write", <-second.Done, net.ErrClosed)
			p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
			if f, err := p.Next(); err == nil {
				t.Errorf("the peer gets %v", f)
			}
		})
	})
}

// A timeout that is not ours is none of ours by that name either. What the system calls
// a timeout is the end of TCP, also while we interrupt.
func TestTimeoutsThatAreNotOurs(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		near, other := wstest.NetPipe(0)
		defer other.Close()
		c := websocket.NewConn(&muxConn{Conn: near}, role, nil)
		done := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
		wsplay.Pending(t, "Read", done)
		near.SetReadDeadline(wsplay.PastTime)
		err := <-done
		wsplay.WantIs(t, "Read", err, muxTimeoutError{})
		wsplay.WantIs(t, "Read", err, net.ErrClosed)

		gone := &net.OpError{Op: "read", Err: os.NewSyscallError("read", systemTimeoutError{})}
		near, other = wstest.NetPipe(0)
		defer other.Close()
		c = websocket.NewConn(&muxConn{near, gone}, role, nil)
		ctx, cancel := context.WithCancel(context.Background())
		done = wsplay.Go(func() error { _, _, err := c.Read(ctx); return err })
		wsplay.Pending(t, "Read", done)
		cancel()
		wsplay.WantIs(t, "Read", <-done, net.ErrClosed)
	})
}

// The end of a connection ends its reads, also where Close of the stream does not.
func TestCloseThatEndsNoRead(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, overTLS := range []bool{false, true} {
			near, other := wstest.NetPipe(0)
			defer near.Close()
			defer other.Close()
			var stream net.Conn = &muxConn{Conn: near}
			if overTLS {
				stream, _ = wsplay.TLSPair(t, stream, other)
			}
			c := websocket.NewConn(stream, role, nil)
			done := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
			wsplay.Pending(t, "Read", done)
			_ = c.CloseNow()
			wsplay.WantIs(t, "Read", <-done, net.ErrClosed)
		}
	})
}

// systemTimeoutError is what syscall.ETIMEDOUT is, where there is that.
type systemTimeoutError struct{ muxTimeoutError }
