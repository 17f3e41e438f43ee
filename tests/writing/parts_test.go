package writing_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// slowEnd is an end of a stream from which its owner reads n bytes each step of time.
type slowEnd struct {
	net.Conn
	n    int
	step time.Duration
}

func (e slowEnd) Read(p []byte) (int, error) {
	time.Sleep(e.step)
	return e.Conn.Read(p[:min(len(p), e.n)])
}

// A message that takes long as a whole does not time out while the peer reads: it is
// written in parts, and each has its time. A peer that stops is found in the middle.
func TestWriteTimeoutIsForEachPart(t *testing.T) {
	const limit = 500 * time.Millisecond
	message := bytes.Repeat([]byte("m"), 4<<20)
	streams := map[string]func(t *testing.T, a, b net.Conn) (io.ReadWriteCloser, net.Conn){
		"plain":        func(_ *testing.T, a, b net.Conn) (io.ReadWriteCloser, net.Conn) { return a, b },
		"no deadlines": func(_ *testing.T, a, b net.Conn) (io.ReadWriteCloser, net.Conn) { return wsplay.Deaf(a), b },
		"TLS": func(t *testing.T, a, b net.Conn) (io.ReadWriteCloser, net.Conn) {
			near, far := wsplay.TLSPair(t, a, b)
			return near, far
		},
	}
	for name, stream := range streams {
		wsplay.ForRoles(t, name+"/", func(t *testing.T, role websocket.Role) {
			a, b := wstest.NetPipe(4 << 10)
			near, other := stream(t, a, b)
			c := websocket.NewConn(near, role, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: limit}})
			p := wsplay.NewPeer(t, role, slowEnd{other, 8 << 10, 50 * time.Millisecond})
			done := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, message) })
			p.Want("a message that takes half a minute", wsplay.OpBinary, string(message))
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			// Now it stops in the middle.
			p = wsplay.NewPeer(t, role, other)
			done = wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, message) })
			if name == "plain" {
				p.ReadBytes(1 << 20)
			}
			begin := time.Now()
			wsplay.WantIs(t, "a peer that stops", <-done, websocket.ErrWriteTimeout)
			if took := time.Since(begin); took > limit {
				t.Errorf("found after %v", took)
			}
			c.CloseNow()
			_ = b.Close()
		})
	}
}

// A peer that takes less than a part in that time is found, however busy it looks: it
// could hold a message for ever otherwise.
func TestWriteTimeoutOfDribblingPeer(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		near, other := wstest.NetPipe(4 << 10)
		c := websocket.NewConn(near, role, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: time.Minute}})
		reading := wsplay.Go(func() error { _, err := io.Copy(io.Discard, slowEnd{other, 100, time.Second}); return err })
		wsplay.Within(t, "a peer that takes 6 KB a minute", time.Minute, func() {
			err := c.Write(context.Background(), websocket.MessageBinary, make([]byte, 1<<20))
			wsplay.WantIs(t, "Write", err, websocket.ErrWriteTimeout)
		})
		<-reading
		_ = other.Close()
	})
}

// RFC 6455 §5.5.2: "A Ping frame may serve either as a keepalive or as a means to verify
// that the remote endpoint is still responsive." A peer that takes what we send is.
func TestKeepAliveDuringLongWrite(t *testing.T) {
	soon := websocket.KeepAlive{Interval: 200 * time.Millisecond, Timeout: 500 * time.Millisecond}
	message := bytes.Repeat([]byte("m"), 4<<20)
	t.Run("one frame, behind which the ping waits", func(t *testing.T) {
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
			near, other := wstest.NetPipe(4 << 10)
			c := websocket.NewConn(near, role, &websocket.ConnOptions{KeepAlive: soon})
			p := wsplay.NewPeer(t, role, slowEnd{other, 8 << 10, 50 * time.Millisecond})
			done := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, message) })
			p.Want("a message that takes half a minute", wsplay.OpBinary, string(message))
			if err := <-done; err != nil {
				t.Error(err)
			}
			c.CloseNow()
			_ = other.Close()
		})
	})
	// The ping is on its way at once, and what is before it takes longer than Timeout.
	t.Run("full buffers before the ping", func(t *testing.T) {
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
			near, other := wstest.NetPipe(512 << 10)
			c := websocket.NewConn(near, role, &websocket.ConnOptions{KeepAlive: soon})
			p := wsplay.NewPeer(t, role, slowEnd{other, 32 << 10, 50 * time.Millisecond})
			done := wsplay.Go(func() error {
				for {
					if err := c.Write(context.Background(), websocket.MessageBinary, message[:16<<10]); err != nil {
						return err
					}
				}
			})
			pings := 0
			for range 1000 {
				f, err := p.Next()
				if err != nil {
					t.Fatal(err)
				}
				if f.Opcode == wsplay.OpPing {
					pings++
					p.Send(wsplay.Frame(wsplay.OpPong, string(f.Payload)))
				}
			}
			if pings == 0 {
				t.Error("no ping came")
			}
			wsplay.Pending(t, "the writer", done)
			c.CloseNow()
			wsplay.WantEnding(t, "the writer", <-done, 0, 0, websocket.SideLocal, nil)
			_ = other.Close()
		})
	})
	t.Run("the peer stops reading in the middle", func(t *testing.T) {
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
			c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{KeepAlive: soon}, 4<<10)
			done := wsplay.Go(func() error { return c.Write(context.Background(), websocket.MessageBinary, message) })
			for range 100 {
				time.Sleep(50 * time.Millisecond)
				p.ReadBytes(8 << 10)
			}
			wsplay.Within(t, "a peer that stops", soon.Interval+2*soon.Timeout, func() {
				wsplay.WantIs(t, "Write", <-done, websocket.ErrKeepAlive)
			})
		})
	})
	// A network takes what nobody will ever read.
	t.Run("small messages to a peer that is gone", func(t *testing.T) {
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
			c, _ := wsplay.Pipe(t, role, &websocket.ConnOptions{KeepAlive: soon}, 1<<20)
			wsplay.Within(t, "a peer that is gone", soon.Interval+soon.Timeout+time.Millisecond, func() {
				var err error
				for err == nil {
					time.Sleep(time.Millisecond)
					err = c.Write(context.Background(), websocket.MessageBinary, message[:100])
				}
				wsplay.WantIs(t, "Write", err, websocket.ErrKeepAlive)
			})
			synctest.Wait()
		})
	})
}
