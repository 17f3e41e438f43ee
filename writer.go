package websocket

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/gate"
	"github.com/hawser-ws/websocket/internal/ledger"
	"github.com/hawser-ws/websocket/internal/transport"
)

// writer is the sending half of a connection: octets out of frames.
//
// A frame to be sent is an [outgoing]. Whoever is inside the gate encodes its own
// and all that wait in the queue into one buffer and writes them together, so
// that concurrent writers share system calls without a goroutine to serve them.
// A caller keeps its payload unchanged until its frame is settled.
type writer struct {
	gate     gate.Gate
	canceler transport.Canceler
	*sending        // inside the gate; borrowed while it holds something
	rest     func() // inside the gate; writeDue, once it was needed

	// Set inside the gate, read anywhere.
	message atomic.Pointer[messageWriter] // whose first fragment is encoded and whose last is not
	held    atomic.Int32                  // octets in buf that wait for more to leave with them
	urged   atomic.Bool                   // they must not: a read is about to wait

	replying atomic.Bool // a loop over messages has more of them at hand: see Conn.Messages
	limiting atomic.Bool // limiter is set
	limiter  *time.Timer // made by the first to use it, inside the gate

	between gate.Wakeup // for those who wait for a fragmented message to end

	mu        sync.Mutex
	waiting   *waiting     // nil: nothing ever has; under mu
	due       atomic.Int32 // how many are in its queue
	pongsDue  atomic.Int32 // how many are in its pongs
	withdrawn atomic.Int32 // how many of taken have callers that gave up
	ending    atomic.Bool  // the peer's direction has ended: see endOfStream
}

// waiting is what could not be sent at once.
type waiting struct {
	queue []*outgoing // waiting to be encoded
	pongs pongQueue
	spare []*outgoing // to be used again

	tickets uint64 // how many frames were put into the queue
}

// waits returns waiting, and makes it if need be. Under mu.
func (w *writer) waits() *waiting {
	if w.waiting == nil {
		w.waiting = &waiting{}
	}
	return w.waiting
}

// sending is what a writer needs while something is on its way.
//
// The offsets count octets since it was borrowed. They tell of every frame whether
// none, some or all of it is on the wire.
type sending struct {
	own       outgoing // of a caller that found the gate open
	buf       [sendSize]byte
	start     int // buf[start:end] is to be written
	end       int
	tail      []byte      // follows the buffer: the rest of the last frame's payload
	tailKey   frame.Key   // masks it (client)
	encoded   uint64      // offset up to which frames are encoded
	sent      uint64      // offset up to which they are on the wire
	committed uint64      // frames that begin below cannot be taken back
	taken     []*outgoing // encoded and not settled, in order
	kept      bool        // buf is not lent again: see keepBuffer
}

var sendings = ledger.NewPool("sendings", func() any { return &sending{own: outgoing{phase: outSettled}} })

// borrow sees to it that there is a sending.
func (w *writer) borrow() {
	if w.sending == nil {
		w.sending = sendings.Get().(*sending)
	}
}

// giveBack returns the sending if nothing is on its way.
func (w *writer) giveBack() {
	if w.sending == nil || w.unsent() || len(w.taken) > 0 {
		return
	}
	if w.kept {
		w.sending = nil
		return
	}
	w.start, w.end, w.tail = 0, 0, nil
	w.encoded, w.sent, w.committed = 0, 0, 0
	if all := w.taken[:cap(w.taken)]; len(all) > 0 && all[0] != nil {
		clear(all)
	}
	sendings.Put(w.sending)
	w.sending = nil
}

// submit sends a frame. It returns when the frame is handed to the transport, has
// failed, or has been taken back because ctx ended before any of it was sent.
func (c *Conn) submit(ctx context.Context, f *outgoing) (conn.Action, error) {
	w := &c.out
	if w.gate.TryLock() {
		w.borrow()
		w.own = *f
		if do, settled, err := c.sendOwn(ctx); settled {
			return do, err
		}
	}
	return c.enqueue(ctx, f)
}

// sendOwn sends writer.own, inside the gate, and leaves. It is not settled if a
// fragmented message must end before it.
//
// What a write to the network needs of the stack counts here: a goroutine whose
// stack has grown beyond 2 KiB once keeps it, and there is one for every
// connection. So the functions on the way to the system call keep their frames
// small.
func (c *Conn) sendOwn(ctx context.Context) (do conn.Action, settled bool, err error) {
	c.out.placeOwn()
	c.flush(ctx, &c.out.own)
	do, settled, err = c.out.takeOwn()
	c.leaveWrite()
	return do, settled, err
}

// placeOwn gives own its place: behind the frames that wait already, before those that
// come later. A ping goes before them all: see join.
func (w *writer) placeOwn() {
	if w.due.Load() == 0 || w.own.header.Opcode == frame.Ping {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.own.ticket = w.waits().tickets
}

// takeOwn empties own and returns how it ended.
func (w *writer) takeOwn() (do conn.Action, settled bool, err error) {
	o := &w.own
	do, settled, err = o.do, o.phase == outSettled, o.err
	*o = outgoing{phase: outSettled}
	return do, settled, err
}

// enqueue is submit for a frame that has to wait.
func (c *Conn) enqueue(ctx context.Context, f *outgoing) (conn.Action, error) {
	w := &c.out
	w.mu.Lock()
	o := w.waits().join(f)
	w.due.Add(1)
	w.mu.Unlock()
	c.await(ctx, o)
	do, err := o.do, o.err
	w.reuse(o)
	return do, err
}

// await waits until o is settled: by another writer, or by the caller when its
// turn at the gate comes.
func (c *Conn) await(ctx context.Context, o *outgoing) {
	w := &c.out
	giveUp := ctx.Done()
	for {
		again := w.gate.WaitC()
		if w.gate.TryLockOrQueue() {
			c.flush(ctx, o)
			if o.phase == outWaiting { // a fragmented message must end before it
				again = w.between.C()
			}
			c.leaveWrite()
		}
		select {
		case <-o.settled:
			return
		case <-again:
		case <-giveUp:
			giveUp = nil
			c.withdraw(o, ctx.Err())
		}
	}
}

// flush writes what is due, until o is settled, or, if o is nil, until what was due
// at first is on the wire: nobody serves the others for ever. It returns sooner when
// ctx has ended, whose frame is then taken back if it can be, and when o cannot go
// before a fragmented message has ended.
func (c *Conn) flush(ctx context.Context, o *outgoing) {
	w := &c.out
	if o != nil && o.phase == outSettled {
		return
	}
	w.borrow()
	if o == nil || o.phase != outTaken || ctx.Err() == nil { // what is to be taken back stays the last
		c.encodeDue(o)
	}
	vain := false
	for due := w.encoded; w.unsent(); c.encodeDue(o) {
		if o != nil && w.mayHold(o.hold) && c.holdBack(o) {
			return
		}
		sent := w.sent
		err := c.arm(&w.canceler, ctx)
		switch {
		case err != nil, w.withdrawn.Load() != 0:
			err = errInterrupted // as if the write had been interrupted at once
		case c.inParts():
			err = c.transmitPart()
		default:
			var n int
			head, tail := c.toWrite()
			n, err = c.transport.Write(head, tail)
			w.wrote(n)
		}
		err, vain = w.interruption(err, w.sent == sent, vain)
		c.settleSent()
		switch {
		case err == nil && w.withdrawn.Load() == 0:
			if o != nil && o.phase == outSettled || o == nil && w.sent >= due {
				return
			}
		case err == nil, err == errInterrupted:
			var goOn bool
			if ctx, goOn = c.reconsider(ctx, o); !goOn {
				return
			}
		default:
			c.writeFailed(conn.BreakWrite, c.whoCut(ctx, err))
			return
		}
	}
}

// unsent reports whether something is encoded and not on the wire.
func (w *writer) unsent() bool { return w.start != w.end || len(w.tail) > 0 }

// toWrite returns what is encoded and not on the wire. A client's tail is not: it
// is masked into the buffer first, a part at a time.
func (c *Conn) toWrite() (head, tail []byte) {
	w := &c.out
	head = w.buf[w.start:w.end]
	if !c.role.Masks() {
		tail = w.tail
	}
	return head, tail
}

// wrote notes that n octets of toWrite are on the wire.
func (w *writer) wrote(n int) {
	w.sent += uint64(n)
	inHead := min(n, w.end-w.start)
	w.start += inHead
	w.tail = w.tail[n-inHead:]
	if w.start == w.end {
		w.start, w.end = 0, 0
	}
	if w.held.Load() != 0 { // to look is cheaper than to store
		w.held.Store(0)
	}
	if w.urged.Load() {
		w.urged.Store(false)
	}
}

// settleSent settles the frames that are on the wire whole.
func (c *Conn) settleSent() {
	w := &c.out
	if len(w.taken) == 1 && w.taken[0] == &w.own {
		if w.own.end <= w.sent {
			c.noteWritten(&w.own)
			w.own.settle(nil)
			w.taken = w.taken[:0]
		}
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for ; n < len(w.taken) && w.taken[n].end <= w.sent; n++ {
		w.forgiveWithdrawal(w.taken[n])
		c.noteWritten(w.taken[n])
		w.taken[n].settle(nil)
	}
	w.taken = append(w.taken[:0], w.taken[n:]...)
}

// noteWritten notes that a frame is on the wire whole.
func (c *Conn) noteWritten(o *outgoing) {
	if o.header.Opcode == frame.Close {
		c.event(conn.FlushClose, conn.CloseBody{}, nil)
	}
}

// writeFailed reports that the transport cannot be written to any more, and fails
// what is under way.
func (c *Conn) writeFailed(e conn.Event, cause error) {
	c.event(e, conn.CloseBody{}, cause)
	c.failTaken()
}

// failTaken fails the frames that are encoded and not settled.
func (c *Conn) failTaken() {
	w := &c.out
	w.start, w.end, w.tail = 0, 0, nil
	w.held.Store(0)
	w.message.Store(nil)
	if len(w.taken) == 0 {
		return
	}
	err := c.closedError()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.taken {
		w.forgiveWithdrawal(t)
		t.settle(err)
	}
	w.taken = w.taken[:0]
}

// leaveWrite leaves the gate, and sees to what nobody else would do.
func (c *Conn) leaveWrite() {
	w := &c.out
	w.canceler.Park()
	w.giveBack()
	unsent := w.sending != nil && w.unsent()
	owned := w.sending != nil && len(w.taken) > 0 // by callers that wait, and go on where this one stopped
	held := int(w.held.Load())
	batch := held > 0 && held == w.end-w.start // and nothing behind it
	w.gate.Unlock()
	switch {
	case c.state() == conn.Terminated:
		c.retireWrite()
		return
	case unsent && !owned && !batch:
		go c.finishWriting() // pongs and the like: their writer was cancelled
		return
	case owned, w.due.Load() > 0 && w.message.Load() == nil:
		w.gate.WakeOne()
		w.between.Wake()
	}
	if (w.pongsDue.Load() > 0 || w.urged.Load() && w.held.Load() > 0) && w.gate.TryLock() {
		c.handOver() // a peer that does not read it is not the caller's concern
	}
}

// finishWriting writes what is due on nobody's behalf.
func (c *Conn) finishWriting() {
	c.out.gate.Lock(nil, nil)
	c.writeDue()
}

// retireWrite gives back what the sending half holds, and fails what waits, once
// nobody is inside. As [Conn.retireRead].
func (c *Conn) retireWrite() {
	w := &c.out
	if !w.gate.TryLock() {
		return
	}
	w.canceler.Reset()
	w.borrow()
	c.failTaken()
	c.encodeDue(nil) // settles what is in the queue: nothing can be sent any more
	w.giveBack()
	w.gate.Unlock()
}
