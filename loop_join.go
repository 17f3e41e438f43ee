package websocket

import (
	"context"
	"net/http"
	"runtime"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/eventloop"
	"github.com/hawser-ws/websocket/internal/transport"
)

// add has the loop serve lc.c, whose Receiver is there, or what open returns. s is its
// handshake, if a goroutine of the loop performed that.
func (l *Loop) add(lc *loopConn, open OpenFunc, s *shaking) error {
	c := lc.c
	if err := lc.takeReading(); err != nil {
		return err
	}
	if !l.beginJoining(c, s) {
		_ = c.Close(StatusGoingAway, "")
		return http.ErrServerClosed
	}
	done := &CloseError{Code: StatusInternalError} // in case that Open does not return
	defer func() {
		if done != nil {
			_ = c.Close(done.Code, done.Reason)
			<-c.done()
			lc.finish()
		}
		l.endJoining(c)
	}()
	if done = lc.begin(open); done == nil && !lc.joinLoop() {
		l.goroutines.add(c) // if that is shut down, so is the loop, which has seen c among those that join
		go lc.byGoroutine()
	}
	return nil
}

// takeReading has nobody but the loop read from now on.
func (lc *loopConn) takeReading() error {
	r := &lc.c.in
	if !r.tryLock() {
		return &UsageError{"Loop.Add", "a read of the connection is under way"}
	}
	defer r.leave()
	if r.reader != readByCaller {
		return &UsageError{"Loop.Add", "the connection is on a loop already"}
	}
	if r.stream != nil {
		if err := r.endStream(context.Background(), "Loop.Add"); err != nil {
			return err
		}
	}
	r.reader = readByLoop
	lc.c.served.Store(lc)
	return nil
}

// joinLoop moves the connection to an event loop. It reports false if it needs a goroutine.
func (lc *loopConn) joinLoop() bool {
	c := lc.c
	if r, ok := transport.Reporting(c.transport); ok {
		return lc.joinLoopless(r)
	}
	if !transport.CanDrive(c.transport) {
		return false // and no loop begins to wait for events that never come: in a bubble of synctest
	}
	loop := lc.loop.lightest()
	if loop == nil {
		return false
	}
	c.in.lock(nil, nil)
	defer c.in.leave() // and has the loop look what is there already
	c.out.gate.Lock(nil, nil)
	defer c.out.leave()
	fd := -1
	err := transport.Move(&c.in.canceler, &c.out.canceler, func() (t transport.Transport, err error) {
		t, fd, err = transport.Drive(c.transport, &lc.socket, lc)
		return t, err
	})
	if err != nil {
		return false
	}
	c.out.traits = c.transport.Traits()
	if err := loop.Add(fd, &lc.member, lc); err != nil {
		c.life.report(conn.Break, err)
	}
	lc.nowPolled()
	return true
}

// joinLoopless is joinLoop for a stream that needs no event loop.
func (lc *loopConn) joinLoopless(r transport.Reporter) bool {
	c := lc.c
	if !lc.loop.goroutines.add(c) { // which Shutdown closes
		return false
	}
	c.in.lock(nil, nil)
	defer c.in.leave() // and has a turn taken
	c.out.gate.Lock(nil, nil)
	defer c.out.leave()
	lc.member.Loopless(lc)
	err := transport.Move(&c.in.canceler, &c.out.canceler, func() (transport.Transport, error) {
		return r.Drive(lc.happened), nil
	})
	if err != nil {
		return false
	}
	c.out.traits = c.transport.Traits()
	lc.facts.word.Or(factPolled)
	return true
}

// happened is called by a stream that needs no event loop. What comes before the connection is
// polled is found by its first turn.
func (lc *loopConn) happened(ev transport.Events) {
	if lc.facts.polled() {
		lc.member.Post(eventloop.Events(ev))
	}
}

// nowPolled is called when the connection has joined its event loop and is open. Shutdown may
// have looked for it there before.
func (lc *loopConn) nowPolled() {
	lc.facts.word.Or(factPolled)
	if lc.loop.isShutDown() {
		go lc.sendAway()
	}
}

// lightest returns the event loop with the fewest connections, nil if there are none on this
// system.
func (l *Loop) lightest() *eventloop.Loop {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return nil
	}
	if l.loops == nil {
		n := l.Loops
		if n <= 0 {
			n = runtime.GOMAXPROCS(0)
		}
		for range n {
			loop, err := eventloop.New()
			if err != nil {
				break
			}
			l.loops = append(l.loops, loop)
		}
	}
	var best *eventloop.Loop
	for _, loop := range l.loops {
		if best == nil || loop.Len() < best.Len() {
			best = loop
		}
	}
	return best
}

// byGoroutine serves the connection on the goroutine that calls it.
func (lc *loopConn) byGoroutine() {
	c := lc.c
	defer lc.leaveGoroutine() // also after runtime.Goexit
	l := &messageLoop{c: c, ctx: (*connContext)(c), insideLoop: &insideLoop{loop: lc}}
	for l.next() {
	}
	c.out.endReplies(l.ctx)
	if l.done != nil {
		_ = c.Close(l.done.Code, l.done.Reason)
	}
}

// leaveGoroutine closes a connection that was not closed, and tells the application.
func (lc *loopConn) leaveGoroutine() {
	c := lc.c
	switch {
	case lc.phase == loopEnding && c.state() == conn.Open:
		_ = c.Close(StatusInternalError, "")
	default:
		_ = c.CloseNow()
	}
	<-c.done()
	lc.finish()
}
