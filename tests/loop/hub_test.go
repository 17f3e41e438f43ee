package loop_test

import (
	"context"
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// Members of a hub that do not keep up: their queue is bounded, and the others get every
// message.
func TestHub(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		const good, slow, messages = 4, 2, 200
		h := &hub.Hub{Queue: messages, Slow: hub.CloseSlow}
		loop := echoes()
		loop.Loops = 1
		echo := loop.Open
		loop.Open = func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
			h.Add(c)
			return echo(ctx, c)
		}
		s := serve(t, by, loop)
		var reading sync.WaitGroup
		for range good {
			c := s.dial(&websocket.DialOptions{Limits: websocket.Limits{Message: 10 << 20}})
			reading.Go(func() {
				for i := range messages {
					_, p, err := c.Read(wsplay.Quickly(t))
					if err != nil || len(p) != 100_000 || binary.BigEndian.Uint32(p) != uint32(i) {
						t.Errorf("where message %d is next: %d bytes, %v", i, len(p), err)
						return
					}
				}
			})
		}
		var idle []*wsplay.Peer
		for range slow {
			idle = append(idle, s.play())
		}
		soon(t, "all have joined", func() bool { return h.Len() == good+slow })
		for i := range uint32(messages) { // 20 MB each, which no socket holds
			p := make([]byte, 100_000)
			binary.BigEndian.PutUint32(p, i)
			if err := h.Broadcast(websocket.Prepare(websocket.MessageBinary, p)); err != nil {
				t.Fatal(err)
			}
		}
		reading.Wait()
		if n := h.Len(); n != good+slow {
			t.Errorf("%d members are left of %d", n, good+slow)
		}
		for _, p := range idle { // nothing is dropped for them either
			for i := range uint32(messages) {
				f, err := p.Next()
				if err != nil || len(f.Payload) != 100_000 || binary.BigEndian.Uint32(f.Payload) != i {
					t.Fatalf("a slow member: where message %d is next: %d bytes, %v", i, len(f.Payload), err)
				}
			}
		}
	})
}

// A hub closes a member that does not keep up, which leaves it, and Closed is told.
func TestHubClosesSlow(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		h := &hub.Hub{Queue: 4, Slow: hub.CloseSlow}
		loop := echoes()
		loop.Timeouts.Close = 200 * time.Millisecond
		echo := loop.Open
		loop.Open = func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
			h.Add(c)
			return echo(ctx, c)
		}
		s := serve(t, by, loop)
		s.play()
		_, l := s.only()
		soon(t, "it has joined", func() bool { return h.Len() == 1 })
		message := websocket.Prepare(websocket.MessageBinary, make([]byte, 1<<20))
		for begin := time.Now(); h.Len() > 0 && time.Since(begin) < patience; {
			if err := h.Broadcast(message); err != nil {
				t.Fatal(err)
			}
		}
		if h.Len() > 0 {
			t.Error("a member that does not read stays")
		}
		if e := wsplay.WantClosed(t, l.ended(t)); e.Began != websocket.SideLocal && e.Cause == nil {
			t.Errorf("Closed was told %v", e)
		}
	})
}
