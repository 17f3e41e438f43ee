package websocket

import (
	"context"
	"iter"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Message is one data message, as [Conn.Messages] yields it.
type Message struct {
	Type MessageType
	// Data is valid until the next message is asked for.
	Data []byte
}

// Messages iterates over the messages that arrive. It ends silently when the
// connection is closed with StatusNormalClosure or StatusGoingAway, and yields one
// error otherwise, last. After a silent end [Conn.CloseNow] returns a [*ClosedError] that
// says which it was.
//
// While the next message has arrived already, short messages that are written on this
// connection, by any goroutine, are held back: a loop that answers messages answers all
// that have come together with one system call, as with a [Batch]. They leave before the
// loop waits for the network, when it ends, and after 5 ms at the latest, if its body takes
// longer. A loop that ends waits for them to leave, but for 5 ms at most: the peer may not
// be reading. When the peer closes its direction of the stream they are still sent, within
// [Timeouts.Close]. [Conn.CloseNow], in the body or after the loop, drops those that have
// not left.
//
// The memory of Data is borrowed while the loop's body runs, so that a connection
// that waits for a message holds none. So is the socket: after CloseNow its file
// descriptor is released when the body ends.
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		l := &messageLoop{c: c, ctx: ctx, yield: yield}
		for l.next() {
		}
		c.out.endReplies(ctx)
		if l.err != nil {
			lastError(yield, l.err)
		}
	}
}

// lastError yields err unless it is an orderly end.
func lastError(yield func(Message, error) bool, err error) {
	if !orderly(err) {
		yield(Message{}, err)
	}
}

// messageLoop is one loop over the messages of a connection.
type messageLoop struct {
	c     *Conn
	ctx   context.Context
	yield func(Message, error) bool

	lent *messageBuffer
	err  error // why there is no more

	since    uint32 // seconds on the clock: when messages began to be counted
	messages uint8  // waited for since then
	outside  bool   // the loop had to leave its socket without being inside the gate
	stopped  bool   // the body wants no more
}

// next runs the body for the next message, or for all that come as long as the loop
// can stay inside the read of its socket. It reports whether there may be more.
func (l *messageLoop) next() bool {
	r := &l.c.in
	if l.err = r.enter(l.ctx); l.err != nil {
		return false
	}
	switch {
	case r.stream != nil:
		l.err = messageOpen("Conn.Messages")
	case !r.needsMore():
	case l.busy() && r.atStart():
		if socket, ok := l.c.transport.(transport.InlineLooper); ok {
			return l.runInline(socket)
		}
		l.err = r.fill(l.ctx)
	default:
		l.err = r.fill(l.ctx)
	}
	if l.err != nil {
		r.leave()
		return false
	}
	return l.one()
}

// busyMessages in a second or two make a loop one that is worth running
// inline, which costs more than it saves where little happens, and more of the stack.
const busyMessages = 8

var clockStart = time.Now()

// busy counts a wait for the network.
func (l *messageLoop) busy() bool {
	if l.messages++; l.messages < busyMessages {
		return false
	}
	now := uint32(time.Since(clockStart)/time.Second) + 1
	worth := l.since != 0 && now-l.since <= 1
	l.since, l.messages = now, 0
	return worth
}

// one runs the body for one message, the beginning of which is there. It is called
// inside the gate and returns outside.
func (l *messageLoop) one() bool {
	l.lent = messageBuffers.Get().(*messageBuffer)
	if l.receive() {
		l.stopped = !l.yield(Message{l.lent.typ, l.lent.data}, nil)
	}
	l.lent.giveBack()
	l.lent = nil
	return l.err == nil && !l.stopped
}

// receive stays out of line, for the sake of the stack below the body.
//
//go:noinline
func (l *messageLoop) receive() bool {
	c, b := l.c, l.lent
	b.typ, b.data, l.err = c.in.receive(l.ctx, b.data[:0])
	c.out.expectReplies(l.err == nil && c.in.buf.Buffered() > 0)
	c.in.leave()
	return l.err == nil
}

// runInline waits for messages inside the socket's read, and runs the body there for each.
// It is called inside the gate and returns outside.
func (l *messageLoop) runInline(socket transport.InlineLooper) bool {
	r := &l.c.in
	arrived := func() bool { return l.arrived(socket) }
	_, err := r.wait(l.ctx, nil, func() error {
		err := socket.RunInline(&r.buf, arrived)
		if l.outside || l.stopped || l.err != nil {
			return nil // the loop ends, whatever becomes of the socket
		}
		return err
	})
	if err != nil {
		l.err = err
	}
	if !l.outside {
		r.leave()
	}
	l.outside = false
	return l.err == nil && !l.stopped
}

// arrived deals with what has come into the buffer, as far as it is whole messages.
func (l *messageLoop) arrived(socket transport.InlineLooper) (stay bool) {
	r := &l.c.in
	r.noteArrival()
	op, p, ok := r.nextSingle()
	if !ok || !socket.Release() {
		return false
	}
	r.takeOrphan()
	for ; ok; op, p, ok = r.nextSingle() {
		if r.buf.Buffered() > 0 || len(p) > conn.MaxInlinePayload {
			l.inPlace(op, p)
		} else {
			l.copied(op, p)
		}
		if l.outside || l.stopped || l.err != nil {
			break
		}
	}
	if l.outside || !socket.Reacquire() || l.stopped || l.err != nil || !r.atStart() {
		return false
	}
	l.c.out.beforeWait()
	if arm(l.ctx, &r.canceler, r.host) != nil {
		l.err = r.host.givenUp(l.ctx)
		return false
	}
	return true
}

// inPlace runs the body for a message in the read buffer, where more has come, or
// for one that a copy would cost as much memory.
func (l *messageLoop) inPlace(op frame.Opcode, p []byte) {
	r := &l.c.in
	if l.err = r.openSingle(l.ctx, op, p); l.err != nil {
		return
	}
	pinned := r.buf.Pin()
	l.body(op, p)
	if l.outside {
		r.abandonBuffer(pinned)
	} else {
		r.buf.Unpin(pinned)
	}
}

// copied runs the body for a short message that is the last that has come, so that it
// need not hold the read buffer.
func (l *messageLoop) copied(op frame.Opcode, p []byte) {
	b := messageBuffers.Get().(*messageBuffer)
	if b.data, l.err = l.c.in.appendSingle(l.ctx, op, b.data[:0], p); l.err == nil {
		l.body(op, b.data)
	}
	b.giveBack()
}

// body leaves the gate to run the body, and enters it again.
func (l *messageLoop) body(op frame.Opcode, p []byte) {
	c := l.c
	c.out.expectReplies(c.in.buf.Buffered() > 0)
	c.in.leave()
	l.stopped = !l.yield(Message{Type: MessageType(op), Data: p}, nil)
	switch {
	case c.in.gate.TryLock():
		if !l.stopped && !c.in.canReceive() {
			l.err = c.closedError()
		}
	case l.stopped:
		l.outside = true
	default:
		l.err = c.in.waitForGate(l.ctx)
		l.outside = l.err != nil
	}
}
