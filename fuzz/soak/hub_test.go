//go:build linux

package soak

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
)

// hubs is how many there are, one for each policy.
const hubs = 3

// station is a Hub that something is always broadcast to.
type station struct {
	hub     hub.Hub
	index   int
	casting sync.Mutex // held during a broadcast

	mu   sync.Mutex
	of   map[*websocket.Conn]*link
	seqs map[*websocket.PreparedMessage]uint32 // of the last that were broadcast
	seq  uint32
}

func newStation(index int) *station {
	s := &station{index: index, of: make(map[*websocket.Conn]*link), seqs: make(map[*websocket.PreparedMessage]uint32)}
	s.hub.Queue = 8
	s.hub.Slow = hub.SlowPolicy(index)
	s.hub.OnSlow = s.onSlow
	return s
}

// onSlow notes which message a link will not get.
func (s *station) onSlow(c *websocket.Conn, m *websocket.PreparedMessage) {
	s.mu.Lock()
	l, seq := s.of[c], s.seqs[m]
	s.mu.Unlock()
	if l != nil {
		l.air.drop(seq)
	}
}

// broadcast goes on until ctx ends.
func (s *station) broadcast(ctx context.Context, seed uint64) {
	r := randomFor(seed, uint32(s.index), 99)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	var sent []*websocket.PreparedMessage
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n := headerSize + r.IntN(512)
		if r.IntN(20) == 0 {
			n = r.IntN(60 << 10)
		}
		s.mu.Lock()
		p := appendMessage(nil, header{kind: kindData, lane: byte(s.index), seq: s.seq}, n)
		m := websocket.Prepare(websocket.MessageText, p)
		s.seqs[m] = s.seq
		s.seq++
		if sent = append(sent, m); len(sent) > 64 { // no queue is as long
			delete(s.seqs, sent[0])
			sent = sent[1:]
		}
		s.mu.Unlock()
		s.casting.Lock()
		_ = s.hub.Broadcast(m)
		s.casting.Unlock()
	}
}

// serve is the server end of a member.
func (s *station) serve(e *end, c *websocket.Conn) {
	s.mu.Lock()
	s.of[c] = e.link
	s.mu.Unlock()
	s.hub.Add(c)
	e.serve(c)
	s.casting.Lock() // a broadcast tells at its end what it has dropped
	defer s.casting.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, c)
}

// broadcasts are what a client has received of a hub, and what it will not.
type broadcasts struct {
	mu      sync.Mutex
	begun   bool
	last    uint32
	missed  map[uint32]bool
	dropped map[uint32]bool // of which the hub has told
}

func (b *broadcasts) receive(p []byte, hub int) error {
	if len(p) < headerSize {
		return fmt.Errorf("%d bytes that were not broadcast", len(p))
	}
	h, _, err := parseMessage(p)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case int(h.lane) != hub:
		return fmt.Errorf("a message of hub %d, not %d", h.lane, hub)
	case b.begun && h.seq <= b.last:
		return fmt.Errorf("broadcast %d after %d", h.seq, b.last)
	case b.dropped[h.seq]:
		return fmt.Errorf("broadcast %d, which was dropped", h.seq)
	}
	for n := b.last + 1; b.begun && n < h.seq; n++ {
		if b.missed == nil {
			b.missed = make(map[uint32]bool)
		}
		b.missed[n] = true
	}
	b.begun, b.last = true, h.seq
	return nil
}

func (b *broadcasts) drop(seq uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dropped == nil {
		b.dropped = make(map[uint32]bool)
	}
	b.dropped[seq] = true
}

// unexplained tells of a gap of which the hub has said nothing; empty if there is none.
func (b *broadcasts) unexplained() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for seq := range b.missed {
		if !b.dropped[seq] {
			return fmt.Sprintf("broadcast %d has not come, and the hub dropped %d others", seq, len(b.dropped))
		}
	}
	return ""
}
