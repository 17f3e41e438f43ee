package websocket

import (
	"context"
	"iter"
	"time"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Message is one data message, as [Conn.Messages] yields it.
type Message struct {
	Type MessageType
	// Data is valid until the next message is asked for.
	Data []byte
}

// Messages iterates over the messages that arrive. It ends silently when the connection is
// closed with StatusNormalClosure or StatusGoingAway; [Conn.CloseNow] then returns a
// [*ClosedError] that says which. Otherwise the last iteration yields an error.
//
// Short messages that are written on this connection, by any goroutine, are held back while
// the next message has already arrived. So a loop that answers messages sends the answers
// to all that arrived together with one system call, as a [Batch] does. Held messages are
// sent before the loop waits for the network, when it ends, and after 5 ms if its body
// takes longer. A loop that ends waits for that, for 5 ms at most, because the peer may not
// be reading. When the peer closes its direction of the stream, held messages are still
// sent, within [Timeouts.Close]. [Conn.CloseNow], in the body or after the loop, drops
// those that are still held.
//
// The memory of Data is borrowed while the body runs, so a connection that waits for a
// message holds none. The socket is in use, too: after CloseNow its file descriptor is
// released when the body ends.
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

// messageLoop is one loop over the messages of a connection. Every idle connection waits with
// one, so it is small.
type messageLoop struct {
	c     *Conn
	ctx   context.Context
	yield func(Message, error) bool // the body; nil: a Loop has it
	err   error                     // why there is no more
	*insideLoop

	since    uint32 // seconds on the clock when the count of messages began
	messages uint8  // how many were waited for since then
	turn     bool   // this is a turn of a Loop
	outside  bool   // the loop left its socket and could not enter the gate again
	stopped  bool   // the body wants no more
}

// insideLoop is what a loop needs besides that runs inside its socket, or for a [Loop].
type insideLoop struct {
	socket transport.Releaser
	wait   func() error       // waitInline, bound once
	arrive func() (stay bool) // arrived, bound once

	loop receiving   // nil: Conn.Messages
	done *CloseError // loop wants no more: how to close the connection
	left int         // how many messages the turn may still deliver; in a turn only
}

// receiving is what a [Loop] does with messages: it has the Receiver called. It returns nil if
// the Receiver wants more.
type receiving interface {
	deliver(m Message) (done *CloseError)
}

// next runs the body for the next message, or for all that arrive while the loop can stay
// inside the read of its socket. It reports whether there may be more.
func (l *messageLoop) next() bool {
	if l.err = l.enter(); l.err != nil {
		return false
	}
	return l.entered()
}

// entered is next, inside the gate. It returns outside.
func (l *messageLoop) entered() bool {
	r := &l.c.in
	if r.stream != nil {
		l.err = r.endStream(l.ctx, "Conn.Messages")
	}
	switch {
	case l.err != nil || !r.needsMore():
	default:
		if l.busy() && r.atStart() {
			if socket, ok := l.c.transport.(transport.InlineLooper); ok {
				return l.runInline(socket)
			}
		}
		l.err = r.fill(l.ctx)
	}
	if l.err != nil {
		r.leave()
		return false
	}
	return l.one()
}

// enter takes the gate. A turn does not wait for it.
func (l *messageLoop) enter() error {
	switch {
	case l.yield != nil:
		return l.c.in.enter(l.ctx, "Conn.Messages")
	case !l.turn:
		return l.c.in.enter(l.ctx, loopMethod)
	}
	if !l.c.in.enterTurn() {
		return transport.ErrAgain
	}
	return nil
}

// deliver has a Loop's Receiver called. It reports whether that wants more.
func (l *messageLoop) deliver(m Message) bool {
	l.left--
	l.done = l.loop.deliver(m)
	return l.done == nil
}

// A loop that gets busyMessages within one or two seconds runs inline. On a quieter
// connection that costs more than it saves, and the goroutine would keep a larger stack.
const busyMessages = 8

// busy counts a wait for the network, and reports whether the loop is worth running inline.
func (l *messageLoop) busy() bool {
	if l.messages++; l.messages < busyMessages {
		return false
	}
	now := uint32(time.Since(clockStart)/time.Second) + 1
	worth := l.since != 0 && now-l.since <= 1
	l.since, l.messages = now, 0
	return worth
}

// one runs the body for one message, whose beginning is there. It is called inside the gate
// and returns outside.
func (l *messageLoop) one() bool {
	b := messageBuffers.Get().(*messageBuffer)
	switch {
	case !l.receive(b):
	case l.yield != nil: // here, to keep the stack below the body small
		l.stopped = !l.yield(Message{b.typ, b.data}, nil)
	default:
		l.stopped = !l.deliver(Message{b.typ, b.data})
	}
	b.giveBack()
	return l.err == nil && !l.stopped
}

// receive is not inlined, to keep the stack below the body small.
//
//go:noinline
func (l *messageLoop) receive(b *messageBuffer) bool {
	c := l.c
	b.typ, b.data, l.err = c.in.receive(l.ctx, b.data[:0])
	c.out.expectReplies(l.err == nil && c.in.buf.Buffered() > 0)
	c.in.leave()
	return l.err == nil
}

// runInline waits for messages inside the socket's read, and runs the body there for each.
// It is called inside the gate and returns outside.
func (l *messageLoop) runInline(socket transport.InlineLooper) bool {
	r := &l.c.in
	if l.insideLoop == nil {
		l.insideLoop = new(insideLoop)
	}
	if l.wait == nil {
		l.wait, l.arrive = l.waitInline, l.arrived
	}
	l.socket = socket
	if _, err := r.wait(l.ctx, nil, l.wait); err != nil {
		l.err = err
	}
	if !l.outside {
		r.leave()
	}
	l.outside = false
	return l.err == nil && !l.stopped
}

// waitInline is what runInline waits with.
func (l *messageLoop) waitInline() error {
	err := l.socket.(transport.InlineLooper).RunInline(&l.c.in.buf, l.arrive)
	if l.outside || l.stopped || l.err != nil {
		return nil // the loop ends, whatever becomes of the socket
	}
	return err
}

// arrived runs the body for each complete message that has come into the buffer. It reports
// whether the loop stays inside the read of the socket.
func (l *messageLoop) arrived() (stay bool) {
	r := &l.c.in
	r.noteArrival()
	op, p, ok := r.nextSingle()
	if !ok || !l.socket.Release() {
		return false
	}
	r.takeOrphan()
	for ; ok; op, p, ok = r.nextSingle() {
		if r.buf.Buffered() > 0 || len(p) > maxCopiedMessage {
			l.lentBodies(op, p)
		} else {
			l.copied(op, p)
		}
		if l.outside || l.stopped || l.err != nil || l.turn && l.left <= 0 {
			break
		}
	}
	if l.outside || !l.socket.Reacquire() || l.stopped || l.err != nil || !r.atStart() {
		return false
	}
	l.c.out.beforeWait()
	if arm(l.ctx, &r.canceler, r.host) != nil {
		l.err = r.host.givenUp(l.ctx)
		return false
	}
	return true
}

// maxCopiedMessage is how many bytes copied copies at most. A longer message stays in the
// read buffer while the body runs: a copy would cost as much memory.
const maxCopiedMessage = 4 << 10

// copied runs the body on a copy of a short message that is the last in the buffer, so that
// the loop does not hold the read buffer.
func (l *messageLoop) copied(op frame.Opcode, p []byte) {
	b := messageBuffers.Get().(*messageBuffer)
	if b.data, l.err = l.c.in.appendSingle(l.ctx, op, b.data[:0], p); l.err == nil {
		l.leave(false)
		l.body(op, b.data)
		l.enterAgain()
	}
	b.giveBack()
}

// leave leaves the gate to run the body. isMore says whether another message is there.
func (l *messageLoop) leave(isMore bool) {
	l.c.out.expectReplies(isMore)
	l.c.in.leave()
}

// body runs the body, outside the gate.
func (l *messageLoop) body(op frame.Opcode, p []byte) {
	if l.yield != nil {
		l.stopped = !l.yield(Message{Type: MessageType(op), Data: p}, nil)
	} else {
		l.stopped = !l.deliver(Message{Type: MessageType(op), Data: p})
	}
}

// enterAgain enters the gate after the body.
func (l *messageLoop) enterAgain() {
	c := l.c
	switch {
	case c.in.tryLock():
		if l.turn {
			c.in.reader = readInTurn
		}
		switch {
		case l.stopped:
		case !c.in.canReceive():
			l.err = c.closedError()
		case l.yield != nil && c.in.reader != readByCaller: // Loop.Add was called in the body
			l.err = onLoopError("Conn.Messages")
		}
	case l.stopped:
		l.outside = true
	default:
		l.err = c.in.waitForGate(l.ctx, "Conn.Messages")
		l.outside = l.err != nil
	}
}
