package trace

import (
	"math"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// message is the message under way in one direction, and what is kept between two.
type message struct {
	deflated bool // permessage-deflate was agreed on
	inflater conn.Inflater
	// blank says that the window is not what the sender's is: something before is
	// not in the capture. A message that does not refer to that can be read.
	blank bool
	kept  int // bytes of window, at the most

	opcode     frame.Opcode
	compressed bool
	engine     *engine
	fragments  int
	wire       uint64
	content           // what it says
	part       []byte // a sample of what the present frame of it says
	ice        iceFinder
	badText    bool
	refused    *frame.Violation
	unreadable string
}

func (m *message) init(terms *conn.Terms) {
	m.content = newContent()
	if terms != nil {
		m.deflated = true
		m.inflater = conn.NewInflater(*terms)
	}
}

func (m *message) weight() int {
	n := m.kept + m.content.weight() + cap(m.part) + m.ice.weight()
	if m.engine != nil {
		n += 3 * window
	}
	return n
}

// frame is the header of a frame of the message, maybe the first.
func (m *message) frame(h frame.Header, r *receiver) {
	if h.Opcode != frame.Continuation {
		m.begin(h, r)
	}
	m.fragments++
	m.wire += min(h.Length, math.MaxInt64-m.wire)
	m.part = m.part[:0]
}

func (m *message) begin(h frame.Header, r *receiver) {
	m.opcode, m.compressed = h.Opcode, h.RSV1 && m.deflated
	m.fragments, m.wire = 0, 0
	m.content.reset()
	m.ice.reset()
	m.badText, m.refused, m.unreadable = false, nil, ""
	if m.compressed {
		m.engine = r.engines.lend()
		r.decoder.Lend(&m.engine.InflateEngine, &m.inflater)
	} else if h.RSV1 {
		m.unreadable = "RSV1 is set without an extension that defines it"
	}
}

func (m *message) readable() bool { return m.unreadable == "" && m.refused == nil }

// take takes payload that the decoder has unmasked.
func (m *message) take(d *conn.Decoder, p []byte) {
	switch {
	case !m.readable():
		d.Skip(uint64(len(p)))
	case m.compressed:
		m.inflate(d, p)
	default:
		m.badText = d.Judge(p) != nil || m.badText
		m.say(p)
	}
}

// fail gives up reading the message.
func (m *message) fail(why string) {
	if m.unreadable == "" {
		m.unreadable = why
	}
}

// say takes what the message says.
func (m *message) say(p []byte) {
	m.content.add(p)
	m.ice.feed(p)
	m.part = sample(m.part, p)
}
