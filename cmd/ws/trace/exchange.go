package trace

import (
	"bytes"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http1"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/internal/h2"
)

// Limits for waiting data, in bytes of one direction.
const (
	maxBacklog  = 1 << 20
	maxUnproven = 16 << 20 // searched for a frame boundary
	maxPending  = 64       // requests without a response
)

// mode is what an exchange is currently read as.
type mode uint8

const (
	detecting mode = iota // waiting for the first bytes
	inHTTP
	inFrames
	inTLS
	inHTTP2
	awaiting // a stream of HTTP/2 whose request is not answered yet
	amid     // in the middle of a connection: see doc.go
	ignoring // nothing to report
)

// exchange is what goes over a connection, or over the TLS inside it: first HTTP, then frames.
// Sides are numbered like those of the connection.
type exchange struct {
	mode   mode
	client int // the client's side; -1 while unknown
	conv   *Conversation
	log    func(Event)
	tls    func(side int, c reassembly.Chunk) // takes over if it is TLS; nil: TLS is not expected
	// multiplex makes what takes over if it is HTTP/2; nil: HTTP/2 is not expected.
	multiplex func(x *exchange) *multiplex
	mux       *multiplex

	back [2]backlog

	// HTTP.
	bodies  [2]http1.Body
	pending []asking
	upgrade bool // the request that awaits its response is an Upgrade

	frames  frames
	stopped [2]string           // by Dir: why TLS is no longer decrypted; "" while it is
	tails   [2]reassembly.Chunk // by side: a hole at the end of the stream, for endDirection
	gaps    [2]bool             // by Dir: an unknown number of bytes is missing in the stream of HTTP/2
	// beginning is set for a stream of HTTP/2 whose head is in the capture, though not all of its
	// fields are known: if its bytes are frames, they are from the first one on.
	beginning bool
	torn      bool // endDirection is cutting the last frame short, see emit
}

// asking is a request that awaits its response.
type asking struct {
	method  string
	upgrade bool
	h2c     string // method and target, if it asks for HTTP/2
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
	if x.mux != nil {
		n += x.mux.weight()
	}
	return n
}

// feed processes the next bytes of a side.
func (x *exchange) feed(side int, c reassembly.Chunk) {
	if c.Last && x.mode != inFrames && x.mode != inTLS && x.mode != inHTTP2 {
		x.tails[side] = c // nothing follows, so no frame boundary is searched for
		return
	}
	switch x.mode {
	case detecting:
		x.detect(side, c)
	case inHTTP:
		x.http(side, c)
	case inFrames:
		x.frame(side, c)
	case inTLS:
		x.tls(side, c)
	case inHTTP2:
		x.mux.feed(side, c)
	case awaiting:
		x.hold(side, c)
	case amid:
		x.amid(side, c)
	}
}

// hold keeps bytes until it is known what they are.
func (x *exchange) hold(side int, c reassembly.Chunk) {
	if b := &x.back[side]; c.Lost == 0 && len(b.data) <= maxBacklog {
		b.add(c)
		return
	}
	x.back[side] = backlog{}
	x.gaps[x.dir(side)] = true
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
		if len(b.data) > http1.MaxHead {
			x.ignore()
		}
		return
	}
	switch p := b.data; {
	case isPreface(p):
		x.enterHTTP2()
	case bytes.HasPrefix([]byte(h2.Preface), p) || bytes.HasPrefix([]byte(proxyPrefix), p): // incomplete
	case bytes.HasPrefix(p, []byte(proxyPrefix)):
		x.proxied(side)
	case p[0] == recordHandshake:
		x.detectTLS(p)
	case http1.MaybeRequest(p):
		x.enter(inHTTP)
	default:
		x.ignore()
	}
}

// What a client can begin with. HTTP/2 has a connection preface (RFC 9113 §3.4), of which the
// first line is enough. A load balancer may put a line of the PROXY protocol in front. TLS
// begins with the type of a record that holds a handshake message.
const (
	http2Line       = "PRI * HTTP/2.0\r\n"
	proxyPrefix     = "PROXY "
	maxProxyLine    = 107
	recordHandshake = 22
)

func isPreface(p []byte) bool { return bytes.HasPrefix(p, []byte(http2Line)) }

// proxied skips the line of the PROXY protocol and looks at what follows.
func (x *exchange) proxied(side int) {
	b := &x.back[side]
	switch end := bytes.IndexByte(b.data, '\n'); {
	case end >= 0 && end <= maxProxyLine:
		b.drop(end + 1)
		x.enter(detecting)
	case len(b.data) > maxProxyLine:
		x.ignore()
	}
}

// detectTLS processes the beginning of a TLS record.
func (x *exchange) detectTLS(p []byte) {
	switch {
	case len(p) < 3:
	case p[1] == 3 && x.tls != nil:
		x.enter(inTLS)
	default:
		x.ignore()
	}
}

// enter changes the mode and replays the held bytes in it, in the order of their packets.
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

// ignore stops looking at the exchange.
func (x *exchange) ignore() {
	x.mode = ignoring
	x.back = [2]backlog{}
}
