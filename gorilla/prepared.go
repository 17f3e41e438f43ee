package websocket

import (
	"bytes"
	"sync"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// PreparedMessage is a message that is encoded once and sent by many connections, with
// [Conn.WritePreparedMessage]. It may be used by any number of goroutines.
type PreparedMessage struct {
	op   frame.Opcode
	data []byte // not compressed

	mu    sync.Mutex
	forms map[form]*prepared
}

// form is a way to send a message. The zero form is not compressed.
type form struct {
	terms conn.Terms
	level int
}

// prepared is a message in one form.
type prepared struct {
	once    sync.Once
	payload []byte
	frames  []byte // as a server sends it
}

// NewPreparedMessage prepares a message of any type. It copies data.
func NewPreparedMessage(messageType int, data []byte) (*PreparedMessage, error) {
	op, ok := opcodeOf(messageType)
	switch {
	case !ok:
		return nil, errBadWriteOpCode
	case op.IsControl() && len(data) > frame.MaxControlPayload:
		return nil, errInvalidControlFrame
	}
	return &PreparedMessage{op: op, data: bytes.Clone(data), forms: make(map[form]*prepared)}, nil
}

// in returns the message in a form, and makes that if need be.
func (pm *PreparedMessage) in(f form) *prepared {
	pm.mu.Lock()
	p := pm.forms[f]
	if p == nil {
		p = new(prepared)
		pm.forms[f] = p
	}
	pm.mu.Unlock()
	p.once.Do(func() { pm.prepare(p, f) })
	return p
}

func (pm *PreparedMessage) prepare(p *prepared, f form) {
	h := frame.Header{Opcode: pm.op, FIN: true}
	if f == (form{}) {
		p.payload = pm.data
		p.frames = appendFrame(nil, h, p.payload)
		return
	}
	d := newDeflater(f.terms, f.level)
	p.payload = deflated(&d, nil, pm.data)
	h.RSV1 = true
	for rest := p.payload; ; {
		n := min(defaultWriteBufferSize, len(rest))
		h.FIN = n == len(rest)
		p.frames = appendFrame(p.frames, h, rest[:n])
		if h.FIN {
			return
		}
		rest, h.Opcode, h.RSV1 = rest[n:], frame.Continuation, false
	}
}

// appendFrame appends a frame of a server.
func appendFrame(dst []byte, h frame.Header, payload []byte) []byte {
	h.Length = uint64(len(payload))
	return append(frame.AppendHeader(dst, h), payload...)
}

// WritePreparedMessage sends pm. It ends the message of a writer that is still open, if part
// of that has been sent.
func (c *Conn) WritePreparedMessage(pm *PreparedMessage) error {
	c.out.begin()
	defer c.out.end()
	var f form
	if c.out.deflates(pm.op) {
		f = form{*c.out.terms, int(c.out.level.Load())}
	}
	p := pm.in(f)
	if w := c.out.writer; w != nil && w.op == frame.Continuation && !pm.op.IsControl() {
		_ = w.close() // RFC 6455 §5.4: messages are not interleaved
	}
	if !c.role.Masks() {
		return c.sendFramed(pm.op, p.frames)
	}
	return c.send(outgoing{
		header:  frame.Header{Opcode: pm.op, RSV1: f != form{}, FIN: true},
		payload: p.payload,
		size:    defaultWriteBufferSize,
	})
}

// sendFramed sends frames of a server as they are: a message, or a control frame.
func (c *Conn) sendFramed(op frame.Opcode, frames []byte) error {
	c.out.enter()
	defer c.out.wire.Unlock()
	if c.out.err != nil {
		return c.out.err
	}
	l := c.borrow()
	l.frame = conn.OutFrame{Header: frame.Header{Opcode: op, FIN: true}, Framed: frames}
	l.box.Append(&l.frame, 0)
	return c.sent(op, c.flush(l, c.out.limit()))
}
