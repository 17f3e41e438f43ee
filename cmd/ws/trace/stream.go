package trace

import (
	"fmt"
	"slices"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http2"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/cmd/ws/trace/spool"
)

// stream is a stream of an HTTP/2 connection.
//
// If its request asks for a WebSocket, it has an exchange, as a connection has one. If the
// request is another one, only that is noted. If the request is not known, it has an exchange
// that searches for frames, as in a connection whose beginning is not in the capture.
type stream struct {
	id     uint32
	m      *multiplex
	conv   Conversation
	events *spool.Log // nil: none yet
	x      *exchange  // nil: another request

	asked  string     // the other request, in words; "" once it was answered
	early  *fieldList // a response that is in the capture before its request
	at     [2]int64   // bytes of DATA, by side
	packet int        // the last one that was seen
	weighs int
}

func (m *multiplex) newStream(id uint32, at Mark) *stream {
	s := &stream{id: id, m: m}
	s.conv.Stream, s.conv.HTTP2Stream = m.c.conv.Stream, id
	s.conv.First = at
	m.makeRoom()
	m.streams[id] = s
	m.order = append(m.order, id)
	m.newest = max(m.newest, id)
	s.seen(at)
	return s
}

// seen records that a packet has something of the stream.
func (s *stream) seen(at Mark) {
	if at.Packet != s.packet {
		s.conv.Packets++
	}
	s.packet = at.Packet
	if at.Packet < s.conv.First.Packet {
		s.conv.First = at
	}
	if at.Packet > s.conv.Last.Packet {
		s.conv.Last = at
	}
}

func (s *stream) weight() int {
	n := 1024 + s.conv.Request.weight() + s.conv.Response.weight()
	if s.early != nil {
		n += s.early.weight()
	}
	if s.x != nil {
		n += s.x.weight()
	}
	return n
}

// converse gives the stream an exchange.
func (s *stream) converse(as mode) {
	s.x = &exchange{client: s.m.x.client, conv: &s.conv, log: s.record, mode: as, stopped: s.m.x.stopped}
	if s.m.guessed && as == amid {
		s.x.client = -1
	}
	s.x.frames = frames{unknown: true, engines: &s.m.t.engines}
}

func (s *stream) record(e Event) {
	if s.events == nil {
		s.events = s.m.t.store.NewLog()
	}
	s.m.t.record(s.events, Announced{Stream: s.conv.Stream, HTTP2Stream: s.id}, e)
}

// streamOf returns the stream of a DATA frame; nil if nobody needs it. Where the request may be
// missing, whatever comes may be a WebSocket. A hole in the other direction is known only later,
// so DATA on a stream that is newer than all others is kept as well.
func (m *multiplex) streamOf(f *http2.Frame) *stream {
	s := m.streams[f.Stream]
	if s == nil && f.Stream != 0 && (m.partial() || f.Stream > m.newest) {
		s = m.newStream(f.Stream, markOf(f))
		s.converse(amid)
	}
	return s
}

// other records a request that is not for a WebSocket.
func (m *multiplex) other(id uint32, l *fieldList) *stream {
	s := m.streams[id]
	if s == nil {
		s = m.newStream(id, l.Mark)
	}
	s.x, s.asked = nil, l.asks()
	m.c.conv.HTTP2.Requests++
	m.weigh(s)
	return s
}

// data takes DATA of a side.
func (s *stream) data(side int, c reassembly.Chunk) {
	s.seen(Mark{c.Packet, c.Time})
	if s.x == nil {
		return
	}
	c.Offset = s.at[side]
	n := int64(len(c.Data)) + c.Lost
	s.at[side] += n
	counts := &s.x.unread(side).Counts
	if c.Start {
		counts.Segments++
	}
	counts.Delivered += int64(len(c.Data))
	counts.Lost += c.Lost
	s.x.feed(side, c)
}

// tear is called where an unknown number of bytes is missing.
func (s *stream) tear(side int, at Mark) {
	if s.x != nil && !s.conv.has(Dir(side)) {
		s.x.tear(side, at)
	}
}

// over reports whether nothing more is to come.
func (s *stream) over() bool { return s.conv.Ended(0) && s.conv.Ended(1) }

// ended records the end of a direction of a stream, or of both.
func (m *multiplex) ended(id uint32, e End) {
	s := m.streams[id]
	if s == nil {
		return
	}
	over := s.over()
	s.seen(e.Mark)
	if !slices.ContainsFunc(s.conv.Ends, func(o End) bool { return o.By == e.By && o.What == e.What }) {
		s.conv.Ends = append(s.conv.Ends, e)
	}
	if e.What == ResetStream && s.asked != "" {
		m.note(m.x.dir(int(e.By)), e.Mark, s.line(fmt.Sprintf("RST_STREAM %s", e.Code)))
		s.asked = ""
	}
	m.weigh(s)
	if s.over() && !over {
		m.late = append(m.late, s)
		m.settleLate()
	}
}

// inherit gives the stream the end of the connection, if it has none of its own.
func (s *stream) inherit(c *Conversation) {
	if s.over() {
		return
	}
	s.conv.GivenUp = s.conv.GivenUp || c.GivenUp
	for _, e := range c.Ends {
		if !s.conv.has(e.By) {
			s.conv.Ends = append(s.conv.Ends, e)
		}
	}
}

// has reports whether d was ended by its own sender.
func (c *Conversation) has(d Dir) bool {
	return slices.ContainsFunc(c.Ends, func(e End) bool { return e.By == d })
}

// unknown says what is known of a stream that is not known to be a WebSocket.
func (s *stream) unknown() string {
	if s.conv.Request == nil {
		return fmt.Sprintf("stream %d: its request is not known, and no WebSocket can be proven in it", s.id)
	}
	answer := ""
	if s.conv.Response != nil {
		answer = ": " + s.conv.Response.Line
	}
	return fmt.Sprintf("stream %d: %.*s%s: not all of the request is known, and no WebSocket can be proven in it", s.id, maxAsked, s.conv.Request.Line, answer)
}
