package websocket

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// Close performs the closing handshake (RFC 6455 §7): it sends a Close frame with
// code and reason and waits for the peer's. A server also closes its direction of the TCP
// connection before Close returns. The rest goes on behind it: a client waits for the server
// to close TCP first, and a server for the client to follow. All of it takes no longer than
// [Timeouts.Close].
//
// It returns nil if a Close frame went each way, ours first; a [*ClosedError] if not
// or if the connection had ended before. Messages that arrive meanwhile go to a read
// that is waiting for one; if none is, they are dropped. They are dropped also while the
// Close frame waits behind other writes, because the peer may not read before it has
// written. Where these messages matter, use [Conn.BeginClose].
//
// A reason longer than 123 bytes is cut there. StatusNoStatusRcvd sends no code. A
// code that may not be sent is a [*UsageError], and StatusInternalError is sent in
// its place: after Close the connection is closed, whatever happens.
//
// In OnPingReceived and OnPongReceived it does not wait for the peer: it returns nil when
// the Close frame is sent, or after 5 ms if that takes longer. The rest happens when the
// callback has returned.
func (c *Conn) Close(code StatusCode, reason string) error {
	return c.CloseContext(context.Background(), code, reason)
}

// CloseContext is [Conn.Close], bounded by ctx as well: when it ends, the
// connection is dropped as by [Conn.CloseNow].
func (c *Conn) CloseContext(ctx context.Context, code StatusCode, reason string) error {
	body, misuse := closeBody("Conn.Close", code, reason)
	err := c.closing().handshake(ctx, body)
	c.awaitCloseRead(ctx)
	if misuse != nil {
		return misuse
	}
	return err
}

// BeginClose begins the closing handshake and returns when the Close frame is sent:
// nothing can be written any more, while messages can be read until the peer's
// Close frame comes. They should be, and [Conn.Close] or [Conn.CloseNow] called in
// the end. [Timeouts.Close] bounds it all. The code and reason are as for Close.
//
// It does not read. The peer may read nothing until we have read what it sends; if so,
// have another goroutine read meanwhile, or the Close frame is not sent.
//
// It returns a [*ClosedError] if the connection was ending before. If ctx ends before
// the Close frame is sent, the connection is lost, unless the frame was still waiting
// for another write: then nothing has happened.
func (c *Conn) BeginClose(ctx context.Context, code StatusCode, reason string) error {
	body, misuse := closeBody("Conn.BeginClose", code, reason)
	if err := c.life.givenUp(ctx); err != nil {
		return err
	}
	do, err := c.closing().send(ctx, body, conn.SendClose)
	if do == conn.EndTransport { // the peer's Close frame came first, ours answers it
		go c.closing().endTransport()
		err = c.closedError()
	}
	if misuse != nil {
		return misuse
	}
	return err
}

// closeBody is what the Close frame is to say.
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

// CloseNow ends the connection at once, without a closing handshake. A closing
// handshake that is complete but for our answer, if that need not wait behind other
// frames, or but for the end of the TCP connection, is left to end by itself, within
// [Timeouts.Close], so that CloseNow may always be deferred.
//
// It returns nil, or a [*ClosedError] if the connection had ended before.
//
// The goroutine of [Conn.CloseRead] has returned when Close or CloseNow has ended the
// connection, and with it the last call of OnPingReceived or OnPongReceived that it has made.
// They wait for such a call, for [Timeouts.Close] at most.
func (c *Conn) CloseNow() error {
	err := c.closeNow()
	c.awaitCloseRead(context.Background())
	return err
}

func (c *Conn) closeNow() error {
	if c.state() == conn.Terminated || c.life.hasEnded() {
		return c.closedError()
	}
	c.out.beforeWait() // what a loop over messages or a Batch holds back, as far as it goes without waiting
	if c.state() == conn.ClosedByPeer && c.out.due.Load() == 0 {
		return nil // whoever has read the peer's Close frame is about to answer it
	}
	c.event(conn.Abandon, conn.CloseBody{}, nil)
	return nil
}

// receivedClose deals with the peer's Close frame. It returns what the read that
// met it returns.
func (c *Conn) receivedClose(ctx context.Context, payload []byte) error {
	code, reason, v := frame.ParseClose(payload)
	if v != nil {
		return c.violated(ctx, v)
	}
	body := conn.CloseBody{Code: code, Reason: string(reason)}
	do, _ := c.event(conn.ReceiveClose, body, nil)
	switch do {
	case conn.SendReply:
		c.closing().lastFrame(ctx, conn.Reply(body), conn.SendClose)
	case conn.EndTransport:
		go c.closing().endTransport()
	}
	return c.closedError()
}

// fail ends the connection because of what the peer sent: _Fail the WebSocket
// Connection_ (RFC 6455 §7.1.7). It returns what the read that met it returns.
func (c *Conn) fail(ctx context.Context, code uint16, reason string, cause error) error {
	do, _ := c.event(conn.Violate, conn.CloseBody{}, cause)
	switch do {
	case conn.SendFailure:
		c.closing().lastFrame(ctx, conn.CloseBody{Code: code, Reason: frame.TruncateReason(reason)}, conn.AnswerViolation)
	case conn.EndTransport:
		go c.closing().endTransport()
	}
	return c.closedError()
}

// endOfStream deals with the end of the stream, because of which there is nothing more
// to read: cause. It returns what the read that met it returns.
//
// The peer may have closed its direction only, and still read. What we owed it by then
// is sent before the connection ends: pongs, what a [Batch] or a loop over messages
// held back, writes under way.
func (c *Conn) endOfStream(ctx context.Context, cause error) error {
	c.life.keepCause(cause)
	if !c.out.owes() {
		c.event(conn.EndOfStream, conn.CloseBody{}, cause)
		return c.closedError()
	}
	if from, _ := c.out.coalesce.on(endOfStream); from != streamEnded {
		go c.closing().sendLast(cause)
	}
	select {
	case <-c.done():
	case <-ctx.Done():
		if c.state() != conn.Terminated {
			return ctx.Err() // the next read meets the end again
		}
	}
	return c.closedError()
}

// violated refuses the peer's bytes: they broke a rule of the RFC.
func (c *Conn) violated(ctx context.Context, v *frame.Violation) error {
	return c.fail(ctx, v.Code, v.Reason, &ProtocolError{Code: StatusCode(v.Code), Violation: v})
}

// CloseRead is for an application that only writes. It starts a goroutine that answers
// pings and the peer's Close frame, and returns at once. No data message is expected:
// if one arrives the connection is closed with StatusPolicyViolation. The context
// returned ends when the connection has ended, or when ctx does.
//
// It may be called any number of times. All calls share one goroutine, which reads until
// the contexts of all of them have ended. Until then other reads wait for it. The context
// that callbacks such as OnPingReceived get has no value but [http.ServerContextKey]: it
// belongs to no single call.
func (c *Conn) CloseRead(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	if ctx.Err() != nil {
		cancel()
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

// closeRead is the reading that calls of [Conn.CloseRead] share.
type closeRead struct {
	ctx    context.Context // ends when the reading does
	cancel context.CancelFunc
	left   chan struct{} // closed when the goroutine has returned
	end    *endCall      // nil if the connection had ended
	calls  int           // those whose contexts have not ended; under lifetime.mu
}

// joinCloseRead returns the reading under way, or a new one that the caller is to start.
func (l *lifetime) joinCloseRead(ctx context.Context) (r *closeRead, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.closeRead; r != nil && r.ctx.Err() == nil {
		r.calls++
		return r, false
	}
	r = &closeRead{calls: 1, left: make(chan struct{})}
	// Other values may be of a request that ends before the reading does.
	server := context.WithValue(context.Background(), http.ServerContextKey, ctx.Value(http.ServerContextKey))
	r.ctx, r.cancel = context.WithCancel(server)
	if !l.hasEnded() {
		r.end = &endCall{f: r.cancel}
		l.list(r.end)
	}
	l.closeRead = r
	return r, true
}

// leaveCloseRead is called when the context of a call has ended. The last of them ends
// the reading.
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

// awaitCloseRead waits for the goroutine of CloseRead, if the connection has ended. It does
// not wait in a callback, which may be on that goroutine.
func (c *Conn) awaitCloseRead(ctx context.Context) {
	c.life.mu.Lock()
	r := c.life.closeRead
	c.life.mu.Unlock()
	if r == nil || !c.life.hasEnded() || c.calls.onStack() {
		return
	}
	late := time.NewTimer(c.life.closeTimeout)
	defer late.Stop()
	select {
	case <-r.left:
	case <-late.C:
	case <-ctx.Done():
	}
}

// readNothing reads until a data frame comes, and closes the connection then.
func (c *Conn) readNothing(r *closeRead) {
	defer close(r.left)
	defer r.cancel()
	if c.in.enter(r.ctx) != nil {
		return
	}
	err := c.in.nextFrame(r.ctx)
	c.in.leave()
	if err == nil {
		body, _ := closeBody("Conn.CloseRead", StatusPolicyViolation, "unexpected data message")
		_ = c.closing().handshake(context.Background(), body)
	}
}
