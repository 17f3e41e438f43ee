package websocket

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/eventloop"
	"github.com/hawser-ws/websocket/internal/transport"
)

// acceptFrom accepts until the listener fails.
func (l *Loop) acceptFrom(listener net.Listener) error {
	behind := transport.NewAcceptor(listener)
	if behind != nil {
		defer behind.Close()
	}
	pause := time.Duration(0)
	for {
		nc, err := listener.Accept()
		if err == nil {
			err = l.acceptConn(nc, behind)
		}
		switch {
		case err == nil:
			pause = 0
		case !isTemporary(err):
			return err
		default: // out of descriptors, for example
			pause = min(max(2*pause, minAcceptPause), maxAcceptPause)
			time.Sleep(pause)
		}
	}
}

// acceptLull is how long acceptBehind waits for the next. Serve may be as late to notice that
// the listener was closed.
const acceptLull = 50 * time.Millisecond

// How long acceptFrom waits before it tries again. They are those of net/http.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

func isTemporary(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && e.Temporary() || errors.Is(err, transport.ErrAcceptLater)
}

// acceptConn has a connection served. Its handshake is performed on an event loop, if there is
// one for it, and then those that come behind it are accepted as well. behind may be nil.
func (l *Loop) acceptConn(nc net.Conn, behind *transport.Acceptor) error {
	if !l.shakesInTurns() {
		go l.upgrade(nc)
		return nil
	}
	fd, err := transport.Detach(nc)
	if err != nil { // another kind of connection, or no descriptor is left
		go l.upgrade(nc)
		return nil
	}
	l.acceptSocket(transport.Adopt(fd))
	if behind == nil {
		return nil
	}
	return l.acceptBehind(behind)
}

// acceptBehind accepts without package net until nobody comes for a while.
func (l *Loop) acceptBehind(behind *transport.Acceptor) error {
	for {
		s, err := behind.Accept(acceptLull)
		switch {
		case err == nil:
			l.acceptSocket(s)
		case err == transport.ErrAgain, errors.Is(err, net.ErrClosed): // the listener says that better
			return nil
		default:
			return err
		}
	}
}

// shakesInTurns reports whether handshakes are performed on event loops. A head that is
// larger than a read buffer needs a goroutine.
func (l *Loop) shakesInTurns() bool {
	return l.Limits.HeaderBytes <= maxHeadInTurns && l.lightest() != nil
}

const maxHeadInTurns = 16 << 10

// upgrade performs the opening handshake on nc and serves the connection.
func (l *Loop) upgrade(nc net.Conn) {
	s, ok := l.beginShaking(nc)
	if !ok {
		_ = nc.Close()
		return
	}
	defer l.endShaking(s)
	remote := nc.RemoteAddr()
	defer l.survivePrepare(remote)
	c, open, err := upgradeConn(nc, &l.AcceptOptions, l.Prepare, func() error { return l.commit(s) })
	if open == nil {
		open = l.Open
	}
	if err == nil {
		err = l.add(&loopConn{c: c, loop: l}, open, s)
	}
	if err != nil {
		e := refusalOf(remote, err)
		e.ordinary = e.ordinary || l.isShutDown() // which has closed nc
		tell(l.OnError, nil, e)
	}
}

// survivePrepare reports a panic of Prepare or OnRequest. The connection is closed then.
func (l *Loop) survivePrepare(remote net.Addr) {
	if p := recover(); p != nil && p != http.ErrAbortHandler {
		l.reportPreparePanic(remote, p, debug.Stack())
	}
}

// add has the loop serve lc.c, whose Receiver is there, or what open returns. s is its
// handshake, if a goroutine of the loop performed that.
func (l *Loop) add(lc *loopConn, open OpenFunc, s *shaking) error {
	c := lc.c
	if err := lc.takeReading(); err != nil {
		return err
	}
	welcome := l.beginJoining(c, s)
	defer l.endJoining(c)
	if !welcome {
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
	if err := loop.Add(fd, &lc.member, lc); err != nil { // no turn will come
		c.life.report(conn.Break, err)
		go lc.finish()
		return true
	}
	if k := c.keepAlive(); k != nil {
		k.move(newAliveOnLoop(c))
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
