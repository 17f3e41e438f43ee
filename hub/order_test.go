package hub_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A connection that was removed while a message was being written to it, and is added
// again, gets what is broadcast from then on after that message.
func TestHubOrderOfOneThatComesBack(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{Deflate: &handshake.Deflate{}}, 0)
		p.Deflate = true
		var h hub.Hub
		h.Add(c)
		for range 3 {
			w, err := c.Writer(wsplay.Patience(t), websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write([]byte(strings.Repeat("fragment ", 100)))
			_ = w.(interface{ Flush() error }).Flush()
			if f, err := p.Next(); !f.RSV1 || err != nil {
				t.Fatal("the message under way is not compressed", err)
			}

			// It waits for its turn to be compressed, while the short one needs none.
			tell(t, &h, strings.Repeat("older ", 100))
			synctest.Wait()
			for range 2 {
				h.Remove(c)
				tell(t, &h, "not in it")
				h.Add(c)
			}
			tell(t, &h, "newer")
			tell(t, &h, "newest")
			if h.Len() != 1 {
				t.Errorf("%d connections are in the hub", h.Len())
			}
			synctest.Wait()
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"the rest", "older", "newer", "newest"} {
				f, err := p.Next()
				compressed := want == "the rest" || want == "older"
				if err != nil || f.RSV1 != (want == "older") || !compressed && string(f.Payload) != want {
					t.Fatalf("got %v %q, %v; want %s", f.RSV1, f.Payload, err, want)
				}
			}
			synctest.Wait()
			tell(t, &h, "at once")
			p.Want("it is as it was", wsplay.OpText, "at once")
		}

		// What was being written when it left arrives also if it does not come back.
		w, _ := c.Writer(wsplay.Patience(t), websocket.MessageText)
		_, _ = w.Write([]byte("fragment"))
		_ = w.(interface{ Flush() error }).Flush()
		_, _ = p.Next()
		tell(t, &h, "older")
		synctest.Wait()
		h.Remove(c)
		tell(t, &h, "not in it")
		_ = w.Close()
		_, _ = p.Next()
		p.Want("what was being written", wsplay.OpText, "older")
		synctest.Wait()
		h.Add(c)
		tell(t, &h, "back")
		p.Want("in it again", wsplay.OpText, "back")
	})
}

// Whatever comes and goes meanwhile, nobody gets an older message after a newer one, or
// one twice.
func TestHubOrderWhileMembersComeAndGo(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		const messages = 200
		h := hub.Hub{Queue: messages}
		var going, comeAndGo, reading sync.WaitGroup
		done := make(chan struct{})
		for range 4 {
			c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{Deflate: &handshake.Deflate{}}, 200)
			p.Deflate = true
			h.Add(c)
			going.Go(func() { // has what is broadcast wait, in two places
				for {
					select {
					case <-done:
						return
					default:
					}
					w, err := c.Writer(wsplay.Patience(t), websocket.MessageBinary)
					if err != nil {
						t.Error(err)
						return
					}
					_, _ = w.Write(bytes.Repeat([]byte("fragment "), 50))
					_ = w.(interface{ Flush() error }).Flush()
					_ = w.Close()
				}
			})
			reading.Go(func() {
				inflate := wsplay.Inflater{Alone: true} // prepared messages refer to none before
				for last := -1; ; {
					f, err := p.Next()
					if err != nil {
						return
					}
					if f.Opcode != wsplay.OpText {
						continue
					}
					said := string(f.Payload)
					if f.RSV1 {
						said = inflate.Message(t, f.Payload)
					}
					n := 0
					if _, err := fmt.Sscan(said, &n); err != nil || n <= last {
						t.Errorf("got %d after %d, %v", n, last, err)
						return
					}
					last = n
				}
			})
			defer c.CloseNow()
		}
		for i := range messages {
			text := fmt.Sprint(i)
			if i%2 == 0 {
				text += strings.Repeat(" and more", 50)
			}
			tell(t, &h, text)
			runtime.Gosched()
			for c := range h.All() {
				comeAndGo.Go(func() {
					h.Remove(c)
					h.Add(c)
				})
			}
			if i%2 == 0 {
				comeAndGo.Wait() // else while the next is broadcast
			}
		}
		comeAndGo.Wait()
		close(done)
		going.Wait()
		synctest.Wait()
		for c := range h.All() {
			_ = c.CloseNow()
		}
		reading.Wait()
	})
}
