package websocket

import (
	"net/http"
	"runtime/debug"
	"sync/atomic"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/eventloop"
	"github.com/hawser-ws/websocket/internal/transport"
)

// loopConn is a Conn while a [Loop] serves it, and what its application is told:
//
//	             Open                 an error, a panic, or the
//	loopOpening ──────▶ loopReceiving ───────────────────────▶ loopEnding
//	     │                │      ▲     end of the connection       │
//	     │ an error       ▼      │                                 │ Closed
//	     │             loopInside: Receive runs                    ▼
//	     └──────────────────▶ loopEnded ─── the end ──────────▶ loopOver
//
// Its methods are called by whoever drives the connection: one at a time.
type loopConn struct {
	c        *Conn
	loop     *Loop
	receiver Receiver
	member   eventloop.Member // of a polled one
	socket   transport.Polled // of a polled one, unless it is beneath TLS
	shaking  *loopHandshake   // nil: the connection is open
	facts    loopFacts
	phase    loopPhase
	reads    turnReading
	budget   turnBudget // of the turn that runs
}

// loopFacts are what anybody may ask a loopConn. They are one word, so that a connection of
// [Loop.Serve] is no larger than 568 bytes: its memory is of the next size class then.
type loopFacts struct{ word atomic.Uint32 }

const (
	factPolled = 1 << iota // it has joined an event loop, and has no goroutine
	factAlone              // the loop does not wait for the turn that runs: see Passed
)

func (f *loopFacts) polled() bool { return f.word.Load()&factPolled != 0 }
func (f *loopFacts) alone() bool  { return f.word.Load()&factAlone != 0 }

func (f *loopFacts) setAlone(alone bool) {
	if alone {
		f.word.Or(factAlone)
	} else {
		f.word.And(^uint32(factAlone))
	}
}

// loopPhase is how far the calls of the application have come.
type loopPhase uint8

const (
	loopOpening     loopPhase = iota // Open is next, unless the Receiver is there
	loopHandshaking                  // of one that the Loop has accepted: before loopOpening
	loopRefused                      // its request was refused; the client may read the answer
	loopReceiving                    // Receive is called for what arrives
	loopInside                       // a call of Open or Receive has not returned
	loopEnding                       // Closed is next, once the connection has ended
	loopEnded                        // nothing is called any more
	loopOver                         // and the connection has ended
)

// turnReading is what the turns of a connection read: see loop_turn.go.
type turnReading uint8

const (
	readMessages turnReading = iota
	readClose
	readEnd
)

// turnBudget is what a turn may do besides delivering messages, before others have their
// turns. Otherwise a peer that sends control frames, or parts of a message, as fast as they are
// read would keep the turn for ever.
type turnBudget uint8

const (
	fullBudget turnBudget = 64
	overspent  turnBudget = 255 // there is more to do

	frameCost = 1
	readCost  = 4
)

// spend takes a cost. It reports whether there was enough.
func (b *turnBudget) spend(cost uint8) bool {
	if *b == overspent || *b < turnBudget(cost) {
		*b = overspent
		return false
	}
	*b -= turnBudget(cost)
	return true
}

// begin gets the Receiver from open, unless it is there. It returns nil if messages may
// follow, and otherwise how the connection is to be closed. So do deliver and returned.
func (lc *loopConn) begin(open OpenFunc) (done *CloseError) {
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

// deliver calls Receive.
func (lc *loopConn) deliver(m Message) (done *CloseError) {
	lc.phase = loopInside
	defer lc.survive(&done)
	return lc.returned(lc.receiver.Receive((*connContext)(lc.c), lc.c, m))
}

// returned is called with what Open or Receive has returned.
func (lc *loopConn) returned(err error) *CloseError {
	if err == nil {
		lc.phase = loopReceiving
		return nil
	}
	lc.leave()
	s := lc.serving()
	s.reportServed(err)
	code, reason := closeFor(err)
	return &CloseError{code, reason}
}

// survive is deferred by open and deliver, in case that the application does not return.
func (lc *loopConn) survive(done **CloseError) {
	if lc.phase != loopInside {
		return
	}
	lc.leave()
	*done = &CloseError{Code: StatusInternalError}
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

// finish is called when the connection has ended. It tells the application, and lets
// Shutdown go on, once.
func (lc *loopConn) finish() {
	if lc.phase == loopOver {
		return
	}
	defer lc.loop.end()
	tell := lc.receiver != nil && lc.phase != loopEnded
	lc.phase = loopOver
	if !tell {
		return
	}
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

// nowPolled is called when the connection has joined its event loop and is open. Shutdown may
// have looked for it there before.
func (lc *loopConn) nowPolled() {
	lc.facts.word.Or(factPolled)
	if lc.loop.isShutDown() {
		go lc.sendAway()
	}
}

// depart begins the closing handshake when the application is done, in a turn. From then on
// messages are dropped.
func (lc *loopConn) depart(done *CloseError) {
	lc.reads = readClose
	c := lc.c
	body, _ := closeBody("Receiver", done.Code, done.Reason)
	h := c.closing()
	h.startClose(body, conn.SendClose, func() { go h.endTransport() }) // the peer's Close frame came first
}

// sendAway begins to close a connection because the server shuts down. Any goroutine may
// call it.
func (lc *loopConn) sendAway() {
	c := lc.c
	switch {
	case !lc.facts.polled(): // its handshake is under way
		lc.member.Kick()
		return
	case c.state() != conn.Open:
		return
	}
	if lc.member.Busy() { // the Receiver may run, and nobody would read the answer
		go c.Close(StatusGoingAway, "")
		return
	}
	away := conn.CloseBody{Code: uint16(StatusGoingAway)}
	h := c.closing()
	h.startClose(away, conn.SendClose, func() { go h.endTransport() })
}

func (lc *loopConn) driven() transport.Driven { return lc.c.transport.(transport.Driven) }
