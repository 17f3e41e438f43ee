//go:build linux

package soak

import (
	"fmt"
	"sync"
)

// stream is one direction of a link: what was sent at the one end beside what came at
// the other. Each writer has a lane of it, in which order counts.
type stream struct {
	link *link
	from side

	mu    sync.Mutex
	lanes []lane
	since int // messages that came since they were last acknowledged
}

// lane is what one writer has sent. Numbers count messages from zero, so that they say
// which comes next.
type lane struct {
	tried    uint32 // given to a call that may have sent it
	sent     uint32 // by a call that returned nil
	received uint32
	acked    uint32 // as the other end says

	marksSent, marksReceived byte // since the last message

	early map[uint32]bool // received before their turn, where two read at once
	wake  chan struct{}   // a token: acked has changed
}

func newStream(l *link, from side, lanes int) *stream {
	s := &stream{link: l, from: from, lanes: make([]lane, lanes)}
	for i := range s.lanes {
		s.lanes[i].wake = make(chan struct{}, 1)
	}
	return s
}

// next is the header of what lane i sends next.
func (s *stream) next(i int, kind byte) header {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &s.lanes[i]
	n.tried = max(n.tried, n.sent+1)
	return header{kind: kind, lane: byte(i), marks: n.marksSent, seq: n.sent, link: s.link.id}
}

// isSent notes that what next was for is sent.
func (s *stream) isSent(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes[i].sent++
	s.lanes[i].marksSent = 0
}

// markSent notes that a mark is sent.
func (s *stream) markSent(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes[i].marksSent++
}

// trySame and isSentSame are next and isSent for what is sent back as it came.
func (s *stream) trySame(h header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes[h.lane].tried = max(s.lanes[h.lane].tried, h.seq+1)
}

func (s *stream) isSentSame(h header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes[h.lane].sent = h.seq + 1
	s.lanes[h.lane].marksSent = 0
}

// waiting is how many messages of lane i are not acknowledged, and how many marks it
// has sent since the last.
func (s *stream) waiting(i int) (messages int, marks byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(int32(s.lanes[i].sent - s.lanes[i].acked)), s.lanes[i].marksSent
}

// receive takes what came. It returns what an acknowledgement says.
func (s *stream) receive(p []byte) (h header, counts []uint32, err error) {
	if len(p) < headerSize {
		return h, nil, s.receiveMark(p)
	}
	h, rest, err := parseMessage(p)
	if err != nil {
		return h, nil, err
	}
	if h.kind == kindAck {
		counts, err = parseCounts(rest)
	}
	if err == nil {
		err = s.place(h)
	}
	return h, counts, err
}

func (s *stream) receiveMark(p []byte) error {
	i := laneOfMark(p)
	if i < 0 || i >= len(s.lanes) {
		return fmt.Errorf("a mark %q of no lane", p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes[i].marksReceived++
	return nil
}

func laneOfMark(p []byte) int {
	if len(p) == 0 {
		return 0
	}
	return int(p[0]) - '0'
}

// place finds the place of a message in its lane.
func (s *stream) place(h header) error {
	if h.link != s.link.id || int(h.lane) >= len(s.lanes) {
		return fmt.Errorf("a message of link %d, lane %d", h.link, h.lane)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &s.lanes[h.lane]
	switch {
	case h.seq >= n.tried:
		return fmt.Errorf("lane %d: message %d was never sent", h.lane, h.seq)
	case h.seq < n.received || n.early[h.seq]:
		return fmt.Errorf("lane %d: message %d came twice", h.lane, h.seq)
	case h.seq > n.received && !s.link.unordered:
		return fmt.Errorf("lane %d: message %d came where %d was due", h.lane, h.seq, n.received)
	case h.seq > n.received:
		if n.early == nil {
			n.early = make(map[uint32]bool)
		}
		n.early[h.seq] = true
	default:
		for n.received++; n.early[n.received]; n.received++ {
			delete(n.early, n.received)
		}
	}
	if h.marks != n.marksReceived {
		return fmt.Errorf("lane %d: %d marks before message %d, of %d", h.lane, n.marksReceived, h.seq, h.marks)
	}
	n.marksReceived = 0
	s.since++
	return nil
}

// receivedOf is how many messages of lane i have come.
func (s *stream) receivedOf(i int) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lanes[i].received
}

// toAcknowledge returns what has come, if it is more than a little.
func (s *stream) toAcknowledge(least int) []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since < least {
		return nil
	}
	s.since = 0
	counts := make([]uint32, len(s.lanes))
	for i := range s.lanes {
		counts[i] = s.lanes[i].received
	}
	return counts
}

// acknowledged takes what the other end says has come.
func (s *stream) acknowledged(counts []uint32) error {
	if len(counts) != len(s.lanes) {
		return fmt.Errorf("%d lanes acknowledged of %d", len(counts), len(s.lanes))
	}
	for i, n := range counts {
		if err := s.acknowledge(i, n); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) acknowledge(i int, count uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &s.lanes[i]
	if count > n.received {
		return fmt.Errorf("lane %d: %d messages acknowledged of %d that came", i, count, n.received)
	}
	n.acked = max(n.acked, count)
	select {
	case n.wake <- struct{}{}:
	default:
	}
	return nil
}

// missing tells of what was sent and has not come; empty if nothing is.
func (s *stream) missing() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.lanes {
		n := &s.lanes[i]
		if n.received < n.sent {
			return fmt.Sprintf("%d of %d messages of the %v's lane %d have come", n.received, n.sent, s.from, i)
		}
		if n.marksReceived < n.marksSent {
			return fmt.Sprintf("%d of the last %d marks of the %v's lane %d have come", n.marksReceived, n.marksSent, s.from, i)
		}
	}
	return ""
}

// answers reports whether all that was sent on the other stream has come back on this.
func (s *stream) answers(other *stream) bool {
	for i := range s.lanes {
		other.mu.Lock()
		sent, marks := other.lanes[i].sent, other.lanes[i].marksSent
		other.mu.Unlock()
		s.mu.Lock()
		all := s.lanes[i].received == sent && s.lanes[i].marksReceived == marks
		s.mu.Unlock()
		if !all {
			return false
		}
	}
	return true
}

// gap tells of what is missing before what has come; empty if nothing is.
func (s *stream) gap() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.lanes {
		if n := &s.lanes[i]; len(n.early) > 0 {
			return fmt.Sprintf("message %d of the %v's lane %d has not come, and %d after it have", n.received, s.from, i, len(n.early))
		}
	}
	return ""
}
