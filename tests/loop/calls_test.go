package loop_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// What a loop promises of its calls is checked in every test, by watch. These have many
// messages come in all the ways there are.

func TestEcho(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		s := serve(t, by, echoes())
		for range 3 {
			c := s.dial(nil)
			for _, n := range []int{0, 1, 125, 126, 4 << 10, 70_000, 1 << 20} {
				echoed(t, c, strings.Repeat("x", n))
			}
			if err := c.Close(4000, "enough"); err != nil {
				t.Error(err)
			}
		}
	})
}

// If a loop lost, repeated or reordered messages, or if it called Receive on two goroutines
// for one connection, a sequence would break.
func TestOrder(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const conns, messages = 20, 300
		s := serve(t, by, &websocket.Loop{Open: func(context.Context, *websocket.Conn) (websocket.Receiver, error) {
			n := uint32(0) // not guarded: the race detector says whether calls overlap
			return websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
				if got := binary.BigEndian.Uint32(m.Data); got != n {
					return fmt.Errorf("message %d where %d is next", got, n)
				}
				n++
				return c.Write(ctx, m.Type, m.Data)
			}), nil
		}})
		var all sync.WaitGroup
		for i := range conns {
			c := s.dial(nil)
			all.Go(func() {
				for n := range uint32(messages) {
					p := make([]byte, 4+(n*7+uint32(i))%500)
					binary.BigEndian.PutUint32(p, n)
					if err := c.Write(t.Context(), websocket.MessageBinary, p); err != nil {
						t.Errorf("connection %d, message %d: %v", i, n, err)
						return
					}
				}
			})
			all.Go(func() {
				for n := range uint32(messages) {
					_, p, err := c.Read(t.Context())
					if err != nil || binary.BigEndian.Uint32(p) != n || len(p) != 4+int(n*7+uint32(i))%500 {
						t.Errorf("connection %d, echo %d: %.8x, %v", i, n, p, err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}

// Messages that come together with the request are not lost, and Open comes before them.
func TestGluedToRequest(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		opened := false // not guarded, as in TestOrder
		s := serve(t, by, &websocket.Loop{Open: func(context.Context, *websocket.Conn) (websocket.Receiver, error) {
			opened = true
			return websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
				if !opened {
					t.Error("a message came before Open")
				}
				return c.Write(ctx, m.Type, m.Data)
			}), nil
		}})
		frames := wsplay.NewPeer(t, websocket.RoleServer, nil)
		p := s.play(frames.Wire(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpPing, "?"), wsplay.Frame(wsplay.OpText, "two"))...)
		p.Want("the first", wsplay.OpText, "one")
		// The pong may leave before or behind the second echo: both are replies.
		seen := map[byte]string{}
		for range 2 {
			f, err := p.Next()
			if err != nil {
				t.Fatal(err)
			}
			seen[f.Opcode] = string(f.Payload)
		}
		if seen[wsplay.OpText] != "two" || seen[wsplay.OpPong] != "?" {
			t.Errorf("then came %q", seen)
		}
	})
}

// Half a message behind the request, and the rest when everything rests.
func TestHalfGluedToRequest(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		s := serve(t, by, echoes())
		wire := wsplay.NewPeer(t, websocket.RoleServer, nil).Wire(wsplay.Frame(wsplay.OpText, strings.Repeat("half", 50)))
		for _, cut := range []int{1, 2, 5, 8, 9, 100} {
			p := s.play(wire[:cut]...)
			p.SendBytes(wire[cut:])
			p.Want("the echo", wsplay.OpText, strings.Repeat("half", 50))
			_ = p.Close()
		}
	})
}

// A message that comes byte by byte, with every kind of pause between them, is whole.
func TestByteByByte(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		s := serve(t, by, echoes())
		other := s.dial(nil)
		p := s.play()
		wire := p.Wire(wsplay.Fragment(wsplay.OpText, "ab"), wsplay.Frame(wsplay.OpPing, "between"), wsplay.Fragment(wsplay.OpContinuation, ""),
			wsplay.Frame(wsplay.OpContinuation, strings.Repeat("c", 130)), wsplay.Frame(wsplay.OpBinary, "next"))
		for i := range wire {
			p.SendBytes(wire[i : i+1])
			if i%10 == 0 { // the loop has been elsewhere meanwhile
				echoed(t, other, strconv.Itoa(i))
			}
		}
		p.Want("the pong", wsplay.OpPong, "between")
		p.Want("the message", wsplay.OpText, "ab"+strings.Repeat("c", 130))
		p.Want("the next", wsplay.OpBinary, "next")
	})
}

// m.Data is that message until Receive returns, whatever else comes meanwhile on this
// connection and on others.
func TestDataIsValid(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		for _, mode := range []websocket.CompressionMode{websocket.CompressionDisabled, websocket.CompressionContextTakeover} {
			loop := echoes()
			loop.CompressionMode = mode
			loop.Open = opens(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
				first := string(m.Data)
				for range 20 { // others run
					if err := c.Ping(canceled); err == nil {
						return fmt.Errorf("a ping with a context that had ended was answered")
					}
				}
				if string(m.Data) != first {
					return fmt.Errorf("the data changed during the call")
				}
				if len(m.Data) > 0 && strings.Trim(first, first[:1]) != "" {
					return fmt.Errorf("the data are those of another message")
				}
				clear(m.Data) // ours until the call returns
				return c.Write(ctx, websocket.MessageText, []byte(first))
			})
			s := serve(t, by, loop)
			var all sync.WaitGroup
			for i := range 8 {
				c := s.dial(&websocket.DialOptions{CompressionMode: mode})
				all.Go(func() {
					for n := range 24 {
						text := strings.Repeat(string(rune('a'+i)), []int{1, 300, 5000, 40_000}[(n+i)%4])
						if err := ask(t.Context(), c, text); err != nil {
							t.Errorf("connection %d: %v", i, err)
							return
						}
					}
				})
			}
			all.Wait()
		}
	})
}

// canceled is a context that has ended.
var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Thousands of messages in one piece: a turn has an end, so another connection is not
// kept waiting, and nothing is lost at the end of a turn.
func TestManyAtOnce(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const messages = 5000
		s := serve(t, by, echoes())
		other := s.dial(nil)
		p := s.play()
		var wire []byte
		for i := range messages {
			wire = append(wire, p.Wire(wsplay.Frame(wsplay.OpText, strconv.Itoa(i)))...)
		}
		p.Floods.Go(func() { p.SendBytes(wire) })
		for i := range messages {
			p.Want("the next echo", wsplay.OpText, strconv.Itoa(i))
			if i%1000 == 0 {
				echoed(t, other, "between")
			}
		}
		p.Floods.Wait()
	})
}
