package websocket

import (
	"context"
	"net"
	"net/http"
	"runtime"

	"github.com/hawser-ws/websocket/internal/eventloop"
)

// Serve accepts connections and serves them, until Shutdown is called or the listener fails.
// It performs the opening handshake as [Upgrade] does, without net/http. What fails before
// there is a connection is reported to [AcceptOptions.OnError].
//
// Serve closes the listener. It returns [http.ErrServerClosed] after Shutdown, and the
// listener's error otherwise.
func (l *Loop) Serve(listener net.Listener) error {
	defer listener.Close()
	if !l.listen(listener) {
		return http.ErrServerClosed
	}
	defer l.unlisten(listener)
	err := l.acceptFrom(listener)
	if l.isShutDown() {
		return http.ErrServerClosed
	}
	return err
}

// Shutdown closes the listeners of Serve and every connection, with StatusGoingAway, and
// waits until all have ended and [Loop.Closed] has returned for each. If ctx ends first, the
// remaining connections are dropped as by [Conn.CloseNow], and Shutdown returns ctx's error.
// New connections are refused.
func (l *Loop) Shutdown(ctx context.Context) error {
	idle := l.stop()
	for _, loop := range l.eventLoops() {
		l.sendAway(loop)
	}
	err := l.goroutines.Shutdown(ctx)
	if err == nil {
		select {
		case <-idle:
		case <-ctx.Done():
			err = ctx.Err()
		}
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
		if lc, ok := s.(*loopConn); ok && lc.polled.Load() {
			_ = lc.c.closeNow()
		}
	}
}

func (l *Loop) eventLoops() []*eventloop.Loop {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loops
}

// stop closes the listeners. It returns a channel that is closed when the last connection
// has ended.
func (l *Loop) stop() (idle <-chan struct{}) {
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
	return l.idle
}

func (l *Loop) isShutDown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle != nil
}

// listen notes a listener for Shutdown. It fails after that.
func (l *Loop) listen(listener net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return false
	}
	if l.listeners == nil {
		l.listeners = make(map[net.Listener]struct{})
	}
	l.listeners[listener] = struct{}{}
	return true
}

func (l *Loop) unlisten(listener net.Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.listeners, listener)
}

// begin counts a connection. It fails after Shutdown.
func (l *Loop) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil {
		return false
	}
	l.served++
	return true
}

// end ends what begin began.
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
