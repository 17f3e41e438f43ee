package closing_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// CloseNow does not wait, over any stream.
func TestCloseNow(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		streams := map[string]func(net.Conn, net.Conn) io.ReadWriteCloser{
			"plain":        func(a, _ net.Conn) io.ReadWriteCloser { return a },
			"no deadlines": func(a, _ net.Conn) io.ReadWriteCloser { return wsplay.Deaf(a) },
			"TLS":          func(a, b net.Conn) io.ReadWriteCloser { s, _ := wsplay.TLSPair(t, a, b); return s },
		}
		for name, stream := range streams {
			near, other := wstest.NetPipe(wsplay.Stall)
			c := websocket.NewConn(stream(near, other), role, nil)
			reading := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
			writing := wsplay.Go(func() error { return c.Write(context.Background(), websocket.MessageBinary, make([]byte, 100<<10)) })
			pinging := wsplay.Go(func() error { return c.Ping(context.Background()) })
			wsplay.Pending(t, "Write", writing)
			wsplay.Within(t, name, 0, func() {
				if err := c.CloseNow(); err != nil {
					t.Error(err)
				}
				wsplay.WantEnding(t, name+": Read", <-reading, 0, 0, websocket.SideLocal, nil)
				wsplay.WantEnding(t, name+": Write", <-writing, 0, 0, websocket.SideLocal, nil)
				wsplay.WantEnding(t, name+": Ping", <-pinging, 0, 0, websocket.SideLocal, nil)
				wsplay.WantEnding(t, name+": CloseNow", c.CloseNow(), 0, 0, websocket.SideLocal, nil)
			})
			other.Close()
		}
	})
}

// hangUp is a stream in which a read that is pending finds the end of the stream when it
// is closed at this end, as some tunnels do it.
type hangUp struct {
	net.Conn
	closed chan struct{}
}

func (h *hangUp) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	select {
	case <-h.closed:
		return 0, io.EOF
	default:
		return n, err
	}
}

func (h *hangUp) Close() error {
	close(h.closed)
	return h.Conn.Close()
}

// A read that finds the end of the stream because of CloseNow does not make it the cause
// of the ending.
func TestCloseNowIsNotTheEndOfStream(t *testing.T) {
	for name, reads := range wsplay.ReadWays {
		wsplay.ForRoles(t, name+"/", func(t *testing.T, role websocket.Role) {
			for _, deadlines := range []bool{true, false} {
				near, other := wstest.NetPipe(0)
				defer other.Close()
				var stream io.ReadWriteCloser = &hangUp{near, make(chan struct{})}
				if !deadlines {
					stream = wsplay.Deaf(stream)
				}
				c := websocket.NewConn(stream, role, nil)
				reading := wsplay.Go(func() error { _, err := reads(context.Background(), c); return err })
				wsplay.Pending(t, name, reading)
				if err := c.CloseNow(); err != nil {
					t.Error(err)
				}
				wsplay.WantEnding(t, name, <-reading, 0, 0, websocket.SideLocal, nil)
				wsplay.WantEnding(t, "CloseNow", c.CloseNow(), 0, 0, websocket.SideLocal, nil)
			}
		})
	}
}

// A deferred CloseNow, on a goroutine that learned of the end from its own call, does
// not take the answer away from the one that has read the peer's Close frame.
func TestCloseNowBeforeTheAnswer(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		opts := &websocket.ConnOptions{Trace: &websocket.Trace{StateChanged: func(c *websocket.Conn, _, to conn.State) {
			if to == conn.ClosedByPeer {
				if err := c.CloseNow(); err != nil {
					t.Error(err)
				}
			}
		}}}
		c, p := wsplay.Pipe(t, role, opts, 0)
		reading := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
		p.Send(wsplay.CloseFrame(1000, "bye"))
		p.WantClose("the answer", websocket.StatusNormalClosure)
		p.HalfClose()
		wsplay.WantEnding(t, "Read", <-reading, 1000, 1000, websocket.SideRemote, nil)
	})
}

// Where the answer has to wait for a write that the peer does not take, CloseNow does
// not.
func TestCloseNowBeforeAnAnswerThatWaits(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 1<<10)
		writing := wsplay.Go(func() error { return c.Write(context.Background(), websocket.MessageBinary, make([]byte, 100<<10)) })
		wsplay.Pending(t, "Write", writing)
		reading := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
		p.Send(wsplay.CloseFrame(1000, "bye"))
		synctest.Wait()
		wsplay.Within(t, "CloseNow", 0, func() {
			if err := c.CloseNow(); err != nil {
				t.Error(err)
			}
			wsplay.WantEnding(t, "Write", <-writing, 0, 1000, websocket.SideRemote, nil)
			<-reading
		})
		_ = p.Close()
	})
}
