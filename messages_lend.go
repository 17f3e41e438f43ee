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
