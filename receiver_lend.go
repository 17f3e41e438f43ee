package websocket

import (
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// To leave the gate for the body of a loop over messages, and to enter it again, costs two
// locked instructions for each message, which is a good part of what a small one costs. So a
// loop leaves the gate once for all messages that are in the buffer, and lends the buffer to
// itself: it goes on outside, with one locked instruction for each.
//
//	       lend                     take: the loop's next message
//	whole ──────▶ lent, 0 bytes taken ─────────────────────────▶ lent, n bytes taken
//	  ▲                 │                                              │
//	  └─────────────────┴──────────────────────────────────────────────┘
//	      takeBack: whoever enters the gate, for itself or for the loop
//
// Whoever enters takes back what the loop has not taken, and finds everything as if the loop
// had been inside for each of its messages. So a read in the body gets the next message, and
// a limit that it sets holds from there.

// lend leaves what is in the buffer to a loop. The buffer must be pinned, the gate open next.
func (r *receiver) lend() { r.lent.Store(1) }

// take has the loop own the next n bytes, outside the gate. used is what it has taken before.
// It fails if somebody has entered.
func (r *receiver) take(used, n int) bool {
	return r.lent.CompareAndSwap(uint32(1+used), uint32(1+used+n))
}

// takeBack ends what lend began. Inside the gate.
func (r *receiver) takeBack() {
	if r.lent.Load() != 0 {
		r.buf.Consume(int(r.lent.Swap(0)) - 1)
	}
}

// tryLock takes the gate if nobody is inside.
func (r *receiver) tryLock() bool {
	if !r.gate.TryLock() {
		return false
	}
	r.takeBack()
	return true
}

// lock waits for the gate, as [gate.Gate.Lock] does.
func (r *receiver) lock(giveUp, ended <-chan struct{}) bool {
	if !r.gate.Lock(giveUp, ended) {
		return false
	}
	r.takeBack()
	return true
}

// lentMessages is what is left of a buffer that is lent to a loop.
type lentMessages struct {
	rest    []byte
	used    int
	decoder conn.Decoder // as that of the receiver, between messages
}

// next takes the next message, unless it is the last and short, or for those inside the gate
// to see. It is called outside. v says what is wrong with it.
func (m *lentMessages) next(r *receiver) (op frame.Opcode, p []byte, v *frame.Violation) {
	op, p, n := m.decoder.Single(m.rest, r.limits())
	if n == 0 || n == len(m.rest) && len(p) <= maxCopiedMessage || !r.canReceive() || !r.take(m.used, n) {
		return 0, nil, nil
	}
	m.rest, m.used = m.rest[n:], m.used+n
	return op, p, m.decoder.OpenSingle(op, p)
}

// lentBodies runs the body for messages in the read buffer, of which the first is op and p. It
// is for those with others behind them in the buffer, which is held anyway, and for messages
// too long to be worth copying.
func (l *messageLoop) lentBodies(op frame.Opcode, p []byte) {
	r := &l.c.in
	if l.err = r.openSingle(l.ctx, op, p); l.err != nil {
		return
	}
	pinned := r.buf.Pin()
	m := lentMessages{rest: r.buf.Bytes(), decoder: r.decoder}
	r.lend()
	l.leave(len(m.rest) > 0)
	v := l.eachLent(&m, op, p)
	l.enterAgain()
	if l.outside {
		r.abandonBuffer(pinned)
		return
	}
	r.buf.Unpin(pinned)
	if v != nil && l.err == nil {
		l.err = r.host.refused(l.ctx, v)
	}
}

// eachLent runs the body until the rest is for those inside the gate to see.
func (l *messageLoop) eachLent(m *lentMessages, op frame.Opcode, p []byte) (v *frame.Violation) {
	for op != 0 {
		l.body(op, p)
		if l.stopped || l.turn && l.left <= 0 {
			return nil
		}
		if op, p, v = m.next(&l.c.in); v != nil {
			return v
		}
		l.c.out.expectMore()
	}
	return nil
}

// takeOrphan unpins, inside the gate, what a loop could not unpin outside. There is one at
// most: a loop runs inline only after the loop before it has left, and first takes what
// that one left.
func (r *receiver) takeOrphan() {
	if r.orphan.Load() != nil { // hardly ever
		r.unpinOrphan()
	}
}

func (r *receiver) unpinOrphan() {
	if pinned := r.orphan.Swap(nil); pinned != nil {
		r.buf.Unpin(pinned)
	}
}

// abandonBuffer leaves what was pinned of the buffer to the next caller inside the gate. It
// is called outside the gate.
func (r *receiver) abandonBuffer(pinned *[]byte) {
	r.orphan.Store(pinned)
	if r.stateIs(conn.Terminated) {
		r.retire() // an earlier retire did not see this
	}
}
