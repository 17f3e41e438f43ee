package websocket

import (
	"context"
	"maps"
	"net"
	"net/http"
	"runtime"
	"slices"

	"github.com/hawser-ws/websocket/internal/eventloop"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Serve accepts connections and serves them, until Shutdown is called or the listener fails.
// It performs the opening handshake as [Upgrade] does, without net/http. What fails before
// there is a connection is reported to [AcceptOptions.OnError].
//
// Serve closes the listener. It returns [http.ErrServerClosed] as soon as Shutdown is called,
// and the listener's error otherwise. A program must not exit before Shutdown has returned as
// well.
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

// ServeHTTP accepts a request as [Accept] does and has the loop serve the connection. The
// goroutine and the buffers of net/http are released. Over HTTP/2 and HTTP/3 they are not:
// the handler returns when the connection has ended.
//
// Open does not see the request. If the Receiver needs a cookie or a route parameter, call
// Accept in a handler of your own, and then [Loop.Add].
func (l *Loop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !l.begin() { // so that Shutdown waits for a connection that is about to be one
		reportRefusal(r, respond(w, refusedByShutdown, refusedByShutdown), &l.AcceptOptions)
		return
	}
	defer l.end()
	c, err := Accept(w, r, &l.AcceptOptions)
	if err != nil {
		reportRefusal(r, err, &l.AcceptOptions)
		return
	}
	if stream, ok := c.transport.(*transport.ResponseStream); ok {
		defer func() { <-stream.Released() }() // the stream ends when the handler returns
	}
	if err := l.add(&loopConn{c: c, loop: l}, l.Open, nil); err != nil {
		reportRefusal(r, &AcceptError{Err: refusedByShutdown}, &l.AcceptOptions)
	}
}

// Add has the loop serve c, which was dialled, or accepted by a handler of yours. From then
// on r gets its messages. Open is not called, but Closed is. Data that was read and not
// consumed is not lost. No read may be under way on c.
//
// Add returns a [*UsageError] if r is nil or c is on a loop already, and
// [http.ErrServerClosed] after Shutdown; c is then closed with StatusGoingAway.
func (l *Loop) Add(c *Conn, r Receiver) error {
	if r == nil {
		return &UsageError{"Loop.Add", "the Receiver is nil"}
	}
	return l.add(&loopConn{c: c, loop: l, receiver: r}, nil, nil)
}

// Listener returns a listener whose connections can leave their goroutines although they are
// beneath TLS. Serve TLS over it, and everything else as before:
//
//	server := &http.Server{Handler: loop, TLSConfig: config}
//	err := server.ServeTLS(loop.Listener(listener), "", "")
//
// For [Loop.Serve] use tls.NewListener(loop.Listener(listener), config).
func (l *Loop) Listener(listener net.Listener) net.Listener { return movableListener{listener} }

// movableListener returns connections that can be moved to an event loop, also beneath TLS.
type movableListener struct{ net.Listener }

func (l movableListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return transport.Movable(nc), nil
}

// Shutdown closes the listeners of Serve and every connection, with StatusGoingAway, and
// waits until all have ended and [Loop.Closed] has returned for each. If ctx ends first, the
// remaining connections are dropped as by [Conn.CloseNow], and Shutdown returns ctx's error.
// New connections are refused.
//
// Do not call Shutdown in Open, Receive or Closed without another goroutine: it would wait for
// that call until ctx ends. Requests of an http.Server end by the Shutdown of that, which does
// not know of the connections on a Loop: call both.
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
		l.dropAll()
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

// dropAll drops the connections of the event loops, and those that have not come there yet.
// The Registry has dropped its own.
func (l *Loop) dropAll() {
	for _, loop := range l.eventLoops() {
		for s := range loop.Sources() {
			if lc, ok := s.(*loopConn); ok && lc.facts.polled() {
				_ = lc.c.closeNow()
			}
		}
	}
	l.mu.Lock()
	joining := slices.Collect(maps.Keys(l.arriving.joining))
	l.mu.Unlock()
	for _, c := range joining {
		_ = c.closeNow()
	}
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
