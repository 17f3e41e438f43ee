package trace

import (
	"github.com/hawser-ws/websocket/cmd/ws/trace/http1"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/conn"
)

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
	if b.empty() { // common for long bodies: no copy
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
	if x.mode == inHTTP && (len(b.data) > maxBacklog || len(x.pending) > maxPending) {
		x.notHTTP()
	}
}

// head converts a head for the results.
func (x *exchange) head(side int, h *http1.Head, n int) *Head {
	b := &x.back[side]
	return &Head{Mark: b.mark(0), Head: *h, LastPacket: b.mark(n - 1).Packet}
}

// request reads the next request. It reports whether it was complete.
func (x *exchange) request() bool {
	b := &x.back[x.client]
	if n := x.bodies[x.client].Skip(b.data); n > 0 {
		b.drop(n)
	}
	if b.empty() || x.upgrade {
		return false
	}
	h, n, err := http1.ParseRequest(b.data)
	if err != nil {
		x.notHTTP()
		return false
	}
	if n == 0 {
		return false
	}
	ask := asking{method: h.Method, upgrade: h.Has("Upgrade", "websocket")}
	if h.Has("Upgrade", "h2c") {
		ask.h2c = h.Method + " " + h.Target[:min(len(h.Target), maxAsked)]
	}
	if ask.upgrade {
		x.conv.Request, x.conv.Response = x.head(x.client, h, n), nil
		x.conv.Violations = judgeRequest(b.data[:n])
		x.conv.Kind = Refused
		x.upgrade = true
	}
	x.pending = append(x.pending, ask)
	x.bodies[x.client] = h.RequestBody()
	b.drop(n)
	return true
}

func isUpgraded(h *http1.Head) bool { return h.Status == 101 && h.Has("Upgrade", "websocket") }

// openBlind opens the conversation if a 101 was received and its request can no longer come.
// Then it is unknown where the client's frames begin.
func (x *exchange) openBlind() bool {
	side := 1 - x.client
	b := &x.back[side]
	if b.empty() {
		return false
	}
	h, n, err := http1.ParseResponse(b.data)
	if err != nil || n == 0 || !isUpgraded(h) {
		return false
	}
	head := x.head(side, h, n)
	b.drop(n)
	x.conv.Request, x.conv.Violations = nil, nil
	x.open(head)
	return true
}

// notHTTP is called for bytes that are not HTTP where HTTP should continue.
func (x *exchange) notHTTP() {
	if x.openBlind() {
		return
	}
	if x.conv.Kind == Refused {
		x.log(Event{Note: &Note{Mark: x.conv.Last, Text: "what follows is not HTTP"}})
	}
	x.ignore()
}

// response reads the next response. It reports whether it was complete.
func (x *exchange) response() bool {
	side := 1 - x.client
	b := &x.back[side]
	if n := x.bodies[side].Skip(b.data); n > 0 {
		b.drop(n)
	}
	if b.empty() {
		return false
	}
	h, n, err := http1.ParseResponse(b.data)
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
			return false // packets are out of order: the request is still to come
		}
		head := x.head(side, h, n)
		b.drop(n)
		x.open(head)
		return true
	case h.Status == 101 && h.Has("Upgrade", "h2c"): // RFC 7540 §3.2
		b.drop(n)
		x.upgradeHTTP2(ask.h2c)
		return false
	case h.Status < 200: // RFC 9110 §15.2: the final response follows
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

// open switches from HTTP to frames after a 101.
func (x *exchange) open(response *Head) {
	var request *http1.Head
	if x.conv.Request != nil {
		request = &x.conv.Request.Head
	}
	a := agree(request, &response.Head)
	x.begun(response, &a)
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

// begun records the result of an opening handshake.
func (x *exchange) begun(response *Head, a *agreement) {
	x.conv.Kind, x.conv.Response = WebSocket, response
	x.conv.Agreed = &a.Agreed
	x.conv.Violations = append(x.conv.Violations, a.violations...)
	for _, text := range a.notes {
		x.log(Event{Note: &Note{Mark: response.Mark, Dir: FromServer, Text: text}})
	}
	x.frames = frames{terms: a.deflate, engines: x.frames.engines}
}

// receive begins to take a direction apart.
func (x *exchange) receive(d Dir, terms *conn.Terms) *receiver {
	r := newReceiver(d, terms, x.frames.engines, x.emit)
	x.frames.receivers[d] = r
	return r
}
