package websocket

import (
	"context"
	"sync"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// PreparedMessage is a message framed once, to be sent on many connections. On those
// that compress it is compressed once for each window size and level among them,
// when it is first needed, and not with reference to what was sent on a connection
// before.
type PreparedMessage struct {
	typ   MessageType
	plain preparedFrame

	mu       sync.Mutex
	deflated map[deflateSettings]preparedFrame // nil: it is not to be compressed
}

// deflateSettings are what a compressed message depends on.
type deflateSettings struct{ windowBits, level int }

// preparedFrame is a payload, and the frame that holds it as a server sends it. A
// client masks each copy with a key of its own.
type preparedFrame struct{ payload, framed []byte }

// Prepare frames p as a message for [Conn.WritePrepared], which refuses a type that
// does not exist. It copies p.
func Prepare(typ MessageType, p []byte) *PreparedMessage {
	m := PrepareUncompressed(typ, p)
	m.deflated = make(map[deflateSettings]preparedFrame)
	return m
}

// PrepareUncompressed is [Prepare] for a message that is not to be compressed: see
// [Uncompressed].
func PrepareUncompressed(typ MessageType, p []byte) *PreparedMessage {
	return &PreparedMessage{typ: typ, plain: prepareFrame(typ, p, false)}
}

func prepareFrame(typ MessageType, p []byte, deflated bool) preparedFrame {
	h := frame.Header{Opcode: typ.opcode(), FIN: true, RSV1: deflated, Length: uint64(len(p))}
	framed := make([]byte, 0, frame.HeaderSize(h)+len(p))
	framed = append(frame.AppendHeader(framed, h), p...)
	return preparedFrame{payload: framed[frame.HeaderSize(h):], framed: framed}
}

// Type returns the type of the message.
func (m *PreparedMessage) Type() MessageType { return m.typ }

// WritePrepared is [Conn.Write] with a message that is already framed. It may be
// called on any number of connections at once.
func (c *Conn) WritePrepared(ctx context.Context, m *PreparedMessage) error {
	if err := checkWrite(ctx, "Conn.WritePrepared", m.typ); err != nil {
		return err
	}
	return c.writePrepared(ctx, m, neverHeld)
}

func (c *Conn) writePrepared(ctx context.Context, m *PreparedMessage, hold holding) error {
	f := outFrame{hold: hold}
	f.Header.Opcode, f.Header.FIN = m.typ.opcode(), true
	if m.deflated != nil && c.deflates(len(m.plain.payload)) {
		if deflated, ok := m.deflate(c.deflate); ok {
			f.Header.RSV1 = true
			return c.submitPreparedDeflated(ctx, &f, deflated, m.plain.payload)
		}
	}
	_, err := c.out.submit(ctx, c.prepared(&f, m.plain))
	return err
}

// prepared gives f its content.
func (c *Conn) prepared(f *outFrame, content preparedFrame) *outFrame {
	f.Payload = content.payload
	if !c.role.Masks() {
		f.Framed = content.framed
	}
	return f
}

func (c *Conn) submitPreparedDeflated(ctx context.Context, f *outFrame, deflated preparedFrame, p []byte) error {
	if err := c.deflate.enter(ctx, &c.out); err != nil {
		return err
	}
	defer c.deflate.leave()
	_, err := c.out.submit(ctx, c.prepared(f, deflated))
	if err == nil {
		c.deflate.out.Sent(p)
	}
	return err
}

// deflate returns the message compressed for a connection; not ok if that gains
// nothing.
func (m *PreparedMessage) deflate(z *deflating) (deflated preparedFrame, ok bool) {
	settings := deflateSettings{z.out.Terms().WindowBits, z.out.Level()}
	m.mu.Lock()
	defer m.mu.Unlock()
	deflated, ok = m.deflated[settings]
	if !ok {
		alone := conn.NewDeflater(conn.Terms{WindowBits: settings.windowBits}, settings.level)
		if p := deflateMessage(&alone, nil, m.plain.payload); len(p) < len(m.plain.payload) {
			deflated = prepareFrame(m.typ, p, true)
		}
		m.deflated[settings] = deflated
	}
	return deflated, deflated.framed != nil
}
