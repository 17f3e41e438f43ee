package websocket

import (
	"sync"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/eventloop"
	"github.com/hawser-ws/websocket/internal/transport"
)

// A turn is what a loop does for one connection when something has become possible: it sends
// what was posted, reads what is there, and has the Receiver called. It waits for nothing but
// the application. What it reads is, one after another:
//
//	             the application is done          both Close frames have gone
//	readMessages ───────────────────────▶ readClose ──────────────────────▶ readEnd
//	      │                            drops messages                      drops bytes
//	      └──────────────────────────────────────────────────────────────────▲
//
// While the Receiver runs, anybody may read: Close and Ping do. They wait for the socket
// inside the read gate, and the loop wakes them. A turn that finds the gate taken does
// nothing; whoever leaves the gate has the loop take another.

// maxPerTurn is how many messages a turn delivers before others have theirs.
const maxPerTurn = 64

// turns are loops over messages that last for a turn.
var turns = sync.Pool{New: func() any { return &messageLoop{insideLoop: new(insideLoop)} }}

// Ready is called whenever something has become possible, also during a turn. It returns
// what the next turn is to be told.
func (lc *loopConn) Ready(ev eventloop.Events) (due eventloop.Events) {
	wasFull := lc.driven().Ready(transport.Events(ev))
	if !wasFull && lc.facts.polled() { // before, the first turn limits the time of the handshake
		ev &^= eventloop.Writable
	}
	return ev
}

// Turn takes a turn. more says that another one is due at once.
func (lc *loopConn) Turn(ev eventloop.Events) (more bool) {
	switch lc.phase {
	case loopHandshaking:
		if !lc.shake() {
			return false
		}
	case loopRefused:
		lc.linger()
		return false
	case loopOver:
		if !lc.facts.polled() { // it never was open
			return false
		}
	}
	if alone := ev&eventloop.Alone != 0; alone != lc.facts.alone() {
		lc.goAlone(alone)
	}
	if ev&eventloop.Writable != 0 {
		lc.c.out.resume()
		if !lc.driven().Full() {
			lc.c.keepAlive().room()
		}
		lc.tellRoom()
	}
	if !lc.driven().Full() || lc.reads == readEnd {
		more = lc.read()
	}
	if lc.c.life.hasEnded() {
		lc.finish()
	}
	return more
}

// read reads what is there.
func (lc *loopConn) read() (more bool) {
	lc.budget = fullBudget
	if lc.reads == readMessages {
		more = lc.readMessages()
	}
	switch lc.reads {
	case readClose:
		lc.dropMessages()
	}
	if lc.reads == readEnd {
		lc.dropBytes()
	}
	lc.c.out.sendPongs()
	return more || lc.budget == overspent
}

// readMessages has the Receiver called for the messages that are there.
func (lc *loopConn) readMessages() (more bool) {
	c := lc.c
	l := turns.Get().(*messageLoop)
	l.c, l.ctx, l.loop, l.turn, l.left = c, (*connContext)(c), lc, true, maxPerTurn
	for d := lc.driven(); l.nextInTurn(d) && l.left > 0; {
	}
	c.out.expectReplies(false)
	c.out.beforeWait()
	more, done := l.left <= 0 && l.err == nil && l.done == nil, l.done
	*l.insideLoop = insideLoop{wait: l.wait, arrive: l.arrive}
	*l = messageLoop{insideLoop: l.insideLoop}
	turns.Put(l)
	if done != nil {
		lc.depart(done)
	}
	return more
}

// nextInTurn is next, in a turn. It has fewer functions on the way to the socket, since the
// kernel has run before most turns, and few of ours are in a cache.
func (l *messageLoop) nextInTurn(d transport.Driven) bool {
	r := &l.c.in
	if !r.enterTurn() {
		l.err = transport.ErrAgain
		return false
	}
	if r.stream != nil || !r.atStart() {
		return l.entered()
	}
	r.takeOrphan()
	l.socket = d
	for {
		_, err := d.TryFill(&r.buf)
		if err != nil && err != transport.ErrAgain {
			err = r.failed(l.ctx, err) // nil: it tries again
		}
		if l.err = err; err != nil {
			break
		}
		if r.buf.Buffered() > 0 && !l.arrived() {
			break
		}
		if d.Full() {
			r.buf.Release()
			l.err = transport.ErrAgain
			break
		}
	}
	if !l.outside {
		r.leave()
	}
	l.outside = false
	return l.err == nil && !l.stopped
}

// dropMessages reads up to the peer's Close frame.
func (lc *loopConn) dropMessages() {
	r := &lc.c.in
	if r.enterTurn() {
		defer r.leave()
		_ = r.drain((*connContext)(lc.c))
	}
}

// dropBytes reads up to the end of the stream.
func (lc *loopConn) dropBytes() {
	c := lc.c
	if !c.in.tryLock() {
		return
	}
	defer c.in.leave()
	c.in.reader = readInTurn
	for c.state() != conn.Terminated {
		c.in.buf.Discard()
		if c.closing().endOfRead(c.in.try(nil)) {
			return
		}
	}
}

// Passed is called when the turn that runs takes so long that others go on.
func (lc *loopConn) Passed() {
	if lc.facts.polled() { // otherwise there is no connection yet
		lc.goAlone(true)
	}
}

// goAlone says whether the loop waits for the turn that runs. If so, replies are held until
// the turn ends. If not, they are held for replyWait at most, as where a goroutine reads.
func (lc *loopConn) goAlone(alone bool) {
	lc.facts.setAlone(alone)
	if alone {
		lc.c.out.holdExpired()
		lc.c.out.sendPongs()
	}
}

// Abandon is called when a turn has not returned: the Receiver, or a callback inside the read
// gate, called runtime.Goexit.
func (lc *loopConn) Abandon(p any, stack []byte) {
	if lc.phase == loopHandshaking {
		lc.abandonHandshake(p, stack)
		return
	}
	if p != nil {
		s := lc.serving()
		s.report(panicError(p), stack)
	}
	lc.reads = max(lc.reads, readClose)
	if r := &lc.c.in; r.inTurn() { // only turns set that, and this one is over
		r.leave()
	}
	lc.member.Kick() // what was read may hold more
	go lc.c.Close(StatusInternalError, "")
}

// Waiting is called when somebody is about to wait for the socket: maybe the Receiver. The
// loop goes on with others.
func (lc *loopConn) Waiting() { lc.member.PassOn() }

// Freed is called before the descriptor is closed.
func (lc *loopConn) Freed() { lc.member.Remove() }

// wake has a turn taken soon. lc may be nil.
func (lc *loopConn) wake() {
	if lc != nil && lc.facts.polled() {
		lc.member.Kick()
	}
}

// answer does what an action of the table calls for that the turn has met: see closing.answer.
// It is called inside the gate for reading.
func (lc *loopConn) answer(do conn.Action, body conn.CloseBody) {
	switch do {
	case conn.SendReply:
		lc.c.closing().startClose(body, conn.SendClose, lc.endTransport)
	case conn.SendFailure:
		lc.c.closing().startClose(body, conn.AnswerViolation, lc.endTransport)
	case conn.EndTransport:
		lc.endTransport()
	}
}

// endTransport is closing.endTransport in a turn: later turns read up to the end of the
// stream. Inside the gate for reading.
func (lc *loopConn) endTransport() {
	out := &lc.c.out
	if !out.isIdle() || !out.gate.TryLock() {
		go lc.c.closing().endTransport()
		return
	}
	if lc.c.closing().endOurs() {
		lc.reads = readEnd
	}
}
