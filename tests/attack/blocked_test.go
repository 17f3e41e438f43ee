package attack_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// Peers that do not read, or hardly.

// blocked are the ways to write that do not take a payload of any size, and how each
// is called until the stream is full. Those that take one are in writes.
var blocked = map[string]func(c *websocket.Conn) error{
	"Ping": func(c *websocket.Conn) error { return c.Ping(context.Background()) },
	"Batch.Flush": func(c *websocket.Conn) error {
		b := c.Batch()
		for range 3 {
			if err := b.Write(context.Background(), websocket.MessageText, []byte("held back")); err != nil {
				return err
			}
		}
		if err := b.Flush(context.Background()); err != nil {
			return err
		}
		_, _, err := c.Read(context.Background()) // it tells
		return err
	},
	"Batch.WritePrepared": func(c *websocket.Conn) error {
		b := c.Batch()
		for {
			if err := b.WritePrepared(context.Background(), wsplay.Prepared); err != nil {
				return err
			}
		}
	},
	"Uncompressed.Write": func(c *websocket.Conn) error {
		return c.Uncompressed().Write(context.Background(), websocket.MessageText, []byte("a text that does not fit"))
	},
	"Writer.Flush": func(c *websocket.Conn) error {
		w, err := c.Writer(context.Background(), websocket.MessageText)
		if err == nil {
			_, _ = io.WriteString(w, "a fragment")
			err = w.(interface{ Flush() error }).Flush()
		}
		return err
	},
	"Hub": func(c *websocket.Conn) error {
		var h hub.Hub
		h.Add(c)
		if err := h.Broadcast(wsplay.Prepared); err != nil {
			return err
		}
		_, _, err := c.Read(context.Background())
		return err
	},
	"a pong": func(c *websocket.Conn) error {
		_, _, err := c.Read(context.Background())
		return err
	},
}

func TestAttackBlockedWriter(t *testing.T) {
	const limit = 3 * time.Second
	opts := &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: limit}}
	t.Run("a writer blocked by a peer that never reads (write timeout)", func(t *testing.T) {
		for how, call := range blocked {
			withRoom(t, how, 8, opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				if how == "a pong" {
					go p.Send(wsplay.Frame(wsplay.OpPing, "a ping whose pong does not fit"))
				}
				begin := time.Now()
				err := call(c)
				if took := time.Since(begin); took != limit {
					t.Errorf("after %v", took)
				}
				wsplay.WantCause(t, how, err, websocket.ErrWriteTimeout)
				wsplay.WantSticky(t, c, websocket.ErrWriteTimeout)
			})
		}
	})
	// Each system call has its time, and a message needs many. The context bounds it all.
	t.Run("a peer that reads one byte a second", func(t *testing.T) {
		for _, bounded := range []bool{false, true} {
			withRoom(t, fmt.Sprintf("with a write timeout %v", bounded), 1, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				p.Floods.Go(func() {
					for {
						if _, err := p.Read(make([]byte, 1)); err != nil {
							return
						}
						time.Sleep(time.Second)
					}
				})
				ctx, cancel := context.Background(), func() {}
				if bounded {
					ctx, cancel = context.WithTimeout(ctx, time.Minute)
				}
				defer cancel()
				begin := time.Now()
				err := c.Write(ctx, websocket.MessageBinary, make([]byte, 600))
				took := time.Since(begin)
				if !bounded && (err != nil || took < 500*time.Second) {
					t.Errorf("%v after %v", err, took)
				}
				if bounded && (err == nil || took != time.Minute) {
					t.Errorf("%v after %v", err, took)
				}
				begin = time.Now()
				_ = c.Close(websocket.StatusNormalClosure, "")
				if took := time.Since(begin); took > 5*time.Second {
					t.Errorf("Close took %v", took)
				}
				_ = p.Close()
			})
		}
	})
	t.Run("ping flood while a write is stalled", func(t *testing.T) {
		const pings = 20_000
		withRoom(t, "and its pongs cannot leave", 1024, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			message := bytes.Repeat([]byte("m"), 100<<10)
			written := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, message) })
			synctest.Wait()
			wire := p.Wire(wsplay.Frame(wsplay.OpPing, strings.Repeat("p", 125)))
			end := p.Wire(wsplay.Frame(wsplay.OpText, "end"))
			goroutines := 0
			got := wsplay.Allocated(func() {
				go func() {
					for range pings {
						_, _ = p.Write(wire)
					}
					_, _ = p.Write(end)
				}()
				if _, m, err := read(t, c); string(m) != "end" || err != nil {
					t.Errorf("%q, %v", m, err)
				}
				goroutines = runtime.NumGoroutine()
			})
			if got > 2*wsplay.Little || goroutines > 50 {
				t.Errorf("%d bytes allocated and %d goroutines for %d pings", got, goroutines, pings)
			}
			p.Want("the message, whole", wsplay.OpBinary, string(message))
			if err := <-written; err != nil {
				t.Error(err)
			}
			pongs := 0
			go c.Close(websocket.StatusNormalClosure, "")
			for f, err := p.Next(); err == nil && f.Opcode == wsplay.OpPong; f, err = p.Next() {
				pongs++
			}
			if pongs == 0 || pongs > pongQueue {
				t.Errorf("%d pongs waited, want at most %d", pongs, pongQueue)
			}
		})
	})
	t.Run("one-byte fragments", func(t *testing.T) {
		const n = 60_000
		for _, way := range []string{"Read", "Reader", "Messages"} {
			wsplay.ForRoles(t, way+"/", func(t *testing.T, role websocket.Role) {
				frames := make([]naive.Frame, n)
				for i := range frames {
					frames[i] = wsplay.Fragment(wsplay.OpContinuation, "a")
				}
				frames[0].Opcode, frames[n-1].FIN = wsplay.OpText, true
				a, _ := wstest.NetPipe(0)
				c := websocket.NewConn(&ahead{a, bytes.NewReader(wsplay.NewPeer(t, role, nil).Wire(frames...))}, role, nil)
				defer c.CloseNow()
				got := wsplay.Allocated(func() {
					if err := reads[way](c, wsplay.Patience(t)); err != nil {
						t.Error(err)
					}
				})
				most := wsplay.Little // nothing for each of its fragments
				if way != "Reader" {
					most += 10 * n // the message itself, which grows by a quarter
				}
				if got > most {
					t.Errorf("%d bytes allocated for %d fragments of a byte", got, n)
				}
			})
		}
	})
}
