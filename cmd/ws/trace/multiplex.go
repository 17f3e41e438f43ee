package trace

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http2"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/internal/h2"
)

// multiplex is an HTTP/2 connection: an exchange that consists of streams, each of which may be a
// WebSocket (RFC 8441). Sides are numbered like those of the connection.
type multiplex struct {
	t      *tracker
	c      *connection
	x      *exchange // what the connection goes over
	halves [2]half   // by side

	streams map[uint32]*stream
	order   []uint32  // the streams by age; some are gone
	newest  uint32    // the highest number of a stream
	late    []*stream // those that are over, oldest first: frames of the other side may be under way
	guessed bool      // which side is the client
	// announced is the packet in which the server first said ENABLE_CONNECT_PROTOCOL; 0: none.
	announced int
	weighs    int // memory of the streams, in bytes
}

// maxStreams is how many streams are followed at a time. Servers allow some hundred.
const maxStreams = 4096

// maxLate is how many streams stay known after their end.
const maxLate = 64

func (t *tracker) newMultiplex(c *connection, x *exchange) *multiplex {
	m := &multiplex{t: t, c: c, x: x, streams: make(map[uint32]*stream)}
	for side := range m.halves {
		h := &m.halves[side]
		h.m, h.side, h.settings = m, side, h2.InitialSettings()
		h.reader.To = h
	}
	c.conv.HTTP2 = &HTTP2Conn{}
	return m
}

// enterHTTP2 begins HTTP/2 where it begins: the next of the client is the preface, and the next
// of the server SETTINGS.
func (x *exchange) enterHTTP2() { x.upgradeHTTP2("") }

// upgradeHTTP2 is enterHTTP2 after a request of HTTP/1.1, which becomes stream 1 (RFC 7540 §3.2).
func (x *exchange) upgradeHTTP2(request string) {
	if x.multiplex == nil { // inside a stream of HTTP/2
		x.ignore()
		return
	}
	x.conv.Kind = HTTP2
	x.mux = x.multiplex(x)
	x.mux.halves[x.client].state = beforePreface
	if request != "" {
		x.mux.newStream(1, x.conv.Last).asked = request + ", by an Upgrade"
		x.conv.HTTP2.Requests++
	}
	x.enter(inHTTP2)
}

// joinHTTP2 begins HTTP/2 somewhere, if it can be proven in one direction. It reports whether it
// could.
func (x *exchange) joinHTTP2() bool {
	if x.multiplex == nil {
		return false
	}
	role, proven := http2.Either, false
	asks := 0 // the side that asks
	for side := range x.back {
		b := &x.back[side]
		at, ok := http2.Find(b.data, b.segments(), http2.ProofAlone)
		if !ok {
			continue
		}
		proven = true
		if r := http2.RoleOf(b.data[at:]); r != http2.Either && role == http2.Either {
			role, asks = r, side
			if r == http2.Responses {
				asks = 1 - side
			}
		}
	}
	if !proven {
		return false
	}
	x.conv.Kind = HTTP2
	x.mux = x.multiplex(x)
	if x.client < 0 {
		if role == http2.Either {
			x.mux.guessed, asks = true, x.mux.c.likelyClient()
		}
		x.settle(asks)
	}
	x.mux.join()
	x.enter(inHTTP2)
	return true
}

// join has both directions search for a frame.
func (m *multiplex) join() {
	for side := range m.halves {
		m.halves[side].lose(m.x.conv.First)
	}
}

// feed processes the next bytes of a side.
func (m *multiplex) feed(side int, c reassembly.Chunk) {
	h := &m.halves[side]
	switch {
	case h.state == searching:
		h.search(c)
	case c.Lost > 0:
		h.lost(c)
	case h.state == beforePreface:
		h.preface(c)
	case h.state == reading:
		h.reader.Feed(c)
	}
}

// partial reports whether heads or beginnings of streams may be unknown.
func (m *multiplex) partial() bool { return m.halves[0].gap || m.halves[1].gap }

func (m *multiplex) weight() int {
	n := 4096 + m.weighs + 4*cap(m.order)
	for i := range m.halves {
		n += m.halves[i].reader.Weight() + m.halves[i].fields.Weight()
	}
	return n
}

// weigh keeps the weight of a stream up to date.
func (m *multiplex) weigh(s *stream) {
	n := s.weight()
	m.weighs += n - s.weighs
	s.weighs = n
}

// stop records that TLS is not decrypted any further in direction d.
func (m *multiplex) stop(d Dir, why string, at Mark) {
	for _, s := range m.all() {
		if s.x != nil && !s.over() {
			s.x.stop(d, why, at)
		}
	}
}

// all returns the streams by number.
func (m *multiplex) all() []*stream {
	list := make([]*stream, 0, len(m.streams))
	for _, id := range slices.Sorted(maps.Keys(m.streams)) {
		list = append(list, m.streams[id])
	}
	return list
}

// makeRoom gives up the oldest stream if there are too many.
func (m *multiplex) makeRoom() {
	if len(m.order) > 2*maxStreams {
		m.order = slices.DeleteFunc(m.order, func(id uint32) bool { return m.streams[id] == nil })
	}
	for len(m.streams) >= maxStreams {
		s := m.streams[m.order[0]]
		if m.order = m.order[1:]; s == nil {
			continue
		}
		if s.x != nil && !s.over() {
			s.conv.GivenUp = true
			s.record(Event{Note: &Note{Mark: s.conv.Last, Text: "given up here: too many streams at a time to follow them all"}})
		}
		m.remove(s)
	}
}

// settleLate removes the oldest of the streams that are over.
func (m *multiplex) settleLate() {
	for len(m.late) > maxLate {
		m.remove(m.late[0])
		m.late = m.late[1:]
	}
}

// remove ends a stream and stores its conversation.
func (m *multiplex) remove(s *stream) {
	if m.streams[s.id] != s {
		return // it was given up
	}
	delete(m.streams, s.id)
	m.weighs -= s.weighs
	if s.x == nil {
		if s.asked != "" {
			m.note(FromClient, s.conv.Last, s.line("not answered in the capture"))
		}
		return
	}
	m.t.keepStream(m, s)
}

// end is called at the end of the connection or of the capture.
func (m *multiplex) end() {
	for side := range m.halves {
		m.halves[side].end()
	}
	for _, s := range m.all() {
		s.inherit(&m.c.conv)
		m.remove(s)
	}
}

func (m *multiplex) note(d Dir, at Mark, text string) { m.x.note(d, at, text) }

// broken reports a broken rule of HTTP/2.
func (m *multiplex) broken(d Dir, at Mark, v *h2.Violation) {
	m.x.conv.Broken++
	m.x.log(Event{Note: &Note{Mark: at, Dir: d, Text: v.Reason, Violation: &Violation{By: d, RFC: v.Rule(), Reason: v.Reason}}})
}

// segments returns where in the backlog segments begin.
func (b *backlog) segments() (starts []int) {
	for _, o := range b.marks {
		if i := int(o.at - b.offset); o.start && i >= 0 && i < len(b.data) {
			starts = append(starts, i)
		}
	}
	return starts
}

// line is a line about a stream of the connection.
func (s *stream) line(what string) string {
	return fmt.Sprintf("stream %d: %s: %s", s.id, s.asked, what)
}
