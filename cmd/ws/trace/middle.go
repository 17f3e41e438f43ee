package trace

import (
	"bytes"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http1"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/internal/h2"
)

// enterMiddle is called when the protocol of the following bytes is unknown.
func (x *exchange) enterMiddle() {
	x.mode = amid
	x.bodies = [2]http1.Body{}
	x.pending, x.upgrade = nil, false
	x.frames = frames{unknown: true, engines: x.frames.engines}
}

// amid processes bytes of a connection whose beginning is unknown.
func (x *exchange) amid(side int, c reassembly.Chunk) {
	b, n := &x.back[side], &x.frames.need[side]
	if c.Lost > 0 {
		if x.identify(); x.mode != amid {
			x.feed(side, c)
			return
		}
		x.forgo(side, len(b.data))
		return
	}
	if c.Start && x.begins(side, c) {
		return
	}
	b.add(c)
	if len(b.data) < 2*n.tried {
		return
	}
	n.tried = max(4096, len(b.data))
	if x.identify(); x.mode != amid {
		return
	}
	if len(b.data) > maxBacklog {
		x.forgo(side, len(b.data)/2)
		n.tried = len(b.data) / 2
	}
}

// identify tries to find out what the connection carries. Frames of HTTP/2 have more structure
// than those of a WebSocket.
func (x *exchange) identify() {
	if !x.joinHTTP2() {
		x.prove()
	}
}

// forgo drops bytes of a side while it is unknown which side is the client.
func (x *exchange) forgo(side, n int) {
	x.unread(side).Skipped += int64(n)
	x.back[side].drop(n)
	if x.unread(side).Skipped > maxUnproven {
		x.unproven()
	}
}

// unread returns the figures of a side while it is unknown which side is the client.
func (x *exchange) unread(side int) *Direction {
	if x.client >= 0 {
		return x.conv.Direction(x.dir(side))
	}
	return x.conv.Direction(Dir(side))
}

// begins reports whether the segment begins with a request or a 101 response. HTTP is read from
// a request on; frames follow a 101.
func (x *exchange) begins(side int, c reassembly.Chunk) bool {
	if side != x.client && bytes.HasPrefix(c.Data, []byte("HTTP/1.1 101 ")) {
		if h, n, err := http1.ParseResponse(c.Data); err == nil && n > 0 && isUpgraded(h) {
			x.settle(1 - side)
			x.back[side] = backlog{}
			x.back[side].add(c)
			return x.openBlind()
		}
	}
	if x.client >= 0 && side != x.client || !http1.MaybeRequest(c.Data) {
		return false
	}
	if bytes.HasPrefix(c.Data, []byte(h2.Preface)) {
		x.settle(side)
		x.back[side] = backlog{}
		x.back[side].add(c)
		x.enterHTTP2()
		return true
	}
	line, _, ok := bytes.Cut(c.Data, []byte("\r\n"))
	if !ok || !bytes.HasSuffix(line, []byte(" HTTP/1.1")) {
		return false
	}
	x.settle(side)
	x.back = [2]backlog{}
	x.mode = inHTTP
	x.http(side, c)
	return true
}

// settle makes a side the client.
func (x *exchange) settle(side int) {
	if x.client < 0 && side == 1 {
		// Until now the figures were kept as if side 0 were the client.
		x.conv.C2S, x.conv.S2C = x.conv.S2C, x.conv.C2S
	}
	x.client = side
}

// prove tries to find out which side is the client, and where its frames begin. doc.go has the
// rules.
func (x *exchange) prove() {
	type result struct{ masked, plain proof }
	var found [2]*result // if side i is the client
	for i := range found {
		if x.client >= 0 && x.client != i {
			continue
		}
		r := &result{
			masked: prove(&x.back[i], true, nil, true, x.enough()),
			plain:  prove(&x.back[1-i], false, nil, true, proofUnmasked),
		}
		strong := r.masked.bits >= proofMasked && r.masked.frames >= proofFrames ||
			x.beginning && r.masked.start == 0 && r.masked.bits >= proofStream
		alone := r.plain.said >= proofUnmasked && r.plain.frames >= proofFrames
		if strong || alone {
			found[i] = r
		}
	}
	if (found[0] == nil) == (found[1] == nil) {
		return
	}
	side := 0
	if found[0] == nil {
		side = 1
	}
	x.settle(side)
	x.conv.Kind = WebSocket
	for d, p := range []proof{found[side].masked, found[side].plain} {
		x.frames.need[d] = need{bits: proofSecond, frames: 1}
		if p.bits >= proofSecond && p.frames >= 1 {
			x.begin(Dir(d), p)
		}
	}
	x.enter(inFrames)
}

// enough is what proves the client's direction, in bits.
func (x *exchange) enough() int {
	if x.beginning {
		return proofStream
	}
	return proofMasked
}

// unproven ends the search in both directions.
func (x *exchange) unproven() {
	if x.conv.Kind == Refused && x.conv.Response == nil {
		asked := "Upgrade"
		if x.conv.HTTP2Stream != 0 {
			asked = "CONNECT"
		}
		x.note(FromServer, x.conv.Last, "the "+asked+" is not answered in the capture, in which bytes are missing")
	}
	seen := 0
	for side := range x.back {
		seen += len(x.back[side].data)
		s := x.unread(side)
		s.Skipped += int64(len(x.back[side].data))
		if s.Skipped > 0 {
			s.Sync = "not synchronised"
			seen++
		}
	}
	if seen > 0 && x.conv.Kind == NoHandshake {
		x.conv.Kind = Unsynchronised
		if tlsRecords(&x.back[0]) || tlsRecords(&x.back[1]) {
			x.conv.Kind = TLS
			x.conv.TLS = &Secured{Why: "it began before the capture"}
		}
	}
	x.ignore()
}

// tlsRecords reports whether three TLS records follow each other, from the beginning of some
// segment.
func tlsRecords(b *backlog) bool {
	for _, o := range b.marks {
		if !o.start {
			continue
		}
		p, n := b.data[min(int(o.at-b.offset), len(b.data)):], 0
		for len(p) >= 5 && p[0] >= 20 && p[0] <= 23 && p[1] == 3 && p[2] <= 4 {
			size := 5 + int(p[3])<<8 + int(p[4])
			if n++; n >= 3 {
				return true
			}
			if size > len(p) {
				break
			}
			p = p[size:]
		}
	}
	return false
}
