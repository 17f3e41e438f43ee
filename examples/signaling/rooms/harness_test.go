package rooms

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

const grace = 20 * time.Second

// page is a Conn that notes what it is told.
type page struct {
	t       *testing.T
	key     string
	id      string
	session uint64
	attempt uint64
	seat    *Seat

	mu    sync.Mutex
	heard []string
}

func (p *page) Send(m wire.ToPage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m := m.(type) {
	case wire.Welcome:
		text := "welcome"
		for _, peer := range m.Peers {
			text += fmt.Sprintf(" %s:%d:%s", peer.Name, peer.Session, peer.State)
		}
		p.heard = append(p.heard, text)
	case wire.Peer:
		p.heard = append(p.heard, strings.TrimSpace(fmt.Sprintf("%s:%d %s %s", m.Name, m.Session, m.State, m.Reason)))
	case wire.Delivery:
		var data []byte
		if !m.Data.Absent() {
			data, _ = m.Data.In(wire.JSON) // which both can hold
		}
		p.heard = append(p.heard, strings.TrimSpace(fmt.Sprintf("signal %d/%d %s", m.Seq, m.Ack, data)))
	case wire.Gone:
		p.heard = append(p.heard, fmt.Sprintf("gone %d", m.Seq))
	}
}

func (p *page) Close(code websocket.StatusCode, _ string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, fmt.Sprintf("close %d", code))
}

// want wants p to have heard this since the last time, and nothing else.
func (p *page) want(why string, heard ...string) {
	p.t.Helper()
	synctest.Wait()
	p.compare(why, heard, p.take())
}

func (p *page) compare(why string, want, heard []string) {
	p.t.Helper()
	if got, want := strings.Join(heard, ", "), strings.Join(want, ", "); got != want {
		p.t.Errorf("%s:\nheard %s\n want %s", why, got, want)
	}
}

// forget is for what a test does not look at.
func forget(pages ...*page) {
	for _, p := range pages {
		p.take()
	}
}

// take returns what p has heard since the last time.
func (p *page) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	heard := p.heard
	p.heard = nil
	return heard
}

// wantAll is want in whatever order.
func (p *page) wantAll(why string, heard ...string) {
	p.t.Helper()
	synctest.Wait()
	got := p.take()
	slices.Sort(got)
	slices.Sort(heard)
	p.compare(why, heard, got)
}

// again is a connection of the same page that comes later; its seat is its own.
func (p *page) again() *page {
	return &page{t: p.t, key: p.key, id: p.id, session: p.session, attempt: p.attempt}
}

func newPage(t *testing.T, session uint64) *page {
	key := wire.NewKey()
	return &page{t: t, key: key, id: wire.Identity(key), session: session}
}

// node is a server; what it sends and hears is lost while it is cut off.
type node struct {
	*Rooms
	bus.Bus
	cut atomic.Bool
}

func (n *node) Broadcast(topic bus.Topic, body []byte) {
	if !n.cut.Load() {
		n.Bus.Broadcast(topic, body)
	}
}

func (n *node) Send(to string, topic bus.Topic, body []byte) {
	if !n.cut.Load() {
		n.Bus.Send(to, topic, body)
	}
}

func (n *node) Handle(topic bus.Topic, f func(from string, body []byte)) {
	n.Bus.Handle(topic, func(from string, body []byte) {
		if !n.cut.Load() {
			f(from, body)
		}
	})
}

// nodes starts servers that are joined.
func nodes(t *testing.T, count int, change func(*Options)) []*node {
	t.Helper()
	var exchange bus.Exchange
	started := make([]*node, count)
	for i := range started {
		started[i] = startNode(t, &exchange, fmt.Sprint("server ", i+1), change)
	}
	synctest.Wait()
	return started
}

func startNode(t *testing.T, exchange *bus.Exchange, name string, change func(*Options)) *node {
	t.Helper()
	o := Options{Name: name, Capacity: 3, Rooms: 2, Grace: grace, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if change != nil {
		change(&o)
	}
	n := &node{Bus: exchange.Join()}
	r, err := New(o, n)
	if err != nil {
		t.Fatal(err)
	}
	n.Rooms = r
	t.Cleanup(func() {
		r.Shutdown()
		n.Bus.Close()
	})
	return n
}

// fail ends a server without goodbye.
func (n *node) fail() { n.cut.Store(true) }

// join joins with the next attempt.
func (p *page) join(n *node, room, name string) error {
	p.t.Helper()
	p.attempt++
	seat, err := n.Join(room, wire.Join{Key: p.key, Name: name, Session: p.session, Attempt: p.attempt}, "", p)
	if err == nil {
		p.seat = seat
	}
	return err
}

// enter joins, which must succeed.
func (p *page) enter(n *node, room, name string) {
	p.t.Helper()
	if err := p.join(n, room, name); err != nil {
		p.t.Fatal(err)
	}
}

func wantRefused(t *testing.T, err error, code websocket.StatusCode) {
	t.Helper()
	if websocket.CloseStatus(err) != code {
		t.Errorf("refused with %v; want %d", err, code)
	}
}

func wantCount(t *testing.T, why string, n *node, rooms, members int) {
	t.Helper()
	synctest.Wait()
	if r, m := n.Count(); r != rooms || m != members {
		t.Errorf("%s: %d rooms with %d members; want %d with %d", why, r, m, rooms, members)
	}
}

// wantWelcome wants one that names these, in whatever order.
func (p *page) wantWelcome(peers ...string) {
	p.t.Helper()
	synctest.Wait()
	heard := p.take()
	if len(heard) != 1 {
		p.t.Fatalf("heard %q", heard)
	}
	got := strings.Fields(heard[0])[1:]
	slices.Sort(got)
	slices.Sort(peers)
	if !slices.Equal(got, peers) {
		p.t.Errorf("welcomed by %q; want %q", got, peers)
	}
}
