package websocket

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/transport"
)

// closing is a Conn as it ends: our Close frame, the peer's, and the end of TCP. The table
// in conn decides what is done when; the methods here do it.
//
//	action of the table   done by
//	AwaitClose            perform, or the application's reads
//	SendReply             lastFrame
//	SendFailure           lastFrame
//	EndTransport          endTransport
//	Drop                  lifetime
type closing Conn

func (c *Conn) closing() *closing { return (*closing)(c) }

// handshake performs the closing handshake. In a callback it only begins it.
func (h *closing) handshake(ctx context.Context, body conn.CloseBody) error {
	if h.in.terms.calls.onStack() {
		return h.inCallback(ctx, body)
	}
	return h.perform(ctx, body, nil)
}

// perform performs the closing handshake. When the Close frame is sent or cannot be sent,
// it closes the channel sent, which may be nil.
func (h *closing) perform(ctx context.Context, body conn.CloseBody, sent chan<- struct{}) error {
	late := time.AfterFunc(h.in.terms.closeTimeout, func() { h.life.giveUp(ErrCloseTimeout) })
	defer late.Stop()
	stop := context.AfterFunc(ctx, func() { h.life.giveUp(ctx.Err()) })
	defer stop()

	ended, before := h.life.done(), h.life.hasEnded()
	if h.life.current() == conn.Open {
		waiting, stopWaiting := context.WithCancel(context.Background())
		meanwhile := time.AfterFunc(headStart, func() { h.drainMeanwhile(waiting) })
		do, _ := h.send(context.Background(), body, conn.SendClose)
		stopWaiting()
		meanwhile.Stop()
		h.follow(ctx, do, body)
	}
	if sent != nil {
		close(sent)
	}
	// The application's read meets the peer's Close frame, if one is waiting. If none is,
	// this loop does.
	for h.life.current().CanReceive() && h.in.lock(nil, ended) {
		h.drain()
	}
	<-ended
	if e := h.life.closedError(); before || e.Began != SideLocal || !e.Clean() {
		return e
	}
	return nil
}

// drain drops what the peer sends until its Close frame. It is called inside the read gate
// and leaves it, even if a callback ends the goroutine.
func (h *closing) drain() {
	defer h.in.leave()
	_ = h.in.drain(context.Background())
}

// headStart is how long a Close frame may wait for other writes before Close begins to drop
// what the peer sends. If both ends close at the same time, their frames arrive within it,
// and a read of the application gets all messages before them.
const headStart = 5 * time.Millisecond

// drainMeanwhile reads while our Close frame waits to be sent, because the peer may not
// read before it has finished its own write. While the application is reading,
// drainMeanwhile leaves the reading to it.
func (h *closing) drainMeanwhile(waiting context.Context) {
	look := time.NewTicker(headStart)
	defer look.Stop()
	for waiting.Err() == nil {
		if h.in.tryLock() {
			h.drain()
			return
		}
		select {
		case <-look.C:
		case <-waiting.Done():
		}
	}
}

// inCallback begins the handshake from inside a callback. It waits for our Close frame to
// be sent, headStart at most: the peer may not read before the callback has ended. The
// peer's Close frame is received when the callback has returned, by the read that runs the
// callback or by the next one.
func (h *closing) inCallback(ctx context.Context, body conn.CloseBody) error {
	sent := make(chan struct{})
	go h.perform(context.Background(), body, sent)
	late := time.NewTimer(headStart)
	defer late.Stop()
	select {
	case <-sent:
	case <-late.C:
	case <-ctx.Done():
	}
	if h.life.current().CanReceive() {
		return nil
	}
	return h.life.closedError()
}

// follow does what an action of the table calls for. body is our Close frame, if that is to
// be sent. Where our own call of Close finds EndTransport to be done, the peer's Close frame
// came first, and ours has answered it.
func (h *closing) follow(ctx context.Context, do conn.Action, body conn.CloseBody) {
	switch do {
	case conn.SendReply:
		h.lastFrame(ctx, body, conn.SendClose)
	case conn.SendFailure:
		h.lastFrame(ctx, body, conn.AnswerViolation)
	case conn.EndTransport:
		if h.isHandlers() {
			h.endTransport()
			return
		}
		go h.endTransport()
	}
}

// answer is follow for what a read has met. It is called inside the gate for reading. In a
// turn of a [Loop] nothing waits.
func (h *closing) answer(ctx context.Context, do conn.Action, body conn.CloseBody) {
	if h.in.inTurn() {
		h.served.Load().answer(do, body)
		return
	}
	h.follow(ctx, do, body)
}

// isHandlers reports whether the stream ends with a handler of net/http. That may return as soon as
// its call does, so the call ends the stream itself, which waits for nobody.
func (h *closing) isHandlers() bool {
	_, ok := h.transport.(*transport.ResponseStream)
	return ok
}

// send sends our Close frame, if it is the first. The event as is [conn.SendClose] or
// [conn.AnswerViolation].
func (h *closing) send(ctx context.Context, body conn.CloseBody, as conn.Event) (conn.Action, error) {
	var room [frame.MaxControlPayload]byte
	return h.out.submit(ctx, closeFrame(room[:0], body, as))
}

// closeFrame returns a Close frame whose payload is appended to room.
func closeFrame(room []byte, body conn.CloseBody, as conn.Event) *outFrame {
	return &outFrame{
		OutFrame: conn.OutFrame{
			Header:  frame.Header{Opcode: frame.Close, FIN: true},
			Payload: frame.AppendClose(room, body.Code, body.Reason),
		},
		body:  body,
		event: as,
	}
}

// lastFrame sends our Close frame and then ends the transport, on a goroutine of its own.
// It returns when the frame is sent, or when ctx ends.
func (h *closing) lastFrame(ctx context.Context, body conn.CloseBody, as conn.Event) {
	sent := make(chan struct{})
	go func() {
		// The deadline of closing limits this: it breaks the transport.
		do, err := h.send(context.Background(), body, as)
		ends := err == nil && do == conn.EndTransport
		if ends && h.isHandlers() {
			h.endTransport()
			ends = false
		}
		close(sent)
		if ends {
			h.endTransport()
		}
	}()
	select {
	case <-sent:
	case <-ctx.Done():
	}
}

// startClose sends our Close frame without waiting, and has end called if the transport is to
// end then. The frame goes at once if the socket has room, as it nearly always has. Otherwise
// a goroutine waits for that, and ends the transport itself.
func (h *closing) startClose(body conn.CloseBody, as conn.Event, end func()) {
	do, done, err := h.out.start(closeFrame(nil, body, as), func(do conn.Action, err error) {
		if err == nil && do == conn.EndTransport {
			h.endTransport()
		}
	})
	if done && err == nil && do == conn.EndTransport {
		end()
	}
}

// endTransport ends the TCP connection after the last frame, in the order of RFC 6455
// §7.1.1: the server closes its direction and waits for the end of the peer's; the client
// waits for the server's. The server does not close the whole connection at once, because
// TCP would answer bytes that arrive later with a reset, and a reset can destroy our Close
// frame. The deadline of closing limits the wait.
func (h *closing) endTransport() {
	h.out.gate.Lock(nil, nil) // a write may still be under way
	if !h.endOurs() {
		return
	}
	h.in.lock(nil, nil)
	defer h.in.leave()
	h.in.canceler.Reset()
	h.in.buf.Discard()
	defer h.endStreamLater()()
	var dropped [512]byte
	for !h.endOfRead(h.transport.Read(dropped[:])) {
	}
}

// endOurs ends our direction, if that is for us to do. It is called inside the gate for
// writing, and leaves it. It reports whether the end of the peer's direction is still to come.
func (h *closing) endOurs() bool {
	h.out.flush(context.Background(), nil)
	half := true
	if h.endsAtOnce() {
		half = h.transport.CloseWrite()
	}
	h.out.leave()
	// Both Close frames have gone: nobody need wait for the end of TCP as well. A failed
	// handshake ends only with TCP.
	if half && h.life.current() == conn.Acknowledged {
		h.life.notifyEnded()
	}
	if !half {
		h.life.report(conn.EndOfStream, nil) // this transport cannot close one direction
	}
	return half
}

// endOfRead reports whether a read, which has returned err, was the last. Inside the gate for
// reading.
func (h *closing) endOfRead(_ int, err error) bool {
	switch {
	case err == nil:
		return false
	case err == transport.ErrAgain:
	case errors.Is(err, io.EOF):
		if !h.out.role.ClosesFirst() {
			h.transport.CloseWrite() // TLS has an end of each direction, too
		}
		h.life.report(conn.EndOfStream, nil)
	default:
		h.life.report(conn.Break, nil)
	}
	return true
}

// endsAtOnce reports whether this end closes its direction as soon as both Close frames have
// gone. On a stream of HTTP/2 a client does so too if it has begun: Apache and hypercorn wait for
// it. If the server has begun, our Close frame is the last, and lighttpd may lose it if the end
// follows at once; most servers end the stream, and endStreamLater does for the others.
func (h *closing) endsAtOnce() bool {
	_, shared := h.transport.(transport.Shared)
	return h.out.role.ClosesFirst() || shared && h.life.closedError().Began == SideLocal
}

// streamPatience is how long a server has to end its direction of a stream of HTTP/2, once both
// Close frames have gone. requestPatience is how long a client has: nobody waits for that, and
// haproxy 2.6 drops what it has not passed on yet when the reset comes.
const (
	streamPatience  = 5 * time.Millisecond
	requestPatience = 500 * time.Millisecond
)

// endStreamLater ends a stream of HTTP/2 or HTTP/3 that the peer does not end in time after an
// orderly close: nghttpx keeps its direction open for ever, and Apache waits for a client that
// has answered. Until then the stream would count against the limits of both ends. A server has
// answered completely, and stops the request (RFC 9113 §8.1); net/http does that at once. A client
// sends END_STREAM. Nothing else writes any more, so that needs no gate. stop is called when the
// stream has ended.
func (h *closing) endStreamLater() (stop func()) {
	x, ok := h.transport.(transport.Shared)
	if !ok || h.life.current() != conn.Acknowledged {
		return func() {}
	}
	end, patience := x.AbortRequest, requestPatience
	if !h.out.role.ClosesFirst() {
		closeWrite := h.transport.CloseWrite
		end, patience = func() { closeWrite() }, streamPatience
	}
	late := time.AfterFunc(patience, end)
	return func() { late.Stop() }
}

// sendLast sends what is due and then ends the connection, within [Timeouts.Close].
func (h *closing) sendLast(cause error) {
	end := func() { h.life.report(conn.EndOfStream, cause) }
	late := time.AfterFunc(h.in.terms.closeTimeout, end)
	defer late.Stop()
	if h.out.gate.Lock(nil, h.life.done()) {
		h.out.flushAndLeave()
	}
	end()
}
