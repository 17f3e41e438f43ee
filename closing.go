package websocket

import (
	"context"
	"io"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// closing is a Conn as the end of it is brought about: its Close frame, the peer's, and the
// end of TCP. What is to be done when is in the table of conn; this is how.
//
//	action of the table   done by
//	AwaitClose            perform, or the application's reads
//	SendReply             lastFrame
//	SendFailure           lastFrame
//	EndTransport          endTransport
//	Drop                  lifetime
type closing Conn

func (c *Conn) closing() *closing { return (*closing)(c) }

// handshake performs the closing handshake, or begins it in a callback.
func (h *closing) handshake(ctx context.Context, body conn.CloseBody) error {
	if h.calls.onStack() {
		return h.inCallback(ctx, body)
	}
	return h.perform(ctx, body, nil)
}

// perform performs the closing handshake. It closes the channel sent, which may be
// nil, when the Close frame is sent or cannot be sent.
func (h *closing) perform(ctx context.Context, body conn.CloseBody, sent chan<- struct{}) error {
	expire := time.AfterFunc(h.life.closeTimeout, h.life.expire)
	defer expire.Stop()
	stop := context.AfterFunc(ctx, func() { h.life.handle(conn.Expire, conn.CloseBody{}, ctx.Err()) })
	defer stop()

	ended, late := h.life.done(), h.life.hasEnded()
	if h.life.current() == conn.Open {
		waiting, stopWaiting := context.WithCancel(context.Background())
		meanwhile := time.AfterFunc(headStart, func() { h.drainMeanwhile(waiting) })
		do, _ := h.send(context.Background(), body, conn.SendClose)
		stopWaiting()
		meanwhile.Stop()
		if do == conn.EndTransport { // the peer's Close frame came first, ours answers it
			go h.endTransport()
		}
	}
	if sent != nil {
		close(sent)
	}
	// The application's read, if there is one, meets the peer's Close frame; if
	// there is none, this is the one.
	for h.life.current().CanReceive() && h.in.gate.Lock(nil, ended) {
		h.drain()
	}
	<-ended
	if e := h.life.closedError(); late || e.Began != SideLocal || !e.Clean() {
		return e
	}
	return nil
}

// drain drops what the peer sends until its Close frame. It is called inside the read gate
// and leaves that, also if a callback ends the goroutine.
func (h *closing) drain() {
	defer h.in.leave()
	_ = h.in.drain(context.Background())
}

// headStart is how long a Close frame may wait for other writes before Close begins to
// drop what the peer sends. Where two ends close at once their frames meet in that time,
// and an application that reads gets what there is.
const headStart = 5 * time.Millisecond

// drainMeanwhile reads while our Close frame waits to be sent: the peer may be one that
// finishes its own write before it reads. It leaves that to the application for as long
// as it finds it reading.
func (h *closing) drainMeanwhile(waiting context.Context) {
	look := time.NewTicker(headStart)
	defer look.Stop()
	for waiting.Err() == nil {
		if h.in.gate.TryLock() {
			h.drain()
			return
		}
		select {
		case <-look.C:
		case <-waiting.Done():
		}
	}
}

// inCallback is the handshake that a callback asks for. It waits headStart at most for our Close
// frame to be sent: a peer that does not read may be waiting for the callback to end. The
// peer's Close frame is received when the callback has returned, by the read that runs it
// or by the next one.
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

// send sends our Close frame, if it is the first. as says what it is:
// [conn.SendClose] or [conn.AnswerViolation].
func (h *closing) send(ctx context.Context, body conn.CloseBody, as conn.Event) (conn.Action, error) {
	var room [frame.MaxControlPayload]byte
	return h.out.submit(ctx, &outFrame{
		OutFrame: conn.OutFrame{
			Header:  frame.Header{Opcode: frame.Close, FIN: true},
			Payload: frame.AppendClose(room[:0], body.Code, body.Reason),
		},
		body:  body,
		event: as,
	})
}

// lastFrame sends our Close frame and then sees the transport ended, on a
// goroutine of its own. It waits until the frame is sent, or ctx ends.
func (h *closing) lastFrame(ctx context.Context, body conn.CloseBody, as conn.Event) {
	sent := make(chan struct{})
	go func() {
		// The deadline of closing bounds this: it breaks the transport.
		do, err := h.send(context.Background(), body, as)
		close(sent)
		if err == nil && do == conn.EndTransport {
			h.endTransport()
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
// the whole connection at once: bytes that arrive after that make TCP reset it,
// and a reset can take our Close frame with it. The deadline of closing bounds it.
func (h *closing) endTransport() {
	h.out.gate.Lock(nil, nil) // a write may still be under way
	h.out.flush(context.Background(), nil)
	half := true
	if h.role.ClosesFirst() {
		half = h.transport.CloseWrite()
	}
	h.out.leave()
	// Both Close frames have gone: nobody need wait for the end of TCP as well. A handshake
	// that failed is not over before TCP is.
	if half && h.life.current() == conn.Acknowledged {
		h.life.notifyEnded()
	}
	if !half {
		h.life.handle(conn.EndOfStream, conn.CloseBody{}, nil) // there is no closing one direction
		return
	}
	h.in.gate.Lock(nil, nil)
	defer h.in.leave()
	h.in.canceler.Reset()
	h.in.buf.Discard()
	var dropped [512]byte
	for {
		_, err := h.transport.Read(dropped[:])
		switch err {
		case nil:
		case io.EOF:
			if !h.role.ClosesFirst() {
				h.transport.CloseWrite() // TLS says goodbye each way as well
			}
			h.life.handle(conn.EndOfStream, conn.CloseBody{}, nil)
			return
		default:
			h.life.handle(conn.Break, conn.CloseBody{}, nil)
			return
		}
	}
}

// sendLast sends what is due and ends the connection, within [Timeouts.Close].
func (h *closing) sendLast(cause error) {
	end := func() { h.life.handle(conn.EndOfStream, conn.CloseBody{}, cause) }
	late := time.AfterFunc(h.life.closeTimeout, end)
	defer late.Stop()
	if h.out.gate.Lock(nil, h.life.done()) {
		h.out.flushAndLeave()
	}
	end()
}
