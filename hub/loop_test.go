//go:build linux

package hub_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// slowLoop is a hub whose members a loop serves. None of their peers reads.
type slowLoop struct {
	hub   hub.Hub
	conns []*websocket.Conn
	peers []*wsplay.Peer
	sent  int
}

// text is the message of a number. It is long, so that a few fill a socket.
func text(i int) string { return fmt.Sprint(i, strings.Repeat(".", 3000)) }

// newSlowLoop broadcasts until the socket of every member is full and a message waits.
func newSlowLoop(t *testing.T, members int, h *slowLoop) *slowLoop {
	t.Helper()
	for range members {
		a, b := wsplay.Unix(t) // TCP takes its time when a peer reads on
		c := websocket.NewConn(a, websocket.RoleServer, nil)
		onLoop(t, c)
		t.Cleanup(func() { _ = c.CloseNow(); _ = b.Close() })
		h.hub.Add(c)
		h.conns = append(h.conns, c)
		h.peers = append(h.peers, wsplay.NewPeer(t, websocket.RoleServer, b))
	}
	for {
		h.broadcast(t)
		full := 0
		for _, c := range h.conns {
			if taken, err := c.TryWritePrepared(websocket.Prepare(websocket.MessageBinary, nil)); err != nil {
				t.Fatal(err)
			} else if !taken {
				full++
			}
		}
		if full == members {
			return h
		}
	}
}

func (h *slowLoop) broadcast(t *testing.T) {
	t.Helper()
	tell(t, &h.hub, text(h.sent))
	h.sent++
}

// next returns the next text that a peer gets.
func next(t *testing.T, p *wsplay.Peer) (naive.Frame, bool) {
	t.Helper()
	for {
		f, err := p.Next()
		if err != nil {
			return f, false
		}
		if f.Opcode != wsplay.OpBinary { // not one of newSlowLoop's questions
			return f, true
		}
	}
}

// A member on a loop that is slow costs no goroutine, and loses nothing: what waits for it
// arrives in order when it reads on.
func TestHubOnLoop(t *testing.T) {
	const members = 50
	h := &slowLoop{hub: hub.Hub{Queue: 1000}}
	newSlowLoop(t, members, h)
	before := runtime.NumGoroutine()
	for range 100 {
		h.broadcast(t)
	}
	if more := runtime.NumGoroutine() - before; more > members/5 {
		t.Errorf("%d slow members have %d goroutines", members, more)
	}
	for n, p := range h.peers {
		for i := range h.sent {
			if f, ok := next(t, p); !ok || string(f.Payload) != text(i) {
				t.Fatalf("member %d: message %d is %.10q", n, i, f.Payload)
			}
		}
	}
	// Then nobody is slow any more.
	h.broadcast(t)
	for n, p := range h.peers {
		if f, ok := next(t, p); !ok || string(f.Payload) != text(h.sent-1) {
			t.Errorf("member %d: the message after it is %.10q", n, f.Payload)
		}
	}
	if h.hub.Len() != members || h.hub.Dropped() != 0 {
		t.Errorf("%d members are left, %d messages were dropped", h.hub.Len(), h.hub.Dropped())
	}
}

// The policies are those of members with goroutines.
func TestHubOnLoopPolicies(t *testing.T) {
	const extra = 20
	for _, policy := range []hub.SlowPolicy{hub.CloseSlow, hub.DropOldest, hub.DropNewest} {
		t.Run(policy.String(), func(t *testing.T) {
			h := &slowLoop{hub: hub.Hub{Queue: extra, Slow: policy}}
			newSlowLoop(t, 1, h)
			for h.hub.Dropped() == 0 {
				h.broadcast(t)
			}
			met := h.sent // the broadcasts up to the first of which something was dropped
			for range extra {
				h.broadcast(t)
			}
			if policy == hub.CloseSlow {
				h.sent = met // the others were not for it any more
			}
			arrives := h.sent - int(h.hub.Dropped())
			last := -1
			for n := range arrives {
				f, ok := next(t, h.peers[0])
				head, _, _ := strings.Cut(string(f.Payload), ".")
				i, err := strconv.Atoi(head)
				if !ok || err != nil || i <= last || policy != hub.DropOldest && i != n || n < met-extra-1 && i != n {
					t.Fatalf("message %d of %d is %.10q, behind %d", n, arrives, f.Payload, last)
				}
				last = i
			}
			switch policy {
			case hub.CloseSlow:
				if f, ok := next(t, h.peers[0]); !ok || f.Opcode != wsplay.OpClose || h.hub.Len() != 0 {
					t.Errorf("%v comes in place of the Close frame; %d members are left", f.Opcode, h.hub.Len())
				}
			case hub.DropOldest:
				if last != h.sent-1 {
					t.Errorf("the last message is %d of %d", last, h.sent)
				}
			case hub.DropNewest:
				if last < met-2 {
					t.Errorf("the last message is %d, but %d waited", last, met-2)
				}
			}
		})
	}
}

// A blocked member that is removed, or whose connection ends, takes along what waits for it.
func TestHubOnLoopLeaves(t *testing.T) {
	h := &slowLoop{hub: hub.Hub{Queue: 1000}}
	newSlowLoop(t, 3, h)
	h.broadcast(t)
	h.hub.Remove(h.conns[0])
	if err := h.conns[1].CloseNow(); err != nil && h.conns[1].Context().Err() == nil {
		t.Error(err)
	}
	<-h.conns[1].Context().Done()
	for range 10 {
		h.broadcast(t)
	}
	if n := h.hub.Len(); n != 1 {
		t.Errorf("%d members are left", n)
	}
	// The one that was removed goes on, and may come back. Then it gets what is new.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := wsplay.Go(func() error { return h.conns[0].Write(ctx, websocket.MessageText, []byte("alive")) })
	seen := 0
	for ; ; seen++ {
		f, ok := next(t, h.peers[0])
		if !ok {
			t.Fatal("the connection has ended")
		}
		if string(f.Payload) == "alive" {
			break
		}
		if string(f.Payload) != text(seen) {
			t.Fatalf("message %d is %.10q", seen, f.Payload)
		}
	}
	if err := <-done; err != nil || seen > h.sent-11 {
		t.Errorf("%d messages came before, of %d; %v", seen, h.sent, err)
	}
	h.hub.Add(h.conns[0])
	h.broadcast(t)
	if f, ok := next(t, h.peers[0]); !ok || string(f.Payload) != text(h.sent-1) {
		t.Errorf("back in the hub it gets %.10q", f.Payload)
	}
	for i := range h.sent {
		if f, ok := next(t, h.peers[2]); !ok || string(f.Payload) != text(i) {
			t.Fatalf("the one that stayed: message %d is %.10q", i, f.Payload)
		}
	}
}

// Two hubs have the same slow member: each keeps its order, and neither starves.
func TestHubsOnLoop(t *testing.T) {
	h := &slowLoop{hub: hub.Hub{Queue: 1000}}
	newSlowLoop(t, 1, h)
	other := hub.Hub{Queue: 1000}
	other.Add(h.conns[0])
	const rounds = 200
	first := h.sent
	for i := range rounds {
		h.broadcast(t)
		tell(t, &other, fmt.Sprint("other ", i))
	}
	mine, others := 0, 0
	for mine < first+rounds || others < rounds {
		f, ok := next(t, h.peers[0])
		switch {
		case !ok:
			t.Fatal("the connection has ended")
		case string(f.Payload) == text(mine):
			mine++
		case string(f.Payload) == fmt.Sprint("other ", others):
			others++
		default:
			t.Fatalf("%.20q came, after %d and %d others", f.Payload, mine, others)
		}
	}
}

// Over TLS a loop can tell whether there is room, and so messages need no goroutine.
func TestHubOnLoopTLS(t *testing.T) {
	stream := hubStreams["TLS on a loop"]
	a, b := stream.open(t)
	c := websocket.NewConn(a, websocket.RoleServer, nil)
	stream.join(t, c)
	t.Cleanup(func() { _ = c.CloseNow(); _ = b.Close() })
	if taken, err := c.TryWritePrepared(websocket.Prepare(websocket.MessageText, []byte("ahoy"))); !taken || err != nil {
		t.Errorf("a message is taken: %v, %v", taken, err)
	}
	wsplay.NewPeer(t, websocket.RoleServer, b).Want("the message", wsplay.OpText, "ahoy")
}
