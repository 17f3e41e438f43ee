package trace

import (
	"math"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// message is the message in progress in one direction, and what is kept between messages.
type message struct {
	deflated bool // permessage-deflate was agreed on
	inflater conn.Inflater
	// blank is set if the window differs from the sender's, because earlier data is not in the
	// capture. A message that does not refer to that data can still be read.
	blank bool
	kept  int // bytes of window, at most

	opcode     frame.Opcode
	compressed bool
	engine     *engine
	fragments  int
	wire       uint64
	content           // of the message
	part       []byte // a sample of what the current frame says
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

// frame processes the header of a frame of the message, possibly the first.
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

// take processes payload that the decoder has unmasked.
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

// fail marks the message as unreadable.
func (m *message) fail(why string) {
	if m.unreadable == "" {
		m.unreadable = why
	}
}

// say records decoded data of the message.
func (m *message) say(p []byte) {
	m.content.add(p)
	m.ice.feed(p)
	m.part = sample(m.part, p)
}
