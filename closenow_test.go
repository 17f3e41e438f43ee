package websocket_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/wstest"
)

// CloseNow does not wait, over any stream.
func TestCloseNow(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		streams := map[string]func(net.Conn, net.Conn) io.ReadWriteCloser{
			"plain":        func(a, _ net.Conn) io.ReadWriteCloser { return a },
			"no deadlines": func(a, _ net.Conn) io.ReadWriteCloser { return deaf{a} },
			"TLS":          func(a, b net.Conn) io.ReadWriteCloser { s, _ := tlsPair(t, a, b); return s },
		}
		for name, stream := range streams {
			near, other := wstest.NetPipe(stall)
			c := websocket.NewConn(stream(near, other), role, nil)
			reading := background(func() error { _, _, err := c.Read(context.Background()); return err })
			writing := background(func() error { return c.Write(context.Background(), websocket.MessageBinary, make([]byte, 100<<10)) })
			pinging := background(func() error { return c.Ping(context.Background()) })
			pending(t, "Write", writing)
			within(t, name, 0, func() {
				if err := c.CloseNow(); err != nil {
					t.Error(err)
				}
				wantEnding(t, name+": Read", <-reading, 0, 0, websocket.SideLocal, nil)
				wantEnding(t, name+": Write", <-writing, 0, 0, websocket.SideLocal, nil)
				wantEnding(t, name+": Ping", <-pinging, 0, 0, websocket.SideLocal, nil)
				wantEnding(t, name+": CloseNow", c.CloseNow(), 0, 0, websocket.SideLocal, nil)
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
	for name, reads := range readWays {
		forRoles(t, name+"/", func(t *testing.T, role websocket.Role) {
			for _, deadlines := range []bool{true, false} {
				near, other := wstest.NetPipe(0)
				defer other.Close()
				var stream io.ReadWriteCloser = &hangUp{near, make(chan struct{})}
				if !deadlines {
					stream = deaf{stream}
				}
				c := websocket.NewConn(stream, role, nil)
				reading := background(func() error { _, err := reads(context.Background(), c); return err })
				pending(t, name, reading)
				if err := c.CloseNow(); err != nil {
					t.Error(err)
				}
				wantEnding(t, name, <-reading, 0, 0, websocket.SideLocal, nil)
				wantEnding(t, "CloseNow", c.CloseNow(), 0, 0, websocket.SideLocal, nil)
			}
		})
	}
}

// A deferred CloseNow, on a goroutine that learned of the end from its own call, does
// not take the answer away from the one that has read the peer's Close frame.
func TestCloseNowBeforeTheAnswer(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		opts := &websocket.ConnOptions{Trace: &websocket.Trace{StateChanged: func(c *websocket.Conn, _, to conn.State) {
			if to == conn.ClosedByPeer {
				if err := c.CloseNow(); err != nil {
					t.Error(err)
				}
			}
		}}}
		c, p := facing(t, role, opts, 0)
		reading := background(func() error { _, _, err := c.Read(context.Background()); return err })
		p.send(farewell(1000, "bye"))
		p.wantFarewell("the answer", websocket.StatusNormalClosure)
		p.halfClose()
		wantEnding(t, "Read", <-reading, 1000, 1000, websocket.SideRemote, nil)
	})
}

// Where the answer has to wait for a write that the peer does not take, CloseNow does
// not.
func TestCloseNowBeforeAnAnswerThatWaits(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 1<<10)
		writing := background(func() error { return c.Write(context.Background(), websocket.MessageBinary, make([]byte, 100<<10)) })
		pending(t, "Write", writing)
		reading := background(func() error { _, _, err := c.Read(context.Background()); return err })
		p.send(farewell(1000, "bye"))
		synctest.Wait()
		within(t, "CloseNow", 0, func() {
			if err := c.CloseNow(); err != nil {
				t.Error(err)
			}
			wantEnding(t, "Write", <-writing, 0, 1000, websocket.SideRemote, nil)
			<-reading
		})
		_ = p.Close()
	})
}
