package websocket

import "github.com/hawser-ws/websocket/frame"

// offerPrepared sends m if that takes no waiting, neither for the peer nor for
// another writer, and reports whether it has. Of what the transport took a part of, a
// goroutine sends the rest.
func (c *Conn) offerPrepared(m *PreparedMessage) bool {
	h := frame.Header{Opcode: m.typ.opcode(), FIN: true}
	if m.deflated != nil && c.deflates(len(m.plain.payload)) {
		if deflated, ok := m.deflate(c.deflate); ok {
			h.RSV1 = true
			return c.offerDeflated(h, deflated, m.plain.payload)
		}
	}
	return c.offerFrame(h, m.plain)
}

// offersPlain reports whether offerPlain will do.
func (c *Conn) offersPlain() bool { return !c.role.Masks() && c.deflate == nil && c.trace == nil }

// offerPlain is offerPrepared where there is nothing to decide.
func (c *Conn) offerPlain(m *PreparedMessage) bool {
	if !c.out.tryEnterIdle() {
		return false
	}
	return c.out.leaveOffered(c.out.offerFramed(m.plain.framed))
}

// offerDeflated is for a frame that says p, compressed.
func (c *Conn) offerDeflated(h frame.Header, deflated preparedFrame, p []byte) bool {
	z := c.deflate
	if z.out.Terms().Takeover && !z.turn.TryLock() {
		return false
	}
	ok := c.offerFrame(h, deflated)
	if ok { // it has its place in the stream
		z.out.Sent(p)
	}
	z.leave()
	return ok
}

func (c *Conn) offerFrame(h frame.Header, f preparedFrame) bool {
	if !c.out.tryEnterIdle() {
		return false
	}
	h.Length = uint64(len(f.payload))
	var taken offered
	if c.role.Masks() {
		h.Masked = true
		taken = c.out.offerMasked(h, f.payload)
	} else {
		taken = c.out.offerFramed(f.framed)
	}
	if taken != takenNothing && c.trace != nil {
		c.traceWritten(h)
	}
	return c.out.leaveOffered(taken)
}
