package loop_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

func TestLimits(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		for name, row := range map[string]struct {
			limits websocket.Limits
			send   func(p *wsplay.Peer)
			what   string
		}{
			"message": {websocket.Limits{Message: 100}, func(p *wsplay.Peer) { p.Send(wsplay.Frame(wsplay.OpText, strings.Repeat("x", 101))) }, "message"},
			"header":  {websocket.Limits{Message: 100}, func(p *wsplay.Peer) { p.Send(wsplay.Header(wsplay.OpText, 1<<50)) }, "message"},
			"frame":   {websocket.Limits{Frame: 100}, func(p *wsplay.Peer) { p.Send(wsplay.Frame(wsplay.OpText, strings.Repeat("x", 101))) }, "frame"},
			"fragments": {websocket.Limits{Fragments: 2}, func(p *wsplay.Peer) {
				p.Send(wsplay.Fragment(wsplay.OpText, ""), wsplay.Fragment(0, ""), wsplay.Fragment(0, ""))
			}, "fragments"},
		} {
			t.Run(name, func(t *testing.T) {
				loop := echoes()
				loop.Limits = row.limits
				s := serve(t, by, loop)
				p := s.play()
				p.Send(wsplay.Frame(wsplay.OpText, strings.Repeat("x", 100))) // as much as is allowed
				p.Want("the echo", wsplay.OpText, strings.Repeat("x", 100))
				row.send(p)
				p.WantReply(websocket.StatusMessageTooBig)
				_ = p.Close()
				_, l := s.only()
				if over, ok := errors.AsType[*websocket.LimitError](l.ended(t)); !ok || over.What != row.what {
					t.Errorf("Closed was told %v", l.err)
				}
			})
		}
	})
}

// SetReadLimit counts from the next message, also where a loop reads.
func TestSetReadLimit(t *testing.T) {
	loop := &websocket.Loop{Open: opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
		c.SetReadLimit(10)
		return c.Write(ctx, m.Type, m.Data)
	})}
	s := serve(t, byTCP, loop)
	p := s.play()
	p.Send(wsplay.Frame(wsplay.OpText, strings.Repeat("x", 100)))
	p.Want("the echo", wsplay.OpText, strings.Repeat("x", 100))
	p.Send(wsplay.Frame(wsplay.OpText, strings.Repeat("x", 11)))
	p.WantReply(websocket.StatusMessageTooBig)
}

// A peer that is gone without a word is found by keepalive; one that only has nothing to say
// is not.
func TestKeepAlive(t *testing.T) {
	for _, by := range ways[:3] {
		if testing.Short() && by != byTCP {
			break // some seconds each
		}
		t.Run(by.name, func(t *testing.T) {
			loop := echoes()
			loop.KeepAlive = websocket.KeepAlive{Interval: 50 * time.Millisecond, Timeout: 2 * time.Second}
			s := serve(t, by, loop)
			dead := s.play() // answers nothing
			_, l := s.only()
			quiet := s.dial(nil)
			go quiet.Read(context.Background()) // answers pings
			if err := l.ended(t); !errors.Is(err, websocket.ErrKeepAlive) {
				t.Errorf("Closed was told %v", err)
			}
			if f, err := dead.Next(); err != nil || f.Opcode != wsplay.OpPing {
				t.Errorf("the peer got opcode %d, %v; want a ping", f.Opcode, err)
			}
			if err := quiet.Ping(wsplay.Quickly(t)); err != nil {
				t.Errorf("the quiet client: %v", err)
			}
		})
	}
}

// A write that the peer does not take ends by Timeouts.Write.
func TestWriteTimeout(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		failed := make(chan error, 1)
		loop := &websocket.Loop{Open: opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
			for {
				if err := c.Write(ctx, m.Type, make([]byte, 1<<20)); err != nil {
					failed <- err
					return err
				}
			}
		})}
		loop.Timeouts.Write = 100 * time.Millisecond
		s := serve(t, by, loop)
		p := s.play()
		p.Send(wsplay.Frame(wsplay.OpBinary, "go on"))
		if err := arrives(t, "Write", failed); !errors.Is(err, websocket.ErrWriteTimeout) {
			t.Errorf("Write: %v", err)
		}
		_, l := s.only()
		if err := l.ended(t); !errors.Is(err, websocket.ErrWriteTimeout) {
			t.Errorf("Closed was told %v", err)
		}
		if !strings.Contains(by.name, "TLS") {
			echoes := s.dial(nil)
			_ = echoes.CloseNow()
		}
	})
}

// A context that ends interrupts a Write that waits, in Receive as well, and costs nothing
// else where no frame is half on the wire.
func TestWriteCanceled(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		failed := make(chan error, 1)
		loop := &websocket.Loop{Open: opens(func(_ context.Context, c *websocket.Conn, m websocket.Message) error {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			for {
				if err := c.Write(ctx, m.Type, make([]byte, 1<<20)); err != nil {
					failed <- err
					return nil
				}
			}
		})}
		s := serve(t, by, loop)
		p := s.play()
		p.Send(wsplay.Frame(wsplay.OpBinary, "go on"))
		if err := arrives(t, "Write", failed); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
	})
}

// A Registry has the connections of a loop as it has all others.
func TestRegistry(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		var registry websocket.Registry
		loop := echoes()
		loop.Registry = &registry
		s := serve(t, by, loop)
		var clients []*websocket.Conn
		for i := range 10 {
			clients = append(clients, s.dial(nil))
			echoed(t, clients[i], "hello")
		}
		if n := registry.Len(); n != 10 {
			t.Errorf("%d connections, want 10", n)
		}
		_ = clients[0].Close(websocket.StatusNormalClosure, "")
		soon(t, "one has left", func() bool { return registry.Len() == 9 })
		var all sync.WaitGroup
		for _, c := range clients[1:] {
			all.Go(func() {
				if _, _, err := c.Read(wsplay.Quickly(t)); websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Errorf("the client got %v", err)
				}
			})
		}
		if err := registry.Shutdown(wsplay.Quickly(t)); err != nil {
			t.Error(err)
		}
		all.Wait()
		if _, err := s.dialTo("/", nil); err == nil {
			t.Error("the registry was shut down, and a new connection was made")
		}
	})
}

// Trace tells of a connection on a loop what it tells of others, and in an order that makes
// sense.
func TestTrace(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		var mu sync.Mutex
		var events []string
		note := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, fmt.Sprintf(format, args...))
		}
		over := make(chan bool)
		loop := echoes()
		loop.Trace = &websocket.Trace{
			HandshakeDone: func(*websocket.Conn) { note("done") },
			FrameRead:     func(_ *websocket.Conn, f websocket.FrameInfo) { note("read %v %d", f.Opcode, f.Length) },
			FrameWritten:  func(_ *websocket.Conn, f websocket.FrameInfo) { note("wrote %v %d", f.Opcode, f.Length) },
			StateChanged:  func(_ *websocket.Conn, _, to conn.State) { note("%v", to) },
			Closed:        func(*websocket.Conn, *websocket.ClosedError) { note("closed"); close(over) },
		}
		s := serve(t, by, loop)
		p := s.play()
		p.Send(wsplay.Frame(wsplay.OpText, "hello"))
		p.Want("the echo", wsplay.OpText, "hello")
		p.Send(wsplay.Frame(wsplay.OpPing, "?"))
		p.Want("the pong", wsplay.OpPong, "?")
		p.Send(wsplay.CloseFrame(1000, "bye"))
		p.WantReply(1000)
		_ = p.Close()
		arrives(t, "Trace.Closed", over)
		mu.Lock()
		defer mu.Unlock()
		var plain []string // without the states, which may be told later
		for _, e := range events {
			if strings.HasPrefix(e, "read") || strings.HasPrefix(e, "wrote") || e == "done" || e == "closed" {
				plain = append(plain, strings.ToLower(e))
			}
		}
		want := "done, read text 5, wrote text 5, read ping 1, wrote pong 1, read close 5, wrote close 2, closed"
		if got := strings.Join(plain, ", "); got != want {
			t.Errorf("told\n%s, want\n%s", got, want)
		}
		for _, state := range []conn.State{conn.ClosedByPeer, conn.Acknowledged} {
			if !strings.Contains(strings.Join(events, ", "), fmt.Sprint(state)) {
				t.Errorf("state %v was not told: %v", state, events)
			}
		}
	})
}
