package trace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http1"
	"github.com/hawser-ws/websocket/cmd/ws/trace/http2"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/h2"
)

// block is a field block: HEADERS or PUSH_PROMISE, and CONTINUATION.
type block struct {
	stream   uint32 // 0: none
	promised uint32 // by PUSH_PROMISE
	flags    h2.Flags
	parts    int // frames
	Mark
}

// maxParts is how many frames a block may have. A part that ends inside a string has that decoded
// again with the next.
const maxParts = 256

// fieldList is a field list that a field block has turned out to be.
type fieldList struct {
	block
	last   int // packet
	fields []h2.Field
	// known is set if nothing of it is missing. Otherwise nobody is blamed for it.
	known bool
}

// weight is the memory that the list uses, in bytes.
func (l *fieldList) weight() int {
	n := 256
	for _, f := range l.fields {
		n += 64 + len(f.Name) + len(f.Value)
	}
	return n
}

// get returns the value of the first field with this name.
func (l *fieldList) get(name string) string {
	for _, f := range l.fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// socket reports whether a request asks for a WebSocket (RFC 8441 §5). If not all is known, a
// field that nothing else has is enough.
func (l *fieldList) socket() bool {
	if protocol := l.get(":protocol"); protocol != "" {
		return protocol == handshake.ConnectProtocol
	}
	return !l.known && slices.ContainsFunc(l.fields, func(f h2.Field) bool { return strings.HasPrefix(f.Name, "sec-websocket-") })
}

// head converts the list for the results. The line is that of HTTP/1.1, as far as there is one.
func (l *fieldList) head() *Head {
	h := &Head{Mark: l.Mark, LastPacket: l.last}
	h.Proto = protoHTTP2
	for _, f := range l.fields {
		h.Fields = append(h.Fields, http1.Field{Name: f.Name, Value: f.Value})
	}
	if status := l.get(":status"); status != "" {
		h.Status, _ = strconv.Atoi(status)
		h.Line = protoHTTP2 + " " + status
		return h
	}
	h.Method, h.Target = l.word(":method"), l.word(":path")
	h.Line = h.Method + " " + h.Target + " " + protoHTTP2
	return h
}

const protoHTTP2 = "HTTP/2"

// word returns a pseudo-field for a line.
func (l *fieldList) word(name string) string {
	if v := l.get(name); v != "" {
		return v
	}
	return http2.Unknown
}

// asks says in a few words what a request is.
func (l *fieldList) asks() string {
	words := []string{l.word(":method")}
	if protocol := l.get(":protocol"); protocol != "" {
		words = append(words, protocol)
	}
	target := l.get(":path")
	if target == "" {
		target = l.word(":authority") // of a tunnel
	}
	s := strings.Join(append(words, target), " ")
	return s[:min(len(s), maxAsked)]
}

// maxAsked is how much of another request is kept, in bytes.
const maxAsked = 256

// fragment takes a frame with a part of a field block.
func (h *half) fragment(f *http2.Frame) {
	first := f.Type != h2.TypeContinuation
	if first {
		h.block = block{stream: f.Stream, flags: f.Flags, Mark: markOf(f)}
	}
	if h.block.stream == 0 { // its beginning is not in the capture
		h.loseFields(markOf(f))
		return
	}
	h.block.parts++
	part, ok := h.part(f)
	if !ok {
		b := h.block
		h.loseFields(markOf(f))
		h.onList(&fieldList{block: b, last: f.LastPacket})
		return
	}
	h.fields.Add(part)
	if !f.Flags.Has(h2.FlagEndHeaders) {
		return
	}
	b := h.block
	h.block = block{}
	list, whole, err := h.fields.End()
	if err != nil {
		h.fault(b.Mark, connectionFault("4.3", "%v", err))
		h.loseFields(b.Mark)
	}
	h.onList(&fieldList{b, f.LastPacket, list, whole && err == nil && http2.Known(list)})
}

// part returns what a frame has of a field block.
func (h *half) part(f *http2.Frame) (part []byte, ok bool) {
	switch {
	case f.Missing || h.block.parts > maxParts:
		return nil, false
	case f.Type == h2.TypeContinuation:
		return f.Payload, true
	}
	flags := f.Flags
	if f.Type == h2.TypePushPromise { // it has no priority (RFC 9113 §6.6)
		flags &^= h2.FlagPriority
	}
	part, err := h2.FrameHeader{Type: f.Type, Flags: flags, Stream: f.Stream}.Fragment(f.Payload)
	if err != nil {
		h.fault(markOf(f), &err.Violation)
		return nil, false
	}
	if f.Type == h2.TypePushPromise {
		if len(part) < 4 {
			return nil, false
		}
		h.block.promised = uint32(part[0]&0x7f)<<24 | uint32(part[1])<<16 | uint32(part[2])<<8 | uint32(part[3])
		part = part[4:]
	}
	return part, true
}

// onList processes a whole field list.
func (h *half) onList(l *fieldList) {
	if h.state == givenUp {
		return
	}
	switch {
	case l.promised != 0:
		s := h.m.other(l.promised, l)
		h.note(l.Mark, "stream %d: PUSH_PROMISE of stream %d, %s", l.stream, s.id, s.asked)
		return
	case h.asks(l):
		h.m.request(l)
	default:
		h.m.response(l)
	}
	if l.flags.Has(h2.FlagEndStream) {
		h.m.ended(l.stream, End{By: Dir(h.side), What: EndStream, Mark: l.Mark})
	}
}

// asks reports whether a list is that of a request.
func (h *half) asks(l *fieldList) bool {
	if h.m.guessed && l.get(":status") != "" {
		return false
	}
	return h.m.guessed && l.get(":method") != "" || h.dir() == FromClient
}

// judgeConnect returns what our server would refuse in a request, or in its stream.
func judgeConnect(l *fieldList) []Violation {
	head, v := h2.ParseRequest(l.fields)
	if v != nil {
		return []Violation{{By: FromClient, RFC: v.Rule(), Reason: v.Reason}}
	}
	r := handshake.Request{
		Method: head.Method, Target: head.Path, Host: head.Authority, ProtoMajor: 2,
		Scheme: head.Scheme, EndStream: l.flags.Has(h2.FlagEndStream),
	}
	r.Collect(head)
	p := handshake.Policy{AnyOrigin: true, Deflate: &handshake.Deflate{}}
	if _, refusal := p.Accept(&r); refusal != nil {
		return []Violation{{By: FromClient, RFC: document(refusal.Section), Reason: refusal.Reason}}
	}
	return nil
}

// judgeAnnounced says whether a client was allowed to send extended CONNECT (RFC 8441 §3). It is
// asked at the end: if the SYN is not in the capture, the directions are not read in the order of
// their packets.
func (m *multiplex) judgeAnnounced(request *Head) []Violation {
	server := &m.halves[m.x.side(FromServer)]
	switch {
	case !request.known() || request.Proto != protoHTTP2:
		return nil
	case server.gap || server.heard == 0 || m.announced > 0 && m.announced < request.Packet:
		return nil
	}
	return []Violation{{
		By: FromClient, RFC: "RFC 8441 §3",
		Reason: "extended CONNECT before the server has sent ENABLE_CONNECT_PROTOCOL with the value 1",
	}}
}

// judgeResponse returns what makes a response malformed.
func judgeResponse(l *fieldList) []Violation {
	if _, v := h2.ParseResponse(l.fields); v != nil {
		return []Violation{{By: FromServer, RFC: v.Rule(), Reason: v.Reason}}
	}
	return nil
}

// second reports a head on a stream that is a WebSocket already (RFC 9113 §8.5).
func (m *multiplex) second(s *stream, d Dir, l *fieldList) {
	reason := fmt.Sprintf("HEADERS with %d fields on a stream that is connected", len(l.fields))
	s.conv.Broken++
	s.x.log(Event{Note: &Note{Mark: l.Mark, Dir: d, Text: reason, Violation: &Violation{By: d, RFC: "RFC 9113 §8.5", Reason: reason}}})
}
