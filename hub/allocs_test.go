//go:build !race

package hub_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/wstest"
)

// A broadcast to connections that take everything allocates nothing, whatever they are.
func TestHubDoesNotAllocate(t *testing.T) {
	alone := handshake.DeflateSide{NoContextTakeover: true}
	for name, test := range map[string]struct {
		role websocket.Role
		opts *websocket.ConnOptions
	}{
		"server":             {websocket.RoleServer, nil},
		"client":             {websocket.RoleClient, nil},
		"server, compressed": {websocket.RoleServer, &websocket.ConnOptions{Deflate: &handshake.Deflate{Server: alone, Client: alone}}},
		"server, takeover":   {websocket.RoleServer, &websocket.ConnOptions{Deflate: &handshake.Deflate{}}},
	} {
		t.Run(name, func(t *testing.T) {
			var h hub.Hub
			sockets, peers := audience(t, 120)
			for _, s := range sockets {
				c := websocket.NewConn(s, test.role, test.opts)
				defer c.CloseNow()
				h.Add(c)
			}
			m := websocket.Prepare(websocket.MessageText, bytes.Repeat([]byte("text"), 300))
			var reading sync.WaitGroup
			for _, p := range peers {
				reading.Go(func() {
					buf := make([]byte, 32<<10)
					for {
						if _, err := p.Read(buf); err != nil {
							return
						}
					}
				})
			}
			for range 50 { // until every window is full
				_ = h.Broadcast(m)
			}
			n := testing.AllocsPerRun(100, func() {
				if err := h.Broadcast(m); err != nil {
					t.Fatal(err)
				}
			})
			if n != 0 || h.Len() != len(sockets) || h.Dropped() != 0 {
				t.Errorf("%v allocations for a broadcast; %d connections are left, %d messages were dropped", n, h.Len(), h.Dropped())
			}
			for _, p := range peers {
				_ = p.Close()
			}
			reading.Wait()
		})
	}
}

// audience connects n servers by TCP to their peers.
func audience(t testing.TB, n int) (conns, peers []net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range n {
		p, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close(); p.Close() })
		conns, peers = append(conns, c), append(peers, p)
	}
	return conns, peers
}

// Neither does one to connections that take nothing, once their queues are full, and
// one whose connections have to be served by goroutines.
func TestHubDoesNotAllocateForSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, quick := hub.Hub{Slow: hub.DropOldest}, hub.Hub{}
		for range 100 {
			near, far := wstest.NetPipe(1)
			c := websocket.NewConn(near, websocket.RoleServer, nil)
			defer far.Close()
			defer c.CloseNow()
			h.Add(c)
		}
		c, other := websocket.NewConn(sink{}, websocket.RoleServer, nil), websocket.NewConn(sink{}, websocket.RoleClient, nil)
		defer c.CloseNow()
		defer other.CloseNow()
		quick.Add(c)
		quick.Add(other)
		m := websocket.Prepare(websocket.MessageText, []byte("text"))
		for range 100 {
			_ = h.Broadcast(m)
		}
		synctest.Wait()
		if n := testing.AllocsPerRun(100, func() { _ = h.Broadcast(m) }); n != 0 {
			t.Errorf("%v allocations for a broadcast to slow connections", n)
		}
		if h.Dropped() < 100*(100-64) || h.Len() != 100 {
			t.Errorf("%d were dropped, %d connections are left", h.Dropped(), h.Len())
		}
		if n := testing.AllocsPerRun(100, func() { _ = quick.Broadcast(m); synctest.Wait() }); n != 0 {
			t.Errorf("%v allocations for a broadcast by goroutines", n)
		}
	})
}

// sink takes everything and cannot say whether it would wait.
type sink struct{ net.Conn }

func (sink) Write(p []byte) (int, error) { return len(p), nil }
func (sink) Read([]byte) (int, error)    { return 0, io.EOF }
func (sink) Close() error                { return nil }

func (sink) SetReadDeadline(time.Time) error  { return nil }
func (sink) SetWriteDeadline(time.Time) error { return nil }
