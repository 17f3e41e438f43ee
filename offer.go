package websocket

import "github.com/hawser-ws/websocket/frame"

// TryWritePrepared is [Conn.WritePrepared] that never waits, neither for the peer nor for
// another writer. It reports whether the message was taken. A message that was taken is
// sent whole; if the socket has room for a part of it only, a goroutine sends the rest. Of
// one that was not taken nothing is sent: the caller may try again or call WritePrepared.
//
// A message is taken only if nothing has to be sent before it: no other message, no rest
// of one, no [Batch], no pong. Only TCP and Unix sockets can tell whether they have
// room; on other streams, such as TLS, no message is ever taken.
//
// err is nil as long as messages can be sent, a [*ClosedError] once they cannot, and a
// [*UsageError] if there is no such type of message. A nil m is never taken: the call then
// only asks whether messages can still be sent.
func (c *Conn) TryWritePrepared(m *PreparedMessage) (taken bool, err error) {
	return c.tryWritePrepared("Conn.TryWritePrepared", m)
}

func (c *Conn) tryWritePrepared(method string, m *PreparedMessage) (taken bool, err error) {
	if m != nil {
		if err := checkType(method, m.typ); err != nil {
			return false, err
		}
		if c.offerPrepared(m) {
			return true, nil
		}
	}
	if !c.state().CanSend() {
		return false, c.closedError()
	}
	return false, nil
}

// TryWriteEach calls [Conn.TryWritePrepared] for one connection after another. For each
// that does not take the message it calls refused with the connection's index and the
// error, which may be nil, before it goes on to the next. refused may call any method.
//
// With many connections it is faster than a loop: it prefetches the memory of several
// connections at a time, where a loop would wait for that of each.
func (m *PreparedMessage) TryWriteEach(conns []*Conn, refused func(i int, err error)) {
	for i, c := range conns {
		if i%lookAhead == 0 {
			for _, next := range conns[i:min(i+lookAhead, len(conns))] {
				next.glance()
			}
		}
		if taken, err := c.tryWritePrepared("PreparedMessage.TryWriteEach", m); !taken {
			refused(i, err)
		}
	}
}

// lookAhead is how many connections are prefetched at a time. A thousand connections do
// not stay in the processor's caches while the kernel sends.
const lookAhead = 16

// glance prefetches into the processor's cache what offerPrepared will look at.
func (c *Conn) glance() {
	_ = c.state()
	_ = c.out.gate.Held()
	_ = c.out.message.Load()
	_ = c.out.due.Load()
	_ = c.pings.way.Load() // for what lies beside it: deflate, role and trace
	_ = c.transport.NetConn()
}

// offerPrepared sends m if that takes no waiting, and reports whether it has. Of what the
// transport took a part of, a goroutine sends the rest.
func (c *Conn) offerPrepared(m *PreparedMessage) bool {
	if !c.role.Masks() && c.deflate == nil && c.trace == nil { // nothing to decide
		return c.out.tryEnterIdle() && c.out.leaveOffered(c.out.offerFramed(m.plain.framed))
	}
	h := frame.Header{Opcode: m.typ.opcode(), FIN: true}
	if m.deflated != nil && c.deflates(len(m.plain.payload)) {
		if deflated, ok := m.deflate(c.deflate); ok {
			h.RSV1 = true
			return c.offerDeflated(h, deflated, m.plain.payload)
		}
	}
	return c.offerFrame(h, m.plain)
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
