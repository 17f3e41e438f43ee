package attack_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// pongQueue is how many pings may wait for their pongs.
const pongQueue = 16

// withRoom is attack on a stream that holds buffer bytes each way.
func withRoom(t *testing.T, name string, buffer int, opts *websocket.ConnOptions, test func(t *testing.T, c *websocket.Conn, p *wsplay.Peer)) {
	t.Helper()
	for _, role := range wsplay.Roles {
		t.Run(name+"/"+role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, p := wsplay.Pipe(t, role, opts, buffer)
				test(t, c, p)
			})
		})
	}
}

func TestAttackControlFloods(t *testing.T) {
	const pings = 20_000
	t.Run("ping flood with slow reader (pong queue must stay O(1), coalesce)", func(t *testing.T) {
		withRoom(t, "it reads nothing, then all", 4096, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			payload := strings.Repeat("p", 121)
			wire := make([][]byte, pings)
			for i := range wire {
				wire[i] = p.Wire(wsplay.Frame(wsplay.OpPing, fmt.Sprintf("%04x%s", i, payload)))
			}
			goroutines := 0
			got := wsplay.Allocated(func() {
				go func() {
					for _, b := range wire {
						_, _ = p.Write(b)
					}
					_, _ = p.Write(p.Wire(wsplay.Frame(wsplay.OpText, "end")))
				}()
				// They do not keep us from reading on.
				if _, m, err := read(t, c); string(m) != "end" || err != nil {
					t.Errorf("%q, %v", m, err)
				}
				goroutines = runtime.NumGoroutine()
			})
			if got > 2*wsplay.Little { // a pong lives in buffers of the connection
				t.Errorf("%d bytes allocated for %d pings", got, pings)
			}
			if goroutines > 50 {
				t.Errorf("%d goroutines", goroutines)
			}
			// What was on its way when the stream filled, and then the last ones.
			go c.Close(websocket.StatusNormalClosure, "")
			var pongs []string
			for {
				f, err := p.Next()
				if err != nil || f.Opcode != wsplay.OpPong {
					break
				}
				pongs = append(pongs, string(f.Payload))
			}
			// 4 KiB hold 31, one write of 16 KiB holds up to 16 more, and as many wait.
			if n := len(pongs); n == 0 || n > 4096/127+2*pongQueue+1 {
				t.Errorf("%d pongs for %d pings", n, pings)
			}
			if !slices.IsSorted(pongs) {
				t.Error("pongs out of order")
			}
			if want := fmt.Sprintf("%04x%s", pings-1, payload); pongs[len(pongs)-1] != want {
				t.Errorf("the last ping was not answered: the last pong is for %.4s, not %.4s", pongs[len(pongs)-1], want)
			}
		})
		attack(t, "all are answered when it reads", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			go read(t, c)
			for i := range 1000 {
				p.Send(wsplay.Frame(wsplay.OpPing, fmt.Sprint(i)))
				p.Want("its pong", wsplay.OpPong, fmt.Sprint(i))
			}
		})
		attack(t, "many in a segment are answered or coalesced", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			var frames []naive.Frame
			for i := range 200 {
				frames = append(frames, wsplay.Frame(wsplay.OpPing, fmt.Sprint(i)))
			}
			p.Send(frames...)
			go read(t, c)
			for last := ""; last != "199"; {
				f, err := p.Next()
				if err != nil || f.Opcode != wsplay.OpPong {
					t.Fatalf("%d, %v after the pong for %q", f.Opcode, err, last)
				}
				last = string(f.Payload)
			}
		})
		attack(t, "OnPingReceived may leave them unanswered", &websocket.ConnOptions{
			OnPingReceived: func(_ context.Context, payload []byte) bool { return string(payload) == "please" },
		}, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.Frame(wsplay.OpPing, "1"), wsplay.Frame(wsplay.OpPing, "please"), wsplay.Frame(wsplay.OpPing, "2"))
			go read(t, c)
			p.Want("the one", wsplay.OpPong, "please")
			p.WantNothing("the others")
		})
	})
	t.Run("unsolicited pong flood with no leak", func(t *testing.T) {
		for _, role := range wsplay.Roles {
			t.Run("nobody pinged/"+role.String(), func(t *testing.T) {
				p := wsplay.NewPeer(t, role, nil)
				wire := append(bytes.Repeat(p.Wire(wsplay.Frame(wsplay.OpPong, "12345678")), 20_000), p.Wire(wsplay.Frame(wsplay.OpText, "end"))...)
				a, _ := net.Pipe()
				c := websocket.NewConn(&ahead{a, bytes.NewReader(wire)}, role, nil)
				defer c.CloseNow()
				got := wsplay.Allocated(func() {
					if _, m, err := read(t, c); string(m) != "end" || err != nil {
						t.Errorf("%q, %v", m, err)
					}
				})
				if got > wsplay.Little {
					t.Errorf("%d bytes allocated for 20,000 pongs", got)
				}
				if c.Latency() != 0 {
					t.Error("a latency without a ping")
				}
			})
		}
		attack(t, "while a ping waits", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			pinged := make(chan error, 1)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() { pinged <- c.Ping(ctx) }()
			f, err := p.Next()
			if err != nil || f.Opcode != wsplay.OpPing {
				t.Fatal(f, err)
			}
			for range 1000 {
				p.Send(wsplay.Frame(wsplay.OpPong, ""), wsplay.Frame(wsplay.OpPong, "guess"), wsplay.Frame(wsplay.OpPong, string(f.Payload)+"x"))
			}
			synctest.Wait()
			select {
			case err := <-pinged:
				t.Fatalf("answered by a pong for another ping: %v", err)
			default:
			}
			time.Sleep(time.Second)
			p.Send(wsplay.Frame(wsplay.OpPong, string(f.Payload)))
			if err := <-pinged; err != nil || c.Latency() != time.Second {
				t.Errorf("%v, latency %v", err, c.Latency())
			}
		})
		// A ping that nobody waits for any more is forgotten.
		attack(t, "pings that are given up", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			go func() {
				for {
					if _, err := p.Next(); err != nil {
						return
					}
				}
			}()
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			for range 100 {
				go c.Ping(ctx)
			}
			<-ctx.Done()
			synctest.Wait()
			if n := runtime.NumGoroutine(); n > 50 {
				t.Errorf("%d goroutines", n)
			}
		})
	})
	t.Run("ping during write stall", func(t *testing.T) {
		withRoom(t, "the pong follows the message", 1024, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			message := bytes.Repeat([]byte("m"), 100<<10)
			written := wsplay.Go(func() error { return c.Write(wsplay.Patience(t), websocket.MessageBinary, message) })
			synctest.Wait() // the peer does not read
			p.Send(wsplay.Frame(wsplay.OpPing, "while you write"), wsplay.Frame(wsplay.OpText, "next"))
			if _, m, err := read(t, c); string(m) != "next" || err != nil {
				t.Errorf("%q, %v", m, err)
			}
			p.Want("the message, whole", wsplay.OpBinary, string(message))
			p.Want("the pong", wsplay.OpPong, "while you write")
			if err := <-written; err != nil {
				t.Error(err)
			}
		})
		withRoom(t, "the pong goes between fragments", 1024, nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			w, err := c.Writer(wsplay.Patience(t), websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			go read(t, c)
			go func() { _, _ = w.Write(bytes.Repeat([]byte("f"), 16<<10)) }()
			synctest.Wait()
			p.Send(wsplay.Frame(wsplay.OpPing, "1"))
			if f, err := p.Next(); f.Opcode != wsplay.OpText || f.FIN || len(f.Payload) != 16<<10 || err != nil {
				t.Fatalf("%d, %v", f.Opcode, err)
			}
			p.Want("the pong", wsplay.OpPong, "1")
			p.Send(wsplay.Frame(wsplay.OpPing, "2"))
			p.Want("another", wsplay.OpPong, "2")
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			p.Want("the end of the message", wsplay.OpContinuation, "")
		})
	})
	t.Run("control frames interleaved in fragments", func(t *testing.T) {
		attack(t, "one between every two", nil, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			go func() {
				p.Send(wsplay.Fragment(wsplay.OpText, ""))
				for i := range 500 {
					p.Send(wsplay.Fragment(wsplay.OpContinuation, "a"), wsplay.Frame(wsplay.OpPing, fmt.Sprint(i)), wsplay.Frame(wsplay.OpPong, ""))
				}
				p.Send(wsplay.Frame(wsplay.OpContinuation, ""))
			}()
			got := make(chan string, 1)
			go func() { _, m, _ := read(t, c); got <- string(m) }()
			for last := ""; last != "499"; {
				f, err := p.Next()
				if err != nil || f.Opcode != wsplay.OpPong {
					t.Fatalf("%d, %v", f.Opcode, err)
				}
				last = string(f.Payload)
			}
			if m := <-got; m != strings.Repeat("a", 500) {
				t.Errorf("%q", m)
			}
		})
	})
}
