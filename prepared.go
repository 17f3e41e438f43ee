package websocket

import (
	"context"
	"sync"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// PreparedMessage is a message that is framed once and sent on many connections. For
// connections that compress, it is compressed once for each window size and level, when that
// is first needed. It never refers to earlier messages of a connection.
type PreparedMessage struct {
	typ   MessageType
	plain preparedFrame

	mu       sync.Mutex
	deflated map[deflateSettings]preparedFrame // nil: never compressed
}

// deflateSettings are what the bytes of a compressed message depend on.
type deflateSettings struct{ windowBits, level int }

// preparedFrame is a payload and the frame around it, as a server sends it. A client masks
// each copy with another key.
type preparedFrame struct{ payload, framed []byte }

// Prepare frames p as a message for [Conn.WritePrepared]. It copies p. It does not check typ:
// the methods that send the message do.
func Prepare(typ MessageType, p []byte) *PreparedMessage {
	m := PrepareUncompressed(typ, p)
	m.deflated = make(map[deflateSettings]preparedFrame)
	return m
}

// PrepareUncompressed is [Prepare] for a message that must not be compressed: see
// [Uncompressed].
func PrepareUncompressed(typ MessageType, p []byte) *PreparedMessage {
	return &PreparedMessage{typ: typ, plain: prepareFrame(frame.Header{Opcode: typ.opcode(), FIN: true}, p)}
}

// prepareFrame frames p behind h, whose Length it sets.
func prepareFrame(h frame.Header, p []byte) preparedFrame {
	h.Length = uint64(len(p))
	framed := make([]byte, 0, frame.HeaderSize(h)+len(p))
	framed = append(frame.AppendHeader(framed, h), p...)
	return preparedFrame{payload: framed[frame.HeaderSize(h):], framed: framed}
}

// Type returns the type of the message.
func (m *PreparedMessage) Type() MessageType { return m.typ }

// WritePrepared is [Conn.Write] for a message that is already framed. Any number of
// connections may send the same message at the same time.
func (c *Conn) WritePrepared(ctx context.Context, m *PreparedMessage) error {
	if err := c.checkWrite(ctx, "Conn.WritePrepared", m.typ); err != nil {
		return err
	}
	return c.writePrepared(ctx, m, neverHeld)
}

// WritePrepared adds a message, like [Conn.WritePrepared].
func (b Batch) WritePrepared(ctx context.Context, m *PreparedMessage) error {
	if err := b.c.checkWrite(ctx, "Batch.WritePrepared", m.typ); err != nil {
		return err
	}
	return b.c.writePrepared(ctx, m, inBatch)
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
	if !c.out.role.Masks() {
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

// deflate returns the message as compressed for a connection. ok is false if compression
// does not make it smaller.
func (m *PreparedMessage) deflate(z *deflating) (deflated preparedFrame, ok bool) {
	settings := deflateSettings{z.out.Terms().WindowBits, z.out.Level()}
	m.mu.Lock()
	defer m.mu.Unlock()
	deflated, ok = m.deflated[settings]
	if !ok {
		alone := conn.NewDeflater(conn.Terms{WindowBits: settings.windowBits}, settings.level)
		if p := deflateMessage(&alone, nil, m.plain.payload); len(p) < len(m.plain.payload) {
			deflated = prepareFrame(frame.Header{Opcode: m.typ.opcode(), FIN: true, RSV1: true}, p)
		}
		m.deflated[settings] = deflated
	}
	return deflated, deflated.framed != nil
}

// TryWritePrepared is [Conn.WritePrepared] without waiting, neither for the peer nor for
// another writer. It reports whether the message was taken. If it was, all of it is sent; if
// the socket has room for only a part, a goroutine or the [Loop] sends the rest. If it was
// not, nothing of it is sent, and the caller may try again (see [Conn.WhenWritable]) or call
// WritePrepared.
//
// A message is taken only if nothing must be sent before it: no other message, no rest of
// one, no [Batch], no pong. Only TCP and Unix sockets can tell whether they have room, and TLS
// on a [Loop]. On other streams no message is ever taken.
//
// err is nil as long as messages can be sent. It is a [*ClosedError] once they cannot, and a
// [*UsageError] if the message's type does not exist. A nil m is never taken: such a call
// only asks whether messages can still be sent.
func (c *Conn) TryWritePrepared(m *PreparedMessage) (taken bool, err error) {
	return c.tryWritePrepared("Conn.TryWritePrepared", m)
}

func (c *Conn) tryWritePrepared(method string, m *PreparedMessage) (taken bool, err error) {
	if m != nil {
		if err := checkType(method, m.typ); err != nil {
			return false, err
		}
		if c.tryPrepared(m) {
			return true, nil
		}
	}
	if !c.state().CanSend() {
		return false, c.closedError()
	}
	return false, nil
}

// TryWriteEach calls [Conn.TryWritePrepared] for one connection after another. If a
// connection does not take the message, it calls refused with the connection's index and
// the error, which may be nil, before it goes on. refused may call any method.
//
// For many connections it is faster than a loop, because it prefetches the memory of several
// connections at a time.
func (m *PreparedMessage) TryWriteEach(conns []*Conn, refused func(i int, err error)) {
	for i, c := range conns {
		if i%lookAhead == 0 {
			for _, next := range conns[i:min(i+lookAhead, len(conns))] {
				next.prefetch()
			}
		}
		if taken, err := c.tryWritePrepared("PreparedMessage.TryWriteEach", m); !taken {
			refused(i, err)
		}
	}
}

// lookAhead is how many connections are prefetched at a time: a thousand connections do not
// stay in the processor's caches while the kernel sends.
const lookAhead = 16

// prefetch loads into the processor's cache what tryPrepared will look at.
func (c *Conn) prefetch() {
	_ = c.state()
	_ = c.out.gate.Held()
	_ = c.out.message.Load()
	_ = c.out.due.Load()
	_ = c.pings.way.Load() // for what lies beside it: deflate, role and trace
	_ = c.transport.NetConn()
}

// tryPrepared sends m if that needs no waiting, and reports whether it did. If the transport
// took only a part, a goroutine sends the rest.
func (c *Conn) tryPrepared(m *PreparedMessage) bool {
	if !c.out.role.Masks() && c.deflate == nil && c.trace() == nil { // nothing to decide
		return c.out.tryEnterIdle() && c.out.leaveOffered(c.out.offerFramed(m.plain.framed))
	}
	h := frame.Header{Opcode: m.typ.opcode(), FIN: true}
	if m.deflated != nil && c.deflates(len(m.plain.payload)) {
		if deflated, ok := m.deflate(c.deflate); ok {
			h.RSV1 = true
			return c.tryDeflated(h, deflated, m.plain.payload)
		}
	}
	return c.tryFrame(h, m.plain)
}

// tryDeflated tries to send a frame whose decompressed payload is p.
func (c *Conn) tryDeflated(h frame.Header, deflated preparedFrame, p []byte) bool {
	z := c.deflate
	if z.out.Terms().Takeover && !z.turn.TryLock() {
		return false
	}
	ok := c.tryFrame(h, deflated)
	if ok { // it has its place in the stream
		z.out.Sent(p)
	}
	z.leave()
	return ok
}

func (c *Conn) tryFrame(h frame.Header, f preparedFrame) bool {
	if !c.out.tryEnterIdle() {
		return false
	}
	h.Length = uint64(len(f.payload))
	var taken offered
	if c.out.role.Masks() {
		h.Masked = true
		taken = c.out.offerMasked(h, f.payload)
	} else {
		taken = c.out.offerFramed(f.framed)
	}
	if taken != takenNothing && c.trace() != nil {
		c.traceWritten(h)
	}
	return c.out.leaveOffered(taken)
}
