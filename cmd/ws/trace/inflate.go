package trace

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// maxInflated is how much a message may say after decompression to be read to its
// end, in bytes.
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
		x.out = x.out[:0]
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

// makeRoom drops what is out of the window's reach, if there is no room.
func (x *engine) makeRoom() {
	if len(x.out) == cap(x.out) {
		x.out = x.out[:copy(x.out, x.out[len(x.out)-window:])]
	}
}

// inflate takes unmasked payload of a compressed message.
func (m *message) inflate(d *conn.Decoder, p []byte) {
	for e := m.engine; ; e.makeRoom() {
		out, used, status, err := d.Inflate(e.out, 0, p, conn.Limits{Message: maxInflated})
		m.say(out[len(e.out):])
		e.out, p = out, p[used:]
		switch {
		case err == frame.ErrText:
			m.badText = true
		case err != nil:
			m.refuse(err)
			d.Skip(uint64(len(p)))
			return
		case status != conn.InflateOutput:
			return
		}
	}
}

// refuse takes a verdict, after which the message is not read any further.
func (m *message) refuse(err error) {
	v, ok := errors.AsType[*frame.Violation](err)
	switch {
	case !ok:
		m.fail(fmt.Sprintf("it says more than %d octets", maxInflated))
	case m.blank && v.RFC == 1951 && strings.HasPrefix(v.Reason, "distance reaches before"):
		m.fail("it refers to messages that are not in the capture")
	default:
		m.refused = v
	}
}

// end ends a frame of the message, which may be the end of it.
func (m *message) end(d *conn.Decoder, fin bool) {
	if fin && m.compressed && m.readable() {
		m.inflate(d, nil) // nothing of the payload is left, so this is the trailer
	}
	if !fin || !m.compressed || !m.readable() {
		if _, v := d.EndFrame(); m.readable() {
			m.badText = m.badText || v != nil
		}
		return
	}
	m.badText = d.EndInflated(m.engine.out) != nil || m.badText
	if m.inflater.Terms().Takeover {
		m.kept = min(window, m.kept+int(min(m.size, window)))
	}
}

// done gives back what inflated the message, which is over or given up.
func (m *message) done(e *engines) {
	if m.engine != nil {
		e.back(m.engine)
		m.engine = nil
	}
}

// drop ends the message where it cannot be read any further.
func (m *message) drop(e *engines) {
	if m.engine != nil {
		m.done(e)
		m.forget()
	}
}

// forget empties the window. What the sender refers to in it cannot be read; a
// reference that stays behind this point can.
func (m *message) forget() {
	if m.deflated {
		m.inflater = conn.NewInflater(m.inflater.Terms())
		m.blank, m.kept = m.blank || m.inflater.Terms().Takeover, 0
	}
}
