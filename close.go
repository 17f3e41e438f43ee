package websocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Close performs the closing handshake (RFC 6455 §7): it sends a Close frame with code and
// reason and waits for the peer's. A server also closes its direction of the TCP connection
// before Close returns. The rest goes on behind it: a client waits for the server to close
// TCP first, and a server for the client to follow. All of it takes at most [Timeouts.Close].
//
// Close returns nil if a Close frame went each way, ours first. Otherwise, or if the
// connection had ended before, it returns a [*ClosedError]. Messages that arrive in the
// meantime go to a read that is waiting for one. If none is waiting, they are dropped. They
// are also dropped while the Close frame waits behind other writes, because the peer may
// not read before it has written. If these messages matter, use [Conn.BeginClose].
//
// A reason longer than 123 bytes is cut to that. StatusNoStatusRcvd sends no code. A code
// that may not be sent is a [*UsageError], and StatusInternalError is sent instead: Close
// always closes the connection.
//
// In OnPingReceived and OnPongReceived, Close does not wait for the peer. It returns nil
// when the Close frame is sent, or after 5 ms. The rest happens when the callback has
// returned.
func (c *Conn) Close(code StatusCode, reason string) error {
	return c.close(context.Background(), "Conn.Close", code, reason)
}

// CloseContext is [Conn.Close] with a context: when ctx ends, the connection is dropped at
// once, with the error of ctx as the cause unless the handshake was complete.
func (c *Conn) CloseContext(ctx context.Context, code StatusCode, reason string) error {
	return c.close(ctx, "Conn.CloseContext", code, reason)
}

// close is Close and CloseContext. An error names method.
func (c *Conn) close(ctx context.Context, method string, code StatusCode, reason string) error {
	body, misuse := closeBody(method, code, reason)
	err := c.closing().handshake(ctx, body)
	c.awaitOthers(ctx)
	if misuse != nil {
		return misuse
	}
	return err
}

// BeginClose begins the closing handshake and returns when the Close frame is sent. After
// that nothing can be written, but messages can be read until the peer's Close frame
// arrives. Read them, and then call [Conn.Close] or [Conn.CloseNow]. [Timeouts.Close]
// limits the whole. code and reason are as for Close.
//
// BeginClose does not read. The peer may not read until we have read what it sends. If so,
// the Close frame is sent only if another goroutine reads in the meantime.
//
// BeginClose returns a [*ClosedError] if the connection was ending before. If ctx ends
// before the Close frame is sent, the connection is lost, unless the frame was still
// waiting for another write: then nothing has happened.
func (c *Conn) BeginClose(ctx context.Context, code StatusCode, reason string) error {
	body, misuse := closeBody("Conn.BeginClose", code, reason)
	if err := c.life.givenUp(ctx); err != nil {
		return err
	}
	do, err := c.closing().send(ctx, body, conn.SendClose)
	if do == conn.EndTransport { // the peer's Close frame came first, ours answers it
		c.closing().follow(ctx, do, body)
		err = c.closedError()
	}
	if misuse != nil {
		return misuse
	}
	return err
}

// closeBody returns what the Close frame says.
func closeBody(method string, code StatusCode, reason string) (body conn.CloseBody, misuse error) {
	switch {
	case code == StatusNoStatusRcvd:
		return conn.CloseBody{Code: conn.CodeNoStatus}, nil
	case code < 0 || code > 4999 || !frame.ValidCloseCode(uint16(code)):
		misuse = &UsageError{method, fmt.Sprintf("status code %d may not be sent (RFC 6455 §7.4)", code)}
		return conn.CloseBody{Code: uint16(StatusInternalError)}, misuse
	}
	return conn.CloseBody{Code: uint16(code), Reason: frame.TruncateReason(reason)}, nil
}

// CloseNow ends the connection at once, without a closing handshake. It does not disturb a
// handshake that is nearly complete: one in which only our answer is missing, if the answer
// need not wait behind other frames, or only the end of the TCP connection. That handshake
// ends by itself, within [Timeouts.Close]. So CloseNow may always be deferred.
//
// CloseNow returns nil, or a [*ClosedError] if the connection had ended before.
//
// When Close or CloseNow has ended the connection, the goroutine of [Conn.CloseRead] has
// returned, and with it the last call of OnPingReceived or OnPongReceived that it made. They
// wait for such a call, for [Timeouts.Close] at most. On a connection of [Accept] over HTTP/2 or
// HTTP/3 they also wait until the handler may return.
func (c *Conn) CloseNow() error {
	err := c.closeNow()
	c.awaitOthers(context.Background())
	return err
}

func (c *Conn) closeNow() error {
	if c.state() == conn.Terminated || c.life.hasEnded() {
		return c.closedError()
	}
	c.out.beforeWait() // what a loop over messages or a Batch holds, as far as possible without waiting
	if c.state() == conn.ClosedByPeer && c.out.due.Load() == 0 {
		return nil // whoever has read the peer's Close frame is about to answer it
	}
	c.life.report(conn.Abandon, nil)
	return nil
}

// receivedClose handles the peer's Close frame. It returns what the read in progress
// returns.
func (c *Conn) receivedClose(ctx context.Context, payload []byte) error {
	code, reason, v := frame.ParseClose(payload)
	if v != nil {
		return c.violated(ctx, v)
	}
	body := conn.CloseBody{Code: code, Reason: string(reason)}
	do, _ := c.life.handle(conn.ReceiveClose, body, nil)
	c.closing().answer(ctx, do, conn.Reply(body))
	return c.closedError()
}

// fail ends the connection because of what a read met: _Fail the WebSocket Connection_
// (RFC 6455 §7.1.7). e is [conn.Violate] or [conn.Fail], and body is our Close frame, if
// none was sent before. It returns what the read returns.
func (c *Conn) fail(ctx context.Context, e conn.Event, body conn.CloseBody, cause error) error {
	do := c.life.report(e, cause)
	body.Reason = frame.TruncateReason(body.Reason)
	c.closing().answer(ctx, do, body)
	return c.closedError()
}

// endOfStream handles the end of the peer's direction of the stream. It returns what the
// read in progress returns.
//
// The peer may have closed only its direction, and still read. So what we owe it by then is
// sent before the connection ends: pongs, messages that a [Batch] or a loop over messages
// held, writes under way.
func (c *Conn) endOfStream(ctx context.Context, cause error) error {
	c.life.keepCause(cause)
	c.out.sendPongs()
	if !c.out.owes() {
		c.life.report(conn.EndOfStream, cause)
		return c.closedError()
	}
	if from, _ := c.out.coalesce.on(peerEnded); from != holdNoMore {
		go c.closing().sendLast(cause)
	}
	if c.in.inTurn() {
		return transport.ErrAgain
	}
	select {
	case <-c.done():
	case <-ctx.Done():
		if c.state() != conn.Terminated {
			return c.life.givenUp(ctx) // the next read meets the end again
		}
	}
	return c.closedError()
}

// violated fails the connection because the peer broke a rule of the RFC.
func (c *Conn) violated(ctx context.Context, v *frame.Violation) error {
	return c.fail(ctx, conn.Violate, conn.CloseBody{Code: v.Code, Reason: v.Reason}, &ProtocolError{Code: StatusCode(v.Code), Violation: v})
}

// CloseRead is for an application that only writes. It starts a goroutine that answers
// pings and the peer's Close frame, and returns at once. If a data message arrives, the
// connection is closed with StatusPolicyViolation. The returned context ends when the
// connection has ended, or when ctx ends.
//
// CloseRead may be called any number of times. All calls share one goroutine, which reads
// until the contexts of all of them have ended. Until then other reads wait. Callbacks such
// as OnPingReceived get a context with no value but [http.ServerContextKey], because it
// belongs to no single call.
//
// On a connection of a [Loop], which reads it, CloseRead starts nothing.
func (c *Conn) CloseRead(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	if ctx.Err() != nil {
		cancel()
		return ctx
	}
	if c.served.Load() != nil { // the loop reads
		stop := c.life.onEnd(cancel)
		context.AfterFunc(ctx, func() { stop() })
		return ctx
	}
	r, first := c.life.joinCloseRead(ctx)
	stop := context.AfterFunc(r.ctx, cancel)
	context.AfterFunc(ctx, func() {
		stop()
		c.life.leaveCloseRead(r)
	})
	if first {
		go c.readNothing(r)
	}
	return ctx
}

// joinCloseRead joins the read loop. If first is true, the loop is new and the caller must
// start it.
func (l *lifetime) joinCloseRead(ctx context.Context) (r *closeRead, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.watch()
	if r := w.closeRead; r != nil && r.ctx.Err() == nil {
		r.calls++
		return r, false
	}
	r = &closeRead{calls: 1, left: make(chan struct{})}
	// Other values may belong to a request that ends before the loop does.
	server := context.WithValue(context.Background(), http.ServerContextKey, ctx.Value(http.ServerContextKey))
	r.ctx, r.cancel = context.WithCancel(server)
	if !l.hasEnded() {
		r.end = &endCall{f: r.cancel}
		l.list(r.end)
	}
	w.closeRead = r
	return r, true
}

// leaveCloseRead is called when the context of a call has ended. The last call ends the
// read loop.
func (l *lifetime) leaveCloseRead(r *closeRead) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.calls--; r.calls > 0 {
		return
	}
	if r.end != nil {
		l.unlist(r.end)
	}
	r.cancel()
}

// awaitOthers waits for what still uses what may belong to the caller: the goroutine of
// CloseRead, if the connection has ended, and whoever is inside the writer of a handler. It does
// not wait in a callback, which may be on that goroutine.
func (c *Conn) awaitOthers(ctx context.Context) {
	var waits [2]<-chan struct{}
	c.life.mu.Lock()
	if w := c.life.watched.Load(); w != nil && w.closeRead != nil && c.life.hasEnded() {
		waits[0] = w.closeRead.left
	}
	c.life.mu.Unlock()
	if stream, ok := c.transport.(*transport.ResponseStream); ok {
		waits[1] = stream.Released()
	}
	if waits == [2]<-chan struct{}{} || c.calls().onStack() {
		return
	}
	late := time.NewTimer(c.in.terms.closeTimeout)
	defer late.Stop()
	for _, wait := range waits {
		if wait == nil {
			continue
		}
		select {
		case <-wait:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// readNothing reads until a data frame comes, and then closes the connection.
func (c *Conn) readNothing(r *closeRead) {
	defer close(r.left)
	defer r.cancel()
	if err := c.in.enter(r.ctx, "Conn.CloseRead"); err != nil {
		if _, byLoop := errors.AsType[*UsageError](err); byLoop { // which answers pings and the Close frame
			<-r.ctx.Done()
		}
		return
	}
	err := c.in.nextFrame(r.ctx)
	c.in.leave()
	if err == nil {
		body, _ := closeBody("Conn.CloseRead", StatusPolicyViolation, "unexpected data message")
		_ = c.closing().handshake(context.Background(), body)
	}
}
