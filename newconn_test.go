package websocket_test

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
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// An echo over every kind of stream, in every size class, and an orderly end.
func TestEchoOverEveryStream(t *testing.T) {
	streams := map[string]func() (a, b net.Conn){
		"wstest": func() (a, b net.Conn) { return wstest.NetPipe(0) },
		"1 KiB":  func() (a, b net.Conn) { return wstest.NetPipe(1 << 10) },
		"pipe":   net.Pipe,
		"TLS":    func() (a, b net.Conn) { a, b = wstest.NetPipe(0); return wsplay.TLSPair(t, a, b) },
	}
	for name, stream := range streams {
		for _, hidden := range []bool{false, true} {
			a, b := stream()
			var sa, sb io.ReadWriteCloser = a, b
			if hidden {
				sa, sb = wsplay.Deaf(a), wsplay.Deaf(b)
			}
			opts := &websocket.ConnOptions{Limits: websocket.Limits{Message: -1}, Subprotocol: "echo"}
			server := websocket.NewConn(sa, websocket.RoleServer, opts)
			client := websocket.NewConn(sb, websocket.RoleClient, opts)
			if client.Subprotocol() != "echo" || client.Role() != websocket.RoleClient || server.Role() != websocket.RoleServer {
				t.Error("the options are lost")
			}
			ctx := context.Background()
			echoed := wsplay.Go(func() error {
				for m, err := range server.Messages(ctx) {
					if err != nil {
						return err
					}
					if err := server.Write(ctx, m.Type, m.Data); err != nil {
						return err
					}
				}
				return nil
			})
			for _, n := range []int{0, 1, 125, 126, 4 << 10, 5000, 16 << 10, 65535, 65536, 1 << 20} {
				text := strings.Repeat("é", n)[:n&^1]
				sent := wsplay.Go(func() error { return client.Write(ctx, websocket.MessageText, []byte(text)) })
				_, p, err := client.Read(ctx)
				if err := errors.Join(err, <-sent); string(p) != text || err != nil {
					t.Fatalf("%s, hidden %v: %d bytes: got %d, %v", name, hidden, len(text), len(p), err)
				}
			}
			if err := client.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("%s, hidden %v: Close: %v", name, hidden, err)
			}
			if err := <-echoed; err != nil {
				t.Error(err)
			}
			server.CloseNow()
		}
	}
}

// A write takes no longer than Timeouts.Write, over any stream; one that is
// cancelled says so.
func TestWriteTimeout(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for name, stream := range map[string]func(a, b net.Conn) io.ReadWriteCloser{
			"plain":        func(a, _ net.Conn) io.ReadWriteCloser { return a },
			"no deadlines": func(a, _ net.Conn) io.ReadWriteCloser { return wsplay.Deaf(a) },
			"TLS":          func(a, b net.Conn) io.ReadWriteCloser { s, _ := wsplay.TLSPair(t, a, b); return s },
		} {
			near, other := wstest.NetPipe(4 << 10)
			c := websocket.NewConn(stream(near, other), role, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: time.Minute}})
			if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("fits")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour) // it bounds a write, not the time between two
			wsplay.Within(t, name, time.Minute, func() {
				err := c.Write(context.Background(), websocket.MessageBinary, make([]byte, 100<<10))
				wsplay.WantIs(t, name+": Write", err, websocket.ErrWriteTimeout)
			})
			wsplay.WantIs(t, name+": Ping", c.Ping(wsplay.Patience(t)), websocket.ErrWriteTimeout)
			c.CloseNow()
			other.Close()

			near, other = wstest.NetPipe(4 << 10)
			c = websocket.NewConn(stream(near, other), role, nil)
			w := wsplay.StartWrite(t, c, strings.Repeat("x", 100<<10))
			queued := wsplay.StartWrite(t, c, "not sent")
			if name == "plain" { // elsewhere it may cost the connection
				queued.Cancel()
				wsplay.WantIs(t, name+": the write behind it", <-queued.Done, context.Canceled)
			}
			w.Cancel()
			wsplay.WantIs(t, name+": Write", <-w.Done, context.Canceled)
			c.CloseNow()
			if name != "plain" {
				<-queued.Done
			}
			other.Close()
		}
	})
}

// What was read with the handshake comes first, however much.
func TestBuffered(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for _, n := range []int{1, 16 << 10, 100 << 10} {
			near, other := wstest.NetPipe(0)
			p := wsplay.NewPeer(t, role, other)
			text := strings.Repeat("b", n)
			wire := p.Wire(wsplay.Frame(wsplay.OpText, text), wsplay.Frame(wsplay.OpText, "more"))
			c := websocket.NewConn(near, role, &websocket.ConnOptions{Buffered: wire[:len(wire)-2]})
			p.SendBytes(wire[len(wire)-2:])
			wsplay.WantRead(t, c, text)
			wsplay.WantRead(t, c, "more")
			c.CloseNow()
			p.Close()
		}
	})
}

// Trace sees every frame and every state.
func TestTrace(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		var events []string
		frame := func(way string) func(*websocket.Conn, websocket.FrameInfo) {
			return func(_ *websocket.Conn, f websocket.FrameInfo) { events = append(events, way+" "+f.LogValue().String()) }
		}
		ended := make(chan *websocket.ClosedError, 2)
		c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{Trace: &websocket.Trace{
			HandshakeDone: func(c *websocket.Conn) { events = append(events, "a "+c.Role().String()) },
			FrameRead:     frame("read"),
			FrameWritten:  frame("written"),
			StateChanged: func(_ *websocket.Conn, from, to conn.State) {
				events = append(events, from.String()+" to "+to.String())
			},
			Closed: func(_ *websocket.Conn, e *websocket.ClosedError) { ended <- e },
		}}, 0)
		p.Send(wsplay.Frame(wsplay.OpText, "abc"))
		wsplay.WantRead(t, c, "abc")
		if err := c.Write(wsplay.Patience(t), websocket.MessageBinary, nil); err != nil {
			t.Fatal(err)
		}
		done := wsplay.Go(func() error { return c.Close(1000, "") })
		synctest.Wait()
		p.Send(wsplay.CloseFrame(1000, ""))
		p.HalfClose()
		if err := <-done; err != nil {
			t.Error(err)
		}
		wsplay.WantEnding(t, "Closed", <-ended, 1000, 1000, websocket.SideLocal, nil)
		synctest.Wait()
		if len(ended) != 0 {
			t.Error("Closed was called twice")
		}
		near, other := "false", "true" // who masks
		if role == websocket.RoleClient {
			near, other = "true", "false"
		}
		want := []string{
			"a " + role.String(),
			"read [opcode=text fin=true rsv1=false masked=" + other + " length=3]",
			"written [opcode=binary fin=true rsv1=false masked=" + near + " length=0]",
			"open to closed by us",
			"written [opcode=close fin=true rsv1=false masked=" + near + " length=2]",
			"read [opcode=close fin=true rsv1=false masked=" + other + " length=2]",
			"closed by us to acknowledged",
			"acknowledged to terminated",
		}
		if got := strings.Join(events, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
	})
}
