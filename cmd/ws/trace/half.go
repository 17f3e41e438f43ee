package trace

import (
	"bytes"
	"fmt"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http2"
	"github.com/hawser-ws/websocket/cmd/ws/trace/reassembly"
	"github.com/hawser-ws/websocket/internal/h2"
)

// half is one direction of an HTTP/2 connection. It is the sink of its reader.
type half struct {
	m      *multiplex
	side   int
	state  halfState
	reader http2.Reader
	fields http2.Fields
	block  block // the field block under way

	settings h2.Settings // what this side has announced
	maxFrame uint32      // the largest MAX_FRAME_SIZE of them
	frames   int         // whose headers were read
	heard    int         // of them SETTINGS, those that acknowledge aside
	gap      bool        // the beginning, or something since then, is not in the capture
	faults   int
	tried    int // bytes of backlog at the last attempt to find a frame
	have     int // bytes of the preface
}

// halfState says how a direction is read.
//
//	beforePreface ──▶ reading ◀──▶ searching
//	                     └───▶ givenUp ◀──┘
type halfState uint8

const (
	reading       halfState = iota
	beforePreface           // only of a client
	searching               // for a frame, after a gap
	givenUp                 // not HTTP/2, or nothing can be found
)

func (h *half) dir() Dir { return h.m.x.dir(h.side) }

func (h *half) about() *HTTP2Side { return h.m.c.conv.HTTP2.side(h.dir()) }

func (h *half) note(at Mark, format string, args ...any) {
	h.m.note(h.dir(), at, fmt.Sprintf(format, args...))
}

// maxFaults is how many broken rules a direction may have. After that it is not taken for HTTP/2.
const maxFaults = 64

// fault reports a broken rule.
func (h *half) fault(at Mark, v *h2.Violation) {
	h.m.broken(h.dir(), at, v)
	if h.faults++; h.faults == maxFaults {
		h.note(at, "too many frames break the rules: what follows is not taken for HTTP/2")
		h.state, h.gap = givenUp, true
		h.tear(at)
	}
}

// preface compares what a client sends first (RFC 9113 §3.4).
func (h *half) preface(c reassembly.Chunk) {
	n := min(len(c.Data), len(h2.Preface)-h.have)
	if string(c.Data[:n]) != h2.Preface[h.have:h.have+n] {
		at := Mark{c.Packet, c.Time}
		h.fault(at, &h2.Violation{Section: "3.4", Reason: "the client does not begin with the preface of HTTP/2"})
		h.lose(at)
		h.search(c)
		return
	}
	if h.have += n; h.have < len(h2.Preface) {
		return
	}
	h.state = reading
	c.Data, c.Offset, c.Start = c.Data[n:], c.Offset+int64(n), false
	h.reader.Feed(c)
}

// lost processes a hole.
func (h *half) lost(c reassembly.Chunk) {
	at := Mark{c.Packet, c.Time}
	switch {
	case h.state == givenUp:
	case h.state == reading && h.reader.Lost(c):
		h.note(at, "%d octets are not in the capture", c.Lost)
	default:
		h.note(at, "%d octets are not in the capture, and with them where the next frame of HTTP/2 begins", c.Lost)
		h.lose(at)
	}
}

// lose is called where it is no longer known where the next frame begins, and what was on which
// stream.
func (h *half) lose(at Mark) {
	h.state, h.tried = searching, 0
	h.loseFields(at)
	h.tear(at)
}

// tear is called where an unknown number of bytes is missing on every stream.
func (h *half) tear(at Mark) {
	for _, s := range h.m.streams {
		s.tear(h.side, at)
		h.m.weigh(s)
	}
}

// loseFields is called when a field block is not in the capture.
func (h *half) loseFields(at Mark) {
	h.gap, h.block = true, block{}
	h.fields.Lose()
	if about := h.about(); !about.Partial {
		about.Partial = true
		h.note(at, "from here on fields may be unknown: a part of HPACK's table is not in the capture")
	}
}

// search looks for a frame. What is searched is the backlog of the exchange.
func (h *half) search(c reassembly.Chunk) {
	b := &h.m.x.back[h.side]
	if c.Lost > 0 {
		if h.locate() {
			h.m.feed(h.side, c)
			return
		}
		h.m.x.skip(h.side, len(b.data))
		h.tried = 0
		return
	}
	b.add(c)
	if len(b.data) < 2*h.tried {
		return
	}
	h.tried = max(256, len(b.data))
	if h.locate() || len(b.data) <= maxBacklog {
		return
	}
	h.m.x.skip(h.side, len(b.data)/2)
	h.tried = len(b.data)
	if h.m.x.conv.Direction(h.dir()).Skipped > maxUnproven {
		h.giveUp()
	}
}

// giveUp ends the search.
func (h *half) giveUp() {
	b := &h.m.x.back[h.side]
	h.m.x.skip(h.side, len(b.data))
	if n := h.m.x.conv.Direction(h.dir()).Skipped; n > 0 {
		h.note(h.m.x.conv.Last, "in %d octets no frame of HTTP/2 can be found", n)
	}
	h.state = givenUp
}

// locate tries to find a frame in the backlog, and reads from there.
func (h *half) locate() bool {
	x := h.m.x
	b := &x.back[h.side]
	if h.dir() == FromClient && bytes.HasPrefix(b.data, []byte(h2.Preface)) {
		h.state, h.have = beforePreface, 0
		h.replay()
		return true
	}
	at, ok := http2.Find(b.data, b.segments(), http2.ProofAgain)
	if !ok {
		return false
	}
	x.skip(h.side, at)
	h.note(b.mark(0), "a frame of HTTP/2 begins here")
	h.state = reading
	h.replay()
	return true
}

// replay reads the backlog.
func (h *half) replay() {
	held := h.m.x.back[h.side]
	h.m.x.back[h.side] = backlog{}
	h.reader = http2.Reader{To: h}
	for !held.empty() {
		c := held.first()
		h.m.feed(h.side, c)
		held.drop(len(c.Data))
	}
}

// end is called at the end of the connection or of the capture.
func (h *half) end() {
	if h.state == searching && !h.locate() {
		h.giveUp()
	}
}
