package trace

import (
	"bytes"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http1"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/conn"
)

// Bounds on what waits, in octets of one direction.
const (
	maxBacklog  = 1 << 20
	maxUnproven = 16 << 20 // looked at for a frame boundary
	maxPending  = 64       // requests without a response
)

// mode is what an exchange is being read as.
type mode uint8

const (
	detecting mode = iota // the first octets are to come
	inHTTP
	inFrames
	inTLS
	amid     // in the middle of something: see doc.go
	ignoring // nothing of ours
)

// exchange is what goes over a connection, or over the TLS in it: HTTP first, then
// frames. Sides are numbered as those of the connection.
type exchange struct {
	mode   mode
	client int // the side that is the client; -1 while that is not known
	conv   *Conversation
	log    func(Event)
	tls    func(side int, c reassembly.Chunk) // takes it over when it is TLS; nil: it is not expected

	back [2]backlog

	// HTTP.
	bodies  [2]http1.Body
	pending []asking
	upgrade bool // the request that is waiting for its response is an Upgrade

	frames frames
}

// asking is a request whose response is to come.
type asking struct {
	method  string
	upgrade bool
}

func (x *exchange) dir(side int) Dir {
	if side == x.client {
		return FromClient
	}
	return FromServer
}

func (x *exchange) side(d Dir) int {
	if d == FromClient {
		return x.client
	}
	return 1 - x.client
}

func (x *exchange) weight() int {
	n := x.back[0].weight() + x.back[1].weight()
	for _, r := range x.frames.receivers {
		if r != nil {
			n += r.weight()
		}
	}
	return n
}

// feed takes what comes next from a side.
func (x *exchange) feed(side int, c reassembly.Chunk) {
	switch x.mode {
	case detecting:
		x.detect(side, c)
	case inHTTP:
		x.http(side, c)
	case inFrames:
		x.frame(side, c)
	case inTLS:
		x.tls(side, c)
	case amid:
		x.amid(side, c)
	}
}

// detect finds out what the client begins with.
func (x *exchange) detect(side int, c reassembly.Chunk) {
	if c.Lost > 0 {
		x.enterMiddle()
		x.amid(side, c)
		return
	}
	b := &x.back[side]
	b.add(c)
	if side != x.client {
		if len(b.octets) > http1.MaxHead {
			x.ignore()
		}
		return
	}
	p := b.octets
	const preface, proxy = "PRI * HTTP/2.0\r\n", "PROXY "
	switch {
	case bytes.HasPrefix([]byte(preface), p):
		if len(p) < len(preface) {
			return
		}
	case bytes.HasPrefix(p, []byte(preface)):
	case bytes.HasPrefix([]byte(proxy), p) && len(p) < len(proxy):
		return
	case bytes.HasPrefix(p, []byte(proxy)): // a load balancer tells whom it speaks for
		if end := bytes.IndexByte(p, '\n'); end >= 0 && end < 108 {
			rest := *b
			rest.drop(end + 1)
			x.back[side] = rest
			x.enter(inHTTP)
			return
		} else if len(p) < 108 {
			return
		}
		x.ignore()
		return
	case p[0] == 22: // a TLS record with a handshake message
		if len(p) < 3 {
			return
		}
		if p[1] == 3 && x.tls != nil {
			x.enter(inTLS)
			return
		}
		x.ignore()
		return
	case http1.MaybeRequest(p):
		x.enter(inHTTP)
		return
	default:
		x.ignore()
		return
	}
	x.conv.Kind = HTTP2
	x.ignore()
}

// enter changes the mode and gives what has been held to it, in the order in which
// the packets came.
func (x *exchange) enter(m mode) {
	held := x.back
	x.back = [2]backlog{}
	x.mode = m
	for !held[0].empty() || !held[1].empty() {
		side := 0
		if held[0].empty() || !held[1].empty() && held[1].mark(0).Packet < held[0].mark(0).Packet {
			side = 1
		}
		c := held[side].first()
		x.feed(side, c)
		held[side].drop(len(c.Data))
	}
}

// ignore stops looking.
func (x *exchange) ignore() {
	x.mode = ignoring
	x.back = [2]backlog{}
}

// http follows requests and responses up to an Upgrade.
func (x *exchange) http(side int, c reassembly.Chunk) {
	if c.Lost > 0 {
		if x.back[side].empty() && x.bodies[side].Lost(c.Lost) {
			return
		}
		x.enterMiddle()
		x.amid(side, c)
		return
	}
	b := &x.back[side]
	if b.empty() { // the usual case of a long body: no copy
		n := x.bodies[side].Skip(c.Data)
		if c.Data = c.Data[n:]; len(c.Data) == 0 {
			return
		}
		c.Offset += int64(n)
		c.Start = c.Start && n == 0
	}
	b.add(c)
	for x.mode == inHTTP && (x.request() || x.response()) {
	}
	if x.mode == inHTTP && (len(b.octets) > maxBacklog || len(x.pending) > maxPending) {
		x.notHTTP()
	}
}

// head is what both need of a head.
func (x *exchange) head(side int, h *http1.Head, n int) *Head {
	b := &x.back[side]
	return &Head{Mark: b.mark(0), Head: *h, LastPacket: b.mark(n - 1).Packet}
}

// request takes the next request, if it is there.
func (x *exchange) request() bool {
	b := &x.back[x.client]
	if n := x.bodies[x.client].Skip(b.octets); n > 0 {
		b.drop(n)
	}
	if b.empty() || x.upgrade {
		return false
	}
	h, n, err := http1.ParseRequest(b.octets)
	if err != nil {
		x.notHTTP()
		return false
	}
	if n == 0 {
		return false
	}
	ask := asking{h.Method, h.Has("Upgrade", "websocket")}
	if ask.upgrade {
		x.conv.Request, x.conv.Response = x.head(x.client, h, n), nil
		x.conv.Violations = judgeRequest(b.octets[:n])
		x.conv.Kind = Refused
		x.upgrade = true
	}
	x.pending = append(x.pending, ask)
	x.bodies[x.client] = h.RequestBody()
	b.drop(n)
	return true
}

func isUpgraded(h *http1.Head) bool { return h.Status == 101 && h.Has("Upgrade", "websocket") }

// openBlind opens the conversation if a 101 has come, and its request will not. It is
// not known then where the client's frames begin.
func (x *exchange) openBlind() bool {
	side := 1 - x.client
	b := &x.back[side]
	if b.empty() {
		return false
	}
	h, n, err := http1.ParseResponse(b.octets)
	if err != nil || n == 0 || !isUpgraded(h) {
		return false
	}
	head := x.head(side, h, n)
	b.drop(n)
	x.conv.Request, x.conv.Violations = nil, nil
	x.open(head)
	return true
}

// notHTTP is for octets that are no HTTP where HTTP should go on.
func (x *exchange) notHTTP() {
	if x.openBlind() {
		return
	}
	if x.conv.Kind == Refused {
		x.log(Event{Note: &Note{Mark: x.conv.Last, Text: "what follows is not HTTP"}})
	}
	x.ignore()
}

// response takes the next response, if it is there.
func (x *exchange) response() bool {
	side := 1 - x.client
	b := &x.back[side]
	if n := x.bodies[side].Skip(b.octets); n > 0 {
		b.drop(n)
	}
	if b.empty() {
		return false
	}
	h, n, err := http1.ParseResponse(b.octets)
	if err != nil {
		x.notHTTP()
		return false
	}
	if n == 0 {
		return false
	}
	var ask asking
	if len(x.pending) > 0 {
		ask = x.pending[0]
	}
	switch {
	case isUpgraded(h):
		if !ask.upgrade {
			return false // the packets are out of order: the request is to come
		}
		head := x.head(side, h, n)
		b.drop(n)
		x.open(head)
		return true
	case h.Status < 200: // RFC 9110 §15.2: more is to come
		b.drop(n)
		return true
	}
	if ask.upgrade {
		x.conv.Response = x.head(side, h, n)
		x.upgrade = false
	}
	if len(x.pending) > 0 {
		x.pending = x.pending[1:]
	}
	b.drop(n)
	x.bodies[side] = h.ResponseBody(ask.method)
	if ask.method == "CONNECT" && h.Status < 300 { // RFC 9110 §9.3.6: a tunnel
		x.enter(detecting)
	}
	return true
}

// open is the 101 that turns HTTP into frames.
func (x *exchange) open(response *Head) {
	x.conv.Kind, x.conv.Response = WebSocket, response
	var request *http1.Head
	if x.conv.Request != nil {
		request = &x.conv.Request.Head
	}
	a := agree(request, &response.Head)
	x.conv.Agreed = &a.Agreed
	x.conv.Violations = append(x.conv.Violations, a.violations...)
	for _, text := range a.notes {
		x.log(Event{Note: &Note{Mark: response.Mark, Dir: FromServer, Text: text}})
	}
	x.frames = frames{terms: a.deflate, engines: x.frames.engines}
	for _, d := range []Dir{FromClient, FromServer} {
		if d == FromClient && request == nil {
			x.frames.need[d] = need{bits: proofSecond, frames: 1}
			continue
		}
		x.conv.Direction(d).Sync = "handshake"
		x.receive(d, a.deflate[d])
	}
	x.enter(inFrames)
}

// receive begins to take a direction apart.
func (x *exchange) receive(d Dir, terms *conn.Terms) *receiver {
	r := newReceiver(d, terms, x.frames.engines, x.emit)
	x.frames.receivers[d] = r
	return r
}
