package hub_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// hubStreams are the kinds of stream over which a hub is tested beside wstest's. What is to be
// done with a connection on it before it joins the hub is in join.
var hubStreams = map[string]struct {
	open func(t *testing.T) (a, b net.Conn)
	join func(t testing.TB, c *websocket.Conn)
}{
	"TCP": {wsplay.SmallTCP, onGoroutines},
	"TLS": {func(t *testing.T) (a, b net.Conn) {
		a, b = wsplay.SmallTCP(t)
		server, client := wsplay.TLSPair(t, a, b)
		return server, client
	}, onGoroutines},
	"net.Pipe": {func(*testing.T) (a, b net.Conn) { return net.Pipe() }, onGoroutines},
	"a loop":   {wsplay.SmallTCP, onLoop},
	"TLS on a loop": {func(t *testing.T) (a, b net.Conn) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if b, err = net.Dial("tcp", l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		if a, err = loopOf(t).Listener(l).Accept(); err != nil {
			t.Fatal(err)
		}
		server, client := wsplay.TLSPair(t, a, b)
		return server, client
	}, onLoop},
}

func onGoroutines(testing.TB, *websocket.Conn) {}

var loops sync.Map // testing.TB to its *websocket.Loop

// loopOf returns the loop of a test.
func loopOf(t testing.TB) *websocket.Loop {
	made, found := loops.LoadOrStore(t, new(websocket.Loop))
	loop := made.(*websocket.Loop)
	if !found {
		t.Cleanup(func() { // when those that join have been closed
			if err := loop.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			loops.Delete(t)
		})
	}
	return loop
}

// onLoop has the loop of the test serve c.
func onLoop(t testing.TB, c *websocket.Conn) {
	t.Helper()
	ignore := func(context.Context, *websocket.Conn, websocket.Message) error { return nil }
	if err := loopOf(t).Add(c, websocket.ReceiverFunc(ignore)); err != nil {
		t.Error(err)
	}
}

// A peer that never reads does not keep the others from anything, and is told why it
// was closed, behind what was half sent.
func TestHubOverNetwork(t *testing.T) {
	for name, stream := range hubStreams {
		for _, role := range wsplay.Roles {
			t.Run(fmt.Sprint(name, "/", role), func(t *testing.T) {
				h := hub.Hub{Queue: 4}
				add := func() (c *websocket.Conn, p *wsplay.Peer) {
					a, b := stream.open(t)
					c = websocket.NewConn(a, role, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: time.Minute}})
					stream.join(t, c)
					t.Cleanup(func() { _ = c.CloseNow(); _ = b.Close() })
					h.Add(c)
					return c, wsplay.NewPeer(t, role, b)
				}
				slow, slowPeer := add()
				var told atomic.Int32
				h.OnSlow = func(c *websocket.Conn, _ *websocket.PreparedMessage) {
					if c != slow {
						t.Error("one that reads is slow")
					}
					told.Add(1)
				}
				var quick []*wsplay.Peer
				for range 9 {
					_, p := add()
					quick = append(quick, p)
				}
				texts := []string{strings.Repeat("large", 20_000), "small"}
				n := 0
				for ; told.Load() == 0; n++ {
					text := texts[n%2] + fmt.Sprint(n)
					heard := make([]<-chan string, len(quick))
					for i, p := range quick {
						heard[i] = wsplay.Go(func() string { f, _ := p.Next(); return string(f.Payload) })
					}
					tell(t, &h, text)
					for i := range quick {
						if got := <-heard[i]; got != text {
							t.Fatalf("%d bytes arrived of %d", len(got), len(text))
						}
					}
				}
				for i := 0; ; i++ {
					f, err := slowPeer.Next()
					if err != nil {
						t.Fatal(err)
					}
					if f.Opcode == wsplay.OpClose {
						break
					}
					if want := texts[i%2] + fmt.Sprint(i); string(f.Payload) != want {
						t.Fatalf("message %d is %.20q, %d bytes", i, f.Payload, len(f.Payload))
					}
				}
				if h.Len() != len(quick) {
					t.Errorf("%d are left", h.Len())
				}
				_ = slow.CloseNow()
			})
		}
	}
}

// Many broadcast while connections come and go: whoever stays gets everything once, in
// each broadcaster's order, and all of them in the same.
func TestHubConcurrently(t *testing.T) {
	for name, stream := range hubStreams {
		t.Run(name, func(t *testing.T) {
			const broadcasters, rounds, stay = 4, 200, 5
			h := hub.Hub{Queue: broadcasters * rounds}
			pair := func() (server, client *websocket.Conn) {
				a, b := stream.open(t)
				server, client = websocket.NewConn(a, websocket.RoleServer, nil), websocket.NewConn(b, websocket.RoleClient, nil)
				stream.join(t, server)
				return server, client
			}
			var heard []<-chan string
			for range stay {
				server, client := pair()
				t.Cleanup(func() { server.CloseNow(); client.CloseNow() })
				h.Add(server)
				heard = append(heard, wsplay.Go(func() string {
					var next [broadcasters]uint32
					var all []byte
					for range broadcasters * rounds {
						_, p, err := client.Read(context.Background())
						if err != nil {
							return err.Error()
						}
						if i := binary.BigEndian.Uint32(p[1:]); next[p[0]] != i {
							return fmt.Sprintf("message %d of %d, want %d", i, p[0], next[p[0]])
						}
						next[p[0]]++
						all = append(all, p[0])
					}
					return string(all)
				}))
			}
			var broadcasting, coming sync.WaitGroup
			ctx, done := context.WithCancel(context.Background())
			defer done()
			for range 3 {
				coming.Go(func() {
					for ctx.Err() == nil {
						server, client := pair()
						h.Add(server)
						if rand.IntN(2) == 0 {
							_, _, _ = client.Read(ctx) // one that came last may wait for what is never broadcast
							h.Remove(server)
						}
						_, _ = h.Len(), h.Dropped()
						_ = client.CloseNow()
						_ = server.CloseNow()
					}
				})
			}
			for b := range broadcasters {
				broadcasting.Go(func() {
					for i := range rounds {
						p := binary.BigEndian.AppendUint32([]byte{byte(b)}, uint32(i))
						p = append(p, make([]byte, rand.IntN(1000))...)
						if err := h.Broadcast(websocket.Prepare(websocket.MessageBinary, p)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			broadcasting.Wait()
			first := <-heard[0]
			for _, other := range heard[1:] {
				if got := <-other; got != first || len(got) != broadcasters*rounds {
					t.Errorf("they heard %.100q and %.100q", first, got)
				}
			}
			done()
			coming.Wait()
		})
	}
}
