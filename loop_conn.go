package websocket

import (
	"context"
	"net/http"
	"runtime/debug"
)

// loopConn is a Conn while a [Loop] serves it, and what its application is told:
//
//	             Open                 an error, a panic, or the
//	loopOpening ──────▶ loopReceiving ───────────────────────▶ loopEnding
//	     │                │      ▲     end of the connection       │
//	     │ an error       ▼      │                                 │ Closed
//	     │             loopInside: Receive runs                    ▼
//	     └─────────────────────────────────────────────────▶  loopEnded
//
// Its methods are called by whoever drives the connection: one at a time.
type loopConn struct {
	c        *Conn
	loop     *Loop
	receiver Receiver
	phase    loopPhase
}

// add has the loop serve c. Its Receiver is r, or what open returns.
func (l *Loop) add(c *Conn, r Receiver, open OpenFunc) error {
	lc := &loopConn{c: c, loop: l, receiver: r}
	if err := lc.takeReading(); err != nil {
		return err
	}
	if !l.begin() {
		_ = c.Close(StatusGoingAway, "")
		return http.ErrServerClosed
	}
	go lc.byGoroutine(open)
	return nil
}

// takeReading has nobody but the loop read from now on.
func (lc *loopConn) takeReading() error {
	r := &lc.c.in
	if !r.gate.TryLock() {
		return &UsageError{"Loop.Add", "a read of the connection is under way"}
	}
	defer r.leave()
	if r.reader == readByLoop {
		return &UsageError{"Loop.Add", "the connection is on a loop already"}
	}
	r.reader = readByLoop
	return nil
}

// loopPhase is how far the calls of the application have come.
type loopPhase uint8

const (
	loopOpening   loopPhase = iota // Open is next, unless the Receiver is there
	loopReceiving                  // Receive is called for what arrives
	loopInside                     // a call of Open or Receive has not returned
	loopEnding                     // Closed is next, once the connection has ended
	loopEnded                      // nothing is called any more
)

// departure says how a connection is to be closed that the application is done with.
type departure struct {
	code   StatusCode
	reason string
}

// begin gets the Receiver from open, unless it is there. It returns nil if messages may
// follow.
func (lc *loopConn) begin(open OpenFunc) (done *departure) {
	if lc.receiver != nil {
		lc.phase = loopReceiving
		return nil
	}
	lc.phase = loopInside
	defer lc.survive(&done)
	if open == nil {
		return lc.returned(&UsageError{"Loop", "Open is nil: set it to a function that returns a Receiver"})
	}
	r, err := open((*connContext)(lc.c), lc.c)
	if err == nil && r == nil {
		err = &UsageError{"Loop.Open", "it returned neither a Receiver nor an error"}
	}
	if err == nil {
		lc.receiver = r
	}
	return lc.returned(err)
}

// deliver calls Receive. It returns nil if more messages may follow.
func (lc *loopConn) deliver(m Message) (done *departure) {
	lc.phase = loopInside
	defer lc.survive(&done)
	return lc.returned(lc.receiver.Receive((*connContext)(lc.c), lc.c, m))
}

// returned is called with what Open or Receive has returned.
func (lc *loopConn) returned(err error) *departure {
	if err == nil {
		lc.phase = loopReceiving
		return nil
	}
	lc.leave()
	s := lc.serving()
	s.reportServed(err)
	code, reason := closeFor(err)
	return &departure{code, reason}
}

// survive is deferred by open and deliver, in case that the application does not return.
func (lc *loopConn) survive(done **departure) {
	if lc.phase != loopInside {
		return
	}
	lc.leave()
	*done = &departure{code: StatusInternalError}
	s := lc.serving()
	switch p := recover(); p {
	case nil:
		s.report(errReceiverLeft, nil)
	case http.ErrAbortHandler:
	default:
		s.report(panicError(p), debug.Stack())
	}
}

// leave ends the calls of the Receiver. If there is none, the Open that failed was the last
// call.
func (lc *loopConn) leave() {
	lc.phase = loopEnding
	if lc.receiver == nil {
		lc.phase = loopEnded
	}
}

// ended is called when the connection has ended.
func (lc *loopConn) ended() {
	if lc.phase != loopOpening {
		lc.leave()
	}
	if lc.phase != loopEnding {
		lc.phase = loopEnded
		return
	}
	lc.phase = loopEnded
	closed := lc.loop.Closed
	if closed == nil {
		return
	}
	defer lc.surviveClosed()
	closed(lc.c, lc.receiver, lc.c.closedError())
}

// surviveClosed reports a panic of Closed.
func (lc *loopConn) surviveClosed() {
	if p := recover(); p != nil {
		s := lc.serving()
		s.report(panicError(p), debug.Stack())
	}
}

// serving is what reports errors of the application.
func (lc *loopConn) serving() serving {
	return serving{serveContext{c: lc.c}, lc.loop.OnError}
}

// byGoroutine serves the connection on the goroutine that calls it.
func (lc *loopConn) byGoroutine(open OpenFunc) {
	c := lc.c
	defer lc.end() // also after runtime.Goexit
	if !lc.loop.goroutines.add(c) {
		_ = c.Close(StatusGoingAway, "")
	}
	done := lc.begin(open)
	if done == nil {
		l := &messageLoop{c: c, ctx: context.Context((*connContext)(c)), loop: lc}
		for l.next() {
		}
		c.out.endReplies(l.ctx)
		done = l.done
	}
	if done == nil {
		done = &departure{code: StatusNormalClosure} // the connection is ending or has ended
	}
	_ = c.Close(done.code, done.reason)
}

// end closes the connection, tells the application, and lets Shutdown go on.
func (lc *loopConn) end() {
	defer lc.loop.end()
	if lc.phase == loopEnding || lc.phase == loopEnded { // nobody has left in the middle
		_ = lc.c.CloseNow()
	} else {
		_ = lc.c.Close(StatusInternalError, "")
	}
	lc.ended()
}
