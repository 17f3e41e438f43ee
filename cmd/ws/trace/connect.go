package trace

import (
	"fmt"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http1"
)

// The opening handshake over HTTP/2 (RFC 8441 §5): extended CONNECT and its response.

// request processes a field list of the client.
func (m *multiplex) request(l *fieldList) {
	s := m.streams[l.stream]
	if s != nil {
		s.seen(l.Mark)
	}
	switch {
	case s != nil && (s.asked != "" || s.x == nil): // trailers
		return
	case s != nil && s.conv.Request != nil:
		if s.conv.Kind == WebSocket {
			m.second(s, FromClient, l)
		}
		return
	case !l.socket() && !l.known && (l.get(":method") == "" || l.get(":method") == "CONNECT"):
		m.unclear(s, l)
		return
	case !l.socket():
		s = m.other(l.stream, l)
	default:
		s = m.socket(s, l)
	}
	if early := s.early; early != nil {
		s.early = nil
		m.response(early)
	}
}

// unclear records a request of which too little is known to say what it asks for.
func (m *multiplex) unclear(s *stream, l *fieldList) {
	if s == nil {
		s = m.newStream(l.stream, l.Mark)
		s.converse(amid)
	}
	if len(l.fields) > 0 {
		s.conv.Request = l.head()
	}
	s.x.beginning = s.at == [2]int64{}
	m.weigh(s)
}

// socket records a request for a WebSocket. The stream may exist already, if packets are out of
// order.
func (m *multiplex) socket(s *stream, l *fieldList) *stream {
	if s == nil {
		s = m.newStream(l.stream, l.Mark)
		s.converse(awaiting)
	}
	if s.x.mode == amid {
		s.x.mode = awaiting
		if s.x.client < 0 {
			s.x.settle(m.x.client)
		}
	}
	s.conv.Request = l.head()
	if s.x.mode != inFrames { // it may have proved what it is
		s.conv.Kind = Refused
	}
	if l.known {
		s.conv.Violations = judgeConnect(l)
	}
	s.x.upgrade = true
	m.note(FromClient, l.Mark, fmt.Sprintf("stream %d: %s: see stream %s", l.stream, l.asks(), s.conv.Name()))
	m.weigh(s)
	return s
}

// response processes a field list of the server.
func (m *multiplex) response(l *fieldList) {
	s := m.streams[l.stream]
	if s == nil { // the request is missing, or comes later
		s = m.newStream(l.stream, l.Mark)
		s.converse(amid)
	}
	s.seen(l.Mark)
	head := l.head()
	switch {
	case head.Status >= 100 && head.Status < 200 && head.Status != 101: // RFC 9110 §15.2: the final response follows
	case s.x == nil:
		if s.asked != "" {
			m.note(FromServer, l.Mark, s.line(l.word(":status")))
			s.asked = ""
		}
	case s.conv.Request == nil && s.early == nil && s.x.mode == amid:
		s.early = l
	case s.x.mode == awaiting:
		s.x.answered(l)
	case s.conv.Response == nil && s.x.mode == amid:
		s.conv.Response = head
	case s.conv.Kind == WebSocket && s.conv.Response != nil:
		m.second(s, FromServer, l)
	}
	m.weigh(s)
}

// answered opens the conversation if the response is 2xx.
func (x *exchange) answered(l *fieldList) {
	head := l.head()
	x.upgrade = false
	if l.known {
		x.conv.Violations = append(x.conv.Violations, judgeResponse(l)...)
	}
	switch {
	case head.Status == 0 && !l.known: // frames can prove what the status was
		x.beginning = true
		x.enter(amid)
		return
	case head.Status < 200 || head.Status > 299:
		x.conv.Response = head
		x.ignore()
		return
	}
	var request *http1.Head
	if x.conv.Request.known() {
		request = &x.conv.Request.Head
	}
	a := agree(request, &head.Head)
	if !l.known && a.Extensions == "" {
		a.violations, a.deflate[FromClient], a.deflate[FromServer] = nil, lenient(), lenient()
		a.notes = append(a.notes, "not all fields of the response are known: frames are read as if permessage-deflate was agreed on")
	}
	x.begun(head, &a)
	for _, d := range []Dir{FromClient, FromServer} {
		if x.gaps[d] {
			x.frames.need[d] = need{bits: proofAgain, frames: 2}
			continue
		}
		x.conv.Direction(d).Sync = "handshake"
		x.receive(d, a.deflate[d])
	}
	x.enter(inFrames)
}

// tear is called where an unknown number of bytes is missing in a stream of HTTP/2.
func (x *exchange) tear(side int, at Mark) {
	d := x.dir(side)
	switch r := x.frames.receivers[d]; {
	case x.mode == awaiting:
		x.back[side] = backlog{}
	case x.mode == amid:
		if x.prove(); x.mode == inFrames {
			x.tear(side, at)
			return
		}
		x.forgo(side, len(x.back[side].data))
	case x.mode != inFrames || r != nil && r.dead != "":
		return
	case r == nil:
		if x.locate(d) {
			x.tear(side, at)
			return
		}
		x.skip(side, len(x.back[side].data))
		x.frames.need[d].tried = 0
	default:
		x.note(d, at, "octets may be missing in the capture, and with them where the next frame begins")
		r.cut(at)
		x.retire(d)
		x.frames.need[d] = need{bits: proofAgain, frames: 2}
	}
	x.frames.pings = [2]ping{}
	if x.client >= 0 {
		x.gaps[x.dir(side)] = true
	}
}
