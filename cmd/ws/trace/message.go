package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"strings"

	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// maxInflated is how much a message may say after decompression to be read to its
// end, in octets.
const maxInflated = 256 << 20

// engines are what inflates a message, lent while one is under way; and room for
// payload while it is looked at.
type engines struct {
	free     []*engine
	unmasked [16 << 10]byte
}

type engine struct {
	conn.InflateEngine
	out []byte // what was said, or the last window of it; twice a window has room
}

const window = 32 << 10

func (e *engines) lend() *engine {
	if n := len(e.free); n > 0 {
		x := e.free[n-1]
		e.free = e.free[:n-1]
		return x
	}
	return &engine{out: make([]byte, 0, 2*window)}
}

func (e *engines) back(x *engine) {
	x.Drop()
	if len(e.free) < 16 {
		e.free = append(e.free, x)
	}
}

// message is the message under way in one direction, and what is kept between two.
type message struct {
	deflated bool // permessage-deflate was agreed on
	inflater conn.Inflater
	// blank says that the window is not what the sender's is: something before is
	// not in the capture. A message that does not refer to that can be read.
	blank bool

	under      bool
	opcode     frame.Opcode
	compressed bool
	engine     *engine
	fragments  int
	wire, size uint64
	hash       hash.Hash
	sample     []byte // of what it says
	part       []byte // of what the present frame of it says
	utf8       frame.Validator
	ice        iceFinder
	badText    bool
	refused    *frame.Violation
	unreadable string
	kept       int // octets of window, at the most
}

func (m *message) init(terms *conn.Terms) {
	m.hash = sha256.New()
	if terms != nil {
		m.deflated = true
		m.inflater = conn.NewInflater(*terms)
	}
}

func (m *message) weight() int {
	n := m.kept + cap(m.sample) + cap(m.part) + m.ice.weight()
	if m.engine != nil {
		n += 3 * window
	}
	return n
}

// begin is the first frame of a message.
func (m *message) begin(h frame.Header, e *engines) {
	m.under, m.opcode, m.compressed = true, h.Opcode, h.RSV1 && m.deflated
	m.fragments, m.wire, m.size = 0, 0, 0
	m.hash.Reset()
	m.sample = m.sample[:0]
	m.utf8.Reset()
	m.ice.reset()
	m.badText, m.refused, m.unreadable = false, nil, ""
	if m.compressed {
		m.engine = e.lend()
		m.engine.out = m.engine.out[:0]
		m.inflater.Begin(&m.engine.InflateEngine)
	} else if h.RSV1 {
		m.unreadable = "RSV1 is set without an extension that defines it"
	}
}

// frame is the header of a frame of the message.
func (m *message) frame(h frame.Header) {
	m.fragments++
	m.wire += min(h.Length, math.MaxInt64-m.wire)
	m.part = m.part[:0]
}

// take takes unmasked payload.
func (m *message) take(p []byte) {
	switch {
	case m.unreadable != "" || m.refused != nil:
	case m.compressed:
		m.inflate(p)
	default:
		m.say(p)
	}
}

func (m *message) inflate(p []byte) {
	e := m.engine
	for {
		before := len(e.out)
		out, used, v := e.Inflate(e.out, 0, p)
		e.out, p = out, p[used:]
		m.say(out[before:])
		switch {
		case v != nil && m.blank && v.RFC == 1951 && strings.HasPrefix(v.Reason, "distance reaches before"):
			m.fail("it refers to messages that are not in the capture")
			return
		case v != nil:
			m.refused = v
			return
		case m.size > maxInflated:
			m.fail(fmt.Sprintf("it says more than %d octets", maxInflated))
			return
		case len(e.out) < cap(e.out):
			return
		}
		e.out = e.out[:copy(e.out, e.out[len(e.out)-window:])]
	}
}

// say takes what the message says.
func (m *message) say(p []byte) {
	m.size += uint64(len(p))
	m.hash.Write(p)
	m.ice.feed(p)
	m.sample = append(m.sample, p[:min(len(p), payload.MaxSample-len(m.sample))]...)
	m.part = append(m.part, p[:min(len(p), payload.MaxSample-len(m.part))]...)
	if m.opcode == frame.Text && !m.badText {
		m.badText = !m.utf8.Valid(p)
	}
}

// fail gives up reading the message.
func (m *message) fail(why string) {
	if m.unreadable == "" {
		m.unreadable = why
	}
}

// endFrame is the end of a frame of the message, which may be the end of it.
func (m *message) endFrame(r *receiver, at Mark) {
	f := r.f
	if r.header.FIN && m.compressed && m.unreadable == "" && m.refused == nil {
		m.inflate([]byte(conn.Trailer))
		if m.refused == nil && m.unreadable == "" && !m.engine.Ended() {
			m.refused = conn.ErrDeflateEnd
		}
	}
	readable := m.unreadable == "" && m.refused == nil
	if !readable && !m.compressed {
		f.Kind, f.Preview = m.describe(r.sample, r.size())
	} else if readable && (m.fragments > 1 || !f.FIN) {
		f.Kind, f.Preview = m.describe(m.part, int64(len(m.part)))
	}
	if !r.header.FIN {
		return
	}
	r.messages++
	msg := &Message{Index: r.messages, Type: m.opcode.String(), Compressed: m.compressed, Fragments: m.fragments, Wire: m.wire}
	f.Message = msg
	switch {
	case m.refused != nil:
		f.Violations = append(f.Violations, violation(r.dir, m.refused))
		msg.Unreadable = m.refused.Reason
	case m.unreadable != "":
		msg.Unreadable = m.unreadable
	default:
		msg.Length, msg.SHA256, msg.ICE = m.size, hex.EncodeToString(m.hash.Sum(nil)), m.ice.end()
		m.badText = m.badText || m.opcode == frame.Text && !m.utf8.Complete()
		f.Kind, f.Preview = m.describe(m.sample, int64(m.size))
		f.Kind = strings.TrimPrefix(f.Kind, payload.Text) // the opcode says that
		if m.opcode == frame.Binary && f.Kind == "" && m.size > 0 {
			f.Kind = payload.Text
		}
		if m.badText {
			f.Violations = append(f.Violations, violation(r.dir, frame.ErrText))
		}
	}
	if m.compressed {
		if readable = m.unreadable == "" && m.refused == nil; readable {
			m.inflater.End(&m.engine.InflateEngine, m.engine.out)
			if m.inflater.Terms().Takeover {
				m.kept = min(window, m.kept+int(min(m.size, window)))
			}
		} else {
			m.forget()
		}
		r.engines.back(m.engine)
		m.engine = nil
	}
	m.under = false
}

// describe tells what the message says, or a part of it. Text is what the opcode calls text,
// unless it is not UTF-8.
func (m *message) describe(sample []byte, size int64) (kind, preview string) {
	if m.opcode == frame.Text && !m.badText {
		return payload.DescribeText(sample, size)
	}
	return payload.Describe(sample, size)
}

// drop ends the message in the middle.
func (m *message) drop(e *engines) {
	if m.engine != nil {
		e.back(m.engine)
		m.engine = nil
		m.forget()
	}
	m.under = false
}

// forget empties the window. What the sender refers to in it cannot be read; a
// reference that stays behind this point can.
func (m *message) forget() {
	if m.deflated {
		m.inflater = conn.NewInflater(m.inflater.Terms())
		m.blank, m.kept = m.blank || m.inflater.Terms().Takeover, 0
	}
}
