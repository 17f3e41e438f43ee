package attack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

func TestAttackResources(t *testing.T) {
	// The memory of idle connections is measured in TestIdleMemory.
	t.Run("idle conns", func(t *testing.T) {
		opts := &websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: time.Hour}}
		attack(t, "no goroutine between calls", opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			before := runtime.NumGoroutine()
			p.Send(wsplay.Frame(wsplay.OpPing, ""), wsplay.Frame(wsplay.OpText, "a"))
			if _, _, err := read(t, c); err != nil {
				t.Error(err)
			}
			if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("b")); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if after := runtime.NumGoroutine(); after > before {
				t.Errorf("%d goroutines, %d before", after, before)
			}
		})
	})
	t.Run("half-open", func(t *testing.T) {
		opts := &websocket.ConnOptions{KeepAlive: websocket.KeepAlive{Interval: 30 * time.Second, Timeout: 10 * time.Second}}
		for _, reading := range []bool{true, false} {
			attack(t, fmt.Sprintf("the peer is gone without a word, reading %v", reading), opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				begin := time.Now()
				if !reading {
					time.Sleep(time.Minute)
				}
				_, _, err := read(t, c)
				if took := time.Since(begin); !errors.Is(err, websocket.ErrKeepAlive) || reading && took != 40*time.Second {
					t.Errorf("%v after %v", err, took)
				}
				wsplay.WantSticky(t, c, websocket.ErrKeepAlive)
			})
		}
		attack(t, "the peer is gone while we write", opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			err := c.Write(wsplay.Patience(t), websocket.MessageBinary, make([]byte, 1<<20))
			wsplay.WantCause(t, "Write", err, websocket.ErrKeepAlive)
		})
	})
	t.Run("write deadline on dead peer", func(t *testing.T) {
		opts := &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: 3 * time.Second}}
		for name, write := range writes {
			attack(t, name, opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				begin := time.Now()
				err := write(t, c, make([]byte, 1<<20))
				want := 3 * time.Second
				if inboxOf(c) != nil && c.Role() == websocket.RoleServer {
					want *= 2 // it sends a part of 128 KiB, of which the pipe takes 64, and then one of which it takes nothing
				}
				if took := time.Since(begin); took != want {
					t.Errorf("after %v", took)
				}
				wsplay.WantCause(t, name, err, websocket.ErrWriteTimeout)
				wsplay.WantSticky(t, c, websocket.ErrWriteTimeout)
			})
		}
	})
	// A frame waits with the call that sends it: there is no queue but of callers.
	t.Run("bounded write queue", func(t *testing.T) {
		attack(t, "writers that give up leave nothing", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			first := bytes.Repeat([]byte("1"), 100<<10)
			written := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, first) })
			synctest.Wait()
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			got := wsplay.Allocated(func() {
				var wg sync.WaitGroup
				for range 200 {
					wg.Go(func() {
						if err := c.Write(ctx, websocket.MessageText, first); !errors.Is(err, context.DeadlineExceeded) {
							t.Error(err)
						}
					})
				}
				wg.Wait()
			})
			if got > 2*wsplay.Little { // not their payloads
				t.Errorf("%d bytes allocated for 200 writers", got)
			}
			if m, _ := receiveMessage(p); !bytes.Equal(m, first) || <-written != nil {
				t.Error("the first message was lost")
			}
			p.WantNothing("the others were given up")
			go c.Write(wsplay.Patience(t), websocket.MessageText, []byte("after"))
			p.Want("the connection goes on", wsplay.OpText, "after")
		})
	})
}

// failures are ways to lose a connection. Each returns when it has ended.
var failures = map[string]func(t *testing.T, c *websocket.Conn, p *wsplay.Peer){
	"bad frame":   func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) { p.Send(wsplay.Frame(3, "")) },
	"bad text":    func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) { p.Send(wsplay.Frame(wsplay.OpText, "\xff")) },
	"too big":     func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) { p.Send(wsplay.Header(wsplay.OpBinary, 1<<40)) },
	"Close frame": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) { p.Send(wsplay.CloseFrame(1000, "")) },
	"bad Close":   func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) { p.Send(wsplay.CloseFrame(1006, "")) },
	"FIN":         func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) { p.HalfClose() },
	"FIN in a frame": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		p.Send(wsplay.Header(wsplay.OpText, 100))
		p.HalfClose()
	},
	"RST": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) { p.Reset() },
	"RST in a frame": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		p.Send(wsplay.Header(wsplay.OpText, 100))
		p.Reset()
	},
	"stall, then Close": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		p.Send(wsplay.Header(wsplay.OpText, 100))
		_ = c.Close(websocket.StatusNormalClosure, "")
	},
	"flood": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		p.Flood(bytes.Repeat(p.Wire(wsplay.Frame(wsplay.OpPing, "flood")), 100))
		go c.Close(websocket.StatusNormalClosure, "")
	},
	"write in the middle": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		ctx, cancel := context.WithCancel(context.Background())
		written := wsplay.Go(func() error { return c.Write(ctx, websocket.MessageBinary, make([]byte, 16<<20)) })
		_, _ = io.ReadFull(p, make([]byte, 1<<10)) // it has begun: pings alone are not as much
		cancel()
		<-written
	},
	"writers and CloseNow": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		for range 4 {
			go c.Write(context.Background(), websocket.MessageBinary, make([]byte, 16<<20))
		}
		_ = c.CloseNow()
	},
	"pings and a Writer": func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
		go c.Ping(context.Background())
		if w, err := c.Writer(context.Background(), websocket.MessageText); err == nil {
			_, _ = w.Write(make([]byte, 20<<10))
		}
		p.Reset()
	},
}

func TestAttackLeaks(t *testing.T) {
	const name = "goroutine/fd leak after every failure path (goleak + synctest)"
	opts := func() *websocket.ConnOptions {
		return &websocket.ConnOptions{
			Timeouts:  websocket.Timeouts{Close: 100 * time.Millisecond},
			KeepAlive: websocket.KeepAlive{Interval: 50 * time.Millisecond, Timeout: time.Hour},
		}
	}
	for why, fail := range failures {
		attack(t, name+"/"+why+"/in memory", opts(), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			fail(t, c, p)
			for range c.Messages(wsplay.Patience(t)) {
			}
			_ = p.Close()
			synctest.Wait()
		})
		for _, role := range wsplay.Roles {
			t.Run(name+"/"+why+"/TCP/"+role.String(), func(t *testing.T) {
				goroutines, descriptors := goleak.IgnoreCurrent(), wsplay.OpenDescriptors(t)
				for range 3 {
					a, b := wsplay.TCP(t)
					c := websocket.NewConn(a, role, opts())
					p := wsplay.NewPeer(t, role, b)
					p.Pace = 0 // no bubble: the network holds a flood back
					fail(t, c, p)
					ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
					for _, err := range c.Messages(ctx) {
						if err != nil {
							wsplay.WantClosed(t, err) // not the context's
						}
					}
					cancel()
					_ = p.Close()
					p.Floods.Wait()
					_ = c.Close(websocket.StatusNormalClosure, "") // it has ended when this returns
				}
				goleak.VerifyNone(t, goroutines)
				if now := wsplay.OpenDescriptors(t); now > descriptors {
					t.Errorf("%d descriptors are open, %d before", now, descriptors)
				}
			})
		}
	}
}

// Connections share their buffers. What one does with them, above all while it
// fails, must not be seen by another.
func TestAttackPoolPoisoning(t *testing.T) {
	const name = "pool poisoning (use-after-release under -race)"
	for _, role := range wsplay.Roles {
		t.Run(name+"/"+role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var wg sync.WaitGroup
				for i := range 8 {
					wg.Go(func() { // honest
						server, client := wstest.Pipe(nil)
						defer server.CloseNow()
						defer client.CloseNow()
						go func() {
							for m := range server.Messages(wsplay.Patience(t)) {
								_ = server.Write(context.Background(), m.Type, m.Data)
							}
						}()
						for n := range 50 {
							want := bytes.Repeat([]byte{byte('a' + i)}, 1+n*997%40_000)
							go client.Write(context.Background(), websocket.MessageBinary, want)
							if _, got, err := client.Read(wsplay.Patience(t)); !bytes.Equal(got, want) || err != nil {
								t.Errorf("%d bytes for %d, %v: they are another's", len(got), len(want), err)
								return
							}
						}
					})
					wg.Go(func() { // hostile
						for n := range 25 {
							c, p := wsplay.Pipe(t, role, nil, 0)
							go c.Write(context.Background(), websocket.MessageBinary, bytes.Repeat([]byte("!"), 10_000))
							frames := p.Wire(wsplay.Frame(wsplay.OpText, "good"), wsplay.Fragment(wsplay.OpText, string(bytes.Repeat([]byte("?"), 5000))), wsplay.Frame(wsplay.OpPing, "????????"))
							p.SendBytes(append(frames, byte(n), 0xff, 0xff, 0xff))
							_, _, _ = read(t, c)
							go read(t, c)
							p.Reset()
							_ = c.CloseNow()
						}
					})
				}
				wg.Wait()
			})
		})
	}
}
