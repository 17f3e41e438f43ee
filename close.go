package websocket

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// Close performs the closing handshake (RFC 6455 §7): it sends a Close frame with
// code and reason and waits for the peer's. Then a server closes its direction of
// the TCP connection, and a client waits for that. It takes no longer than
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
	err := c.closeHandshake(ctx, body)
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
	if err := ctx.Err(); err != nil {
		return err
	}
	do, err := c.sendClose(ctx, body, false)
	if do == conn.EndTransport { // the peer's Close frame came first, ours answers it
		go c.endTransport()
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

func (c *Conn) closeHandshake(ctx context.Context, body conn.CloseBody) error {
	if c.inCallback() {
		return c.closeInCallback(ctx, body)
	}
	return c.performClose(ctx, body, nil)
}

// performClose performs the closing handshake. It closes the channel sent, which may be
// nil, when the Close frame is sent or cannot be sent.
func (c *Conn) performClose(ctx context.Context, body conn.CloseBody, sent chan<- struct{}) error {
	expire := time.AfterFunc(c.life.closeTimeout, func() { c.event(conn.Expire, conn.CloseBody{}, ErrCloseTimeout) })
	defer expire.Stop()
	stop := context.AfterFunc(ctx, func() { c.event(conn.Expire, conn.CloseBody{}, ctx.Err()) })
	defer stop()

	ended, late := c.done(), c.ended()
	if c.state() == conn.Open {
		waiting, stopWaiting := context.WithCancel(context.Background())
		meanwhile := time.AfterFunc(headStart, func() { c.drainMeanwhile(waiting) })
		do, _ := c.sendClose(context.Background(), body, false)
		stopWaiting()
		meanwhile.Stop()
		if do == conn.EndTransport { // the peer's Close frame came first, ours answers it
			go c.endTransport()
		}
	}
	if sent != nil {
		close(sent)
	}
	// The application's read, if there is one, meets the peer's Close frame; if
	// there is none, this is the one.
	for c.state().CanReceive() && c.in.gate.Lock(nil, ended) {
		_ = c.drain(context.Background())
		c.leaveRead()
	}
	<-ended
	if e := c.closedError(); late || e.Began != SideLocal || !e.Clean() {
		return e
	}
	return nil
}

// headStart is how long a Close frame may wait for other writes before Close begins to
// drop what the peer sends. Where two ends close at once their frames meet in that time,
// and an application that reads gets what there is.
const headStart = 5 * time.Millisecond

// drainMeanwhile reads while our Close frame waits to be sent: the peer may be one that
// finishes its own write before it reads. It leaves that to the application for as long
// as it finds it reading.
func (c *Conn) drainMeanwhile(waiting context.Context) {
	look := time.NewTicker(headStart)
	defer look.Stop()
	for waiting.Err() == nil {
		if c.in.gate.TryLock() {
			_ = c.drain(context.Background())
			c.leaveRead()
			return
		}
		select {
		case <-look.C:
		case <-waiting.Done():
		}
	}
}

// sendClose sends our Close frame, if it is the first. failure says that it
// answers a violation.
func (c *Conn) sendClose(ctx context.Context, body conn.CloseBody, failure bool) (conn.Action, error) {
	var room [frame.MaxControlPayload]byte
	return c.out.submit(ctx, &outFrame{
		OutFrame: conn.OutFrame{
			Header:  frame.Header{Opcode: frame.Close, FIN: true},
			Payload: frame.AppendClose(room[:0], body.Code, body.Reason),
		},
		body:    body,
		failure: failure,
	})
}

// CloseNow ends the connection at once, without a closing handshake. A closing
// handshake that is complete but for our answer, if that need not wait behind other
// frames, or but for the end of the TCP connection, is left to end by itself, within
// [Timeouts.Close], so that CloseNow may always be deferred.
//
// It returns nil, or a [*ClosedError] if the connection had ended before.
func (c *Conn) CloseNow() error {
	if c.state() == conn.Terminated || c.ended() {
		return c.closedError()
	}
	c.beforeWait() // what a loop over messages or a Batch holds back, as far as it goes without waiting
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
		c.lastFrame(ctx, conn.Reply(body), false)
	case conn.EndTransport:
		go c.endTransport()
	}
	return c.closedError()
}

// fail ends the connection because of what the peer sent: _Fail the WebSocket
// Connection_ (RFC 6455 §7.1.7). It returns what the read that met it returns.
func (c *Conn) fail(ctx context.Context, code uint16, reason string, cause error) error {
	do, _ := c.event(conn.Violate, conn.CloseBody{}, cause)
	switch do {
	case conn.SendFailure:
		c.lastFrame(ctx, conn.CloseBody{Code: code, Reason: frame.TruncateReason(reason)}, true)
	case conn.EndTransport:
		go c.endTransport()
	}
	return c.closedError()
}

// lastFrame sends our Close frame and then sees the transport ended, on a
// goroutine of its own. It waits until the frame is sent, or ctx ends.
func (c *Conn) lastFrame(ctx context.Context, body conn.CloseBody, failure bool) {
	sent := make(chan struct{})
	go func() {
		// The deadline of closing bounds this: it breaks the transport.
		do, err := c.sendClose(context.Background(), body, failure)
		close(sent)
		if err == nil && do == conn.EndTransport {
			c.endTransport()
		}
	}()
	select {
	case <-sent:
	case <-ctx.Done():
	}
}

// endTransport sees the TCP connection closed after the last frame, in the order
// that RFC 6455 §7.1.1 asks for: the server closes its direction and waits for
// the peer's end, the client waits for the server's. The server does not close
// the whole connection at once: octets that arrive after that make TCP reset it,
// and a reset can take our Close frame with it. The deadline of closing bounds it.
func (c *Conn) endTransport() {
	c.out.gate.Lock(nil, nil) // a write may still be under way
	c.out.flush(context.Background(), nil)
	half := true
	if c.role.ClosesFirst() {
		half = c.transport.CloseWrite()
	}
	c.out.leave()
	// A handshake that failed is not over before TCP is.
	if c.role.ClosesFirst() && half && c.state() == conn.Acknowledged {
		c.conclude()
	}
	if !half {
		c.event(conn.EndOfStream, conn.CloseBody{}, nil) // there is no closing one direction
		return
	}
	c.in.gate.Lock(nil, nil)
	defer c.leaveRead()
	c.in.canceler.Reset()
	c.in.buf.Discard()
	var dropped [512]byte
	for {
		_, err := c.transport.Read(dropped[:])
		switch err {
		case nil:
		case io.EOF:
			if !c.role.ClosesFirst() {
				c.transport.CloseWrite() // TLS says goodbye each way as well
			}
			c.event(conn.EndOfStream, conn.CloseBody{}, nil)
			return
		default:
			c.event(conn.Break, conn.CloseBody{}, nil)
			return
		}
	}
}
