package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/frame"
)

// PreparedMessage is a message framed once, to be sent on many connections.
type PreparedMessage struct {
	typ     MessageType
	payload []byte
	framed  []byte // as a server sends it; a client masks each copy with a key of its own
}

// Prepare frames p as a message for [Conn.WritePrepared], which refuses a type that
// does not exist. It copies p.
func Prepare(typ MessageType, p []byte) *PreparedMessage {
	h := frame.Header{Opcode: typ.opcode(), FIN: true, Length: uint64(len(p))}
	framed := make([]byte, 0, frame.HeaderSize(h)+len(p))
	framed = append(frame.AppendHeader(framed, h), p...)
	return &PreparedMessage{typ: typ, payload: framed[frame.HeaderSize(h):], framed: framed}
}

// Type returns the type of the message.
func (m *PreparedMessage) Type() MessageType { return m.typ }

// WritePrepared is [Conn.Write] with a message that is already framed. It may be
// called on any number of connections at once.
func (c *Conn) WritePrepared(ctx context.Context, m *PreparedMessage) error {
	if err := checkType("Conn.WritePrepared", m.typ); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := c.submit(ctx, c.prepared(m))
	return err
}

func (c *Conn) prepared(m *PreparedMessage) *outgoing {
	o := &outgoing{header: frame.Header{Opcode: m.typ.opcode(), FIN: true}, payload: m.payload}
	if !c.role.Masks() {
		o.framed = m.framed
	}
	return o
}
