package websocket

import (
	"sync"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// PreparedMessage is a message that is encoded once and sent by many connections, with
// [Conn.WritePreparedMessage]. It may be used by any number of goroutines.
type PreparedMessage struct {
	op    frame.Opcode
	plain prepared // not compressed

	mu       sync.Mutex
	deflated map[form]*prepared
}

// form is a way to compress a message.
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
	pm := &PreparedMessage{op: op, deflated: make(map[form]*prepared)}
	pm.plain.frames = appendFrame(nil, frame.Header{Opcode: op, FIN: true}, data)
	pm.plain.payload = pm.plain.frames[len(pm.plain.frames)-len(data):]
	return pm, nil
}

// in returns the message compressed, and compresses it if nobody has yet.
func (pm *PreparedMessage) in(f form) *prepared {
	pm.mu.Lock()
	p := pm.deflated[f]
	if p == nil {
		p = new(prepared)
		pm.deflated[f] = p
	}
	pm.mu.Unlock()
	p.once.Do(func() { pm.deflate(p, f) })
	return p
}

func (pm *PreparedMessage) deflate(p *prepared, f form) {
	d := newDeflater(f.terms, f.level)
	p.payload = deflated(&d, nil, pm.plain.payload)
	h := frame.Header{Opcode: pm.op, RSV1: true}
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
	p, compressed := &pm.plain, c.deflates(pm.op)
	if compressed {
		p = pm.in(form{c.deflate.send, int(c.deflate.level.Load())})
	}
	if !c.role.Masks() {
		if done, err := c.writeFramed(pm.op, p.frames); done {
			return err
		}
	} else if data := !pm.op.IsControl(); data && !compressed && len(p.payload) <= c.out.singleSize {
		if done, err := c.writeSingle(pm.op, p.payload); done {
			return err
		}
	}
	c.out.begin()
	defer c.out.end()
	if w := c.out.writer; w != nil && w.op == frame.Continuation && !pm.op.IsControl() {
		_ = w.close() // RFC 6455 §5.4: messages are not interleaved
	}
	if !c.role.Masks() {
		return c.sendFramed(pm.op, p.frames)
	}
	return c.send(outgoing{
		header:  frame.Header{Opcode: pm.op, RSV1: compressed, FIN: true},
		payload: p.payload,
		size:    defaultWriteBufferSize,
	})
}

// writeFramed sends frames of a server as they are, unless another message is being made.
// They are a message or a control frame.
func (c *Conn) writeFramed(op frame.Opcode, frames []byte) (done bool, err error) {
	c.out.enter()
	defer c.out.wire.Unlock()
	if c.out.busy.Load() {
		return false, nil
	}
	return true, c.sendFrames(op, frames)
}

// sendFramed is writeFramed while nobody makes another message.
func (c *Conn) sendFramed(op frame.Opcode, frames []byte) error {
	c.out.enter()
	defer c.out.wire.Unlock()
	return c.sendFrames(op, frames)
}

func (c *Conn) sendFrames(op frame.Opcode, frames []byte) error {
	if c.out.err != nil {
		return c.out.err
	}
	_ = c.nc.SetWriteDeadline(c.out.limit())
	if _, err := c.stream.Write(frames, nil); err != nil {
		return c.out.fail(err)
	}
	return c.sent(op, nil)
}
