package trace

import (
	"errors"
	"fmt"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// maxInflated limits how much of a decompressed message is read, in bytes.
const maxInflated = 256 << 20

// engines holds decompressors, lent to a message while it is in progress, and scratch space for
// payload.
type engines struct {
	free     []*engine
	unmasked [16 << 10]byte
}

type engine struct {
	conn.InflateEngine
	out []byte // decompressed data, at least the last window of it; it has room for two windows
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

// makeRoom drops data beyond the reach of the window when the buffer is full.
func (x *engine) makeRoom() {
	if len(x.out) == cap(x.out) {
		x.out = x.out[:copy(x.out, x.out[len(x.out)-window:])]
	}
}

// inflate decompresses unmasked payload of the message.
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

// refuse processes an error of the decompressor. The message is not read any further.
func (m *message) refuse(err error) {
	v, ok := errors.AsType[*frame.Violation](err)
	switch {
	case !ok:
		m.fail(fmt.Sprintf("it says more than %d octets", maxInflated))
	case m.blank && conn.ReachesBeforeWindow(v):
		m.fail("it refers to messages that are not in the capture")
	default:
		m.refused = v
	}
}

// end ends a frame of the message; with fin, the message as well.
func (m *message) end(d *conn.Decoder, fin bool) {
	if fin && m.compressed && m.readable() {
		m.inflate(d, nil) // no payload is left, so this feeds the trailer
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

// done returns the decompressor after the message has ended or was given up.
func (m *message) done(e *engines) {
	if m.engine != nil {
		e.back(m.engine)
		m.engine = nil
	}
}

// drop ends a message that cannot be read any further.
func (m *message) drop(e *engines) {
	if m.engine != nil {
		m.done(e)
		m.forget()
	}
}

// forget empties the window. A reference to the data before is then an error; a reference to
// data after this point still works.
func (m *message) forget() {
	if m.deflated {
		m.inflater = conn.NewInflater(m.inflater.Terms())
		m.blank, m.kept = m.blank || m.inflater.Terms().Takeover, 0
	}
}
