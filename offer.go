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
		return c.enterFirst() && c.leaveOffered(c.offerFramed(m.plain.framed))
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
	if !c.enterFirst() {
		return false
	}
	h.Length = uint64(len(f.payload))
	var sent, whole bool
	if c.role.Masks() {
		sent, whole = c.offerMasked(&h, f.payload)
	} else {
		sent, whole = c.offerFramed(f.framed)
	}
	if sent && c.trace != nil {
		c.traceWritten(h)
	}
	return c.leaveOffered(sent, whole)
}

// enterFirst enters the gate if nobody is inside, and a message would go past nobody:
// neither what is held back or half on the wire, nor who waits, nor fragments.
func (c *Conn) enterFirst() bool {
	w := &c.out
	if !w.gate.TryLock() {
		return false
	}
	if w.sending != nil || w.due.Load() > 0 || w.pongsDue.Load() > 0 || w.message.Load() != nil || !c.state().CanSend() {
		c.leaveWrite()
		return false
	}
	return true
}

// leaveOffered leaves the gate, to a goroutine that sends the rest if there is one.
func (c *Conn) leaveOffered(sent, whole bool) bool {
	if sent && !whole {
		c.handOver()
	} else {
		c.leaveWrite()
	}
	return sent
}

// offerFramed offers a frame from where it is. Of one that was taken in part it keeps
// the rest, as writer.tail.
func (c *Conn) offerFramed(p []byte) (sent, whole bool) {
	n := c.transport.TryWrite(p)
	if n == len(p) || n == 0 {
		return n > 0, n > 0
	}
	w := &c.out
	w.borrow()
	w.tail = p[n:]
	w.sent, w.encoded = uint64(n), uint64(len(p))
	w.committed = w.encoded
	return true, false
}

// offerMasked masks a payload, a part at a time, and offers it behind its header.
func (c *Conn) offerMasked(h *frame.Header, payload []byte) (sent, whole bool) {
	w := &c.out
	w.borrow()
	h.Masked, h.Key = true, newMaskKey()
	w.tailKey = h.Key
	w.end = len(frame.AppendHeader(w.buf[:0], *h))
	w.encoded = uint64(w.end)
	c.put(payload)
	w.committed = w.encoded
	for w.unsent() {
		n := c.transport.TryWrite(w.buf[w.start:w.end])
		w.wrote(n)
		if w.start != w.end {
			break
		}
		c.encodeTail()
	}
	if w.sent == 0 { // as if it had never been here
		w.start, w.end, w.tail = 0, 0, nil
	}
	return w.sent > 0, !w.unsent()
}
