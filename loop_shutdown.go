package websocket

import (
	"context"
	"net"
	"runtime"

	"github.com/hawser-ws/websocket/internal/eventloop"
)

// arrivals are the connections that a Loop must find when it is shut down, and that are
// neither in an event loop nor in its Registry: under mu.
type arrivals struct {
	shaking map[*shaking]struct{} // a goroutine performs the opening handshake
	joining map[*Conn]struct{}    // Open is called, or was just now
}

// shaking is a connection whose opening handshake is performed by a goroutine.
type shaking struct{ nc net.Conn }

// Shutdown closes the listeners of Serve and every connection, with StatusGoingAway, and
// waits until all have ended and [Loop.Closed] has returned for each. If ctx ends first, the
// remaining connections are dropped as by [Conn.CloseNow], and Shutdown returns ctx's error.
// New connections are refused.
func (l *Loop) Shutdown(ctx context.Context) error {
	idle := l.stop(ctx)
	select {
	case <-idle:
		return nil
	default:
	}
	for _, loop := range l.eventLoops() {
		l.sendAway(loop)
	}
	err := l.goroutines.Shutdown(ctx)
	if err == nil {
		select {
		case <-idle:
		case <-ctx.Done():
		}
		err = ctx.Err() // which may have dropped the last
	}
	if err != nil {
		for _, loop := range l.eventLoops() {
			dropAll(loop)
		}
	}
	return err
}

// awayAtOnce is how many connections are sent away before others get the processor.
const awayAtOnce = 256

// sendAway begins to close all connections of an event loop.
func (l *Loop) sendAway(loop *eventloop.Loop) {
	n := 0
	for s := range loop.Sources() {
		lc, ok := s.(*loopConn)
		if !ok {
			continue
		}
		lc.sendAway()
		if n++; n%awayAtOnce == 0 {
			runtime.Gosched()
		}
	}
}

// dropAll drops the connections of an event loop.
func dropAll(loop *eventloop.Loop) {
	for s := range loop.Sources() {
		if lc, ok := s.(*loopConn); ok && lc.facts.polled() {
			_ = lc.c.closeNow()
		}
	}
}

func (l *Loop) eventLoops() []*eventloop.Loop {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loops
}

// stop closes the listeners and what is about to be served. It returns a channel that is
// closed when the last connection has ended.
func (l *Loop) stop(ctx context.Context) (idle <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle == nil {
		l.idle = make(chan struct{})
		if l.served == 0 {
			l.becomeIdle()
		}
	}
	for listener := range l.listeners {
		_ = listener.Close()
	}
	for s := range l.arriving.shaking {
		_ = s.nc.Close()
	}
	for c := range l.arriving.joining {
		go func() { _ = c.CloseContext(ctx, StatusGoingAway, "") }()
	}
	return l.idle
}

// beginShaking counts a connection whose handshake a goroutine performs. It fails after
// Shutdown.
func (l *Loop) beginShaking(nc net.Conn) (*shaking, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return nil, false
	}
	s := &shaking{nc}
	if l.arriving.shaking == nil {
		l.arriving.shaking = make(map[*shaking]struct{})
	}
	l.arriving.shaking[s] = struct{}{}
	l.served++
	return s, true
}

// endShaking ends what beginShaking began.
func (l *Loop) endShaking(s *shaking) {
	l.mu.Lock()
	delete(l.arriving.shaking, s)
	l.mu.Unlock()
	l.end()
}

// beginJoining counts a connection that is about to be served. It fails after Shutdown. s is
// its handshake, if a goroutine performed that.
func (l *Loop) beginJoining(c *Conn, s *shaking) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return false
	}
	delete(l.arriving.shaking, s)
	if l.arriving.joining == nil {
		l.arriving.joining = make(map[*Conn]struct{})
	}
	l.arriving.joining[c] = struct{}{}
	l.served++
	return true
}

// endJoining is called when the connection can be found elsewhere, or is closing.
func (l *Loop) endJoining(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.arriving.joining, c)
}

// begin counts a connection of which an event loop performs the handshake. It fails after
// Shutdown.
func (l *Loop) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return false
	}
	l.served++
	return true
}

// end is called when a connection that was counted has ended.
func (l *Loop) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.served--; l.served == 0 && l.idle != nil {
		l.becomeIdle()
	}
}

// becomeIdle is called once, after Shutdown, when nothing is served any more. The event loops
// go on until the last peer has closed TCP, which nobody waits for.
func (l *Loop) becomeIdle() {
	close(l.idle)
	for _, loop := range l.loops {
		loop.CloseWhenEmpty()
	}
}
