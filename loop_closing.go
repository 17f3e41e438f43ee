package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
)

// In a turn nothing waits. A control frame goes at once if nothing is ahead of it and the
// socket has room, as it nearly always is. Otherwise a goroutine waits, as it does for a
// connection that has one.

// answer does what an action of the table calls for that a read has met: see follow. It is
// called inside the gate for reading, by a turn or not.
func (h *closing) answer(ctx context.Context, do conn.Action, body conn.CloseBody) {
	if !h.in.inTurn() {
		h.follow(ctx, do, body)
		return
	}
	switch do {
	case conn.SendReply:
		h.answerInTurn(body, conn.SendClose)
	case conn.SendFailure:
		h.answerInTurn(body, conn.AnswerViolation)
	case conn.EndTransport:
		h.endInTurn()
	}
}

func (h *closing) answerInTurn(body conn.CloseBody, as conn.Event) {
	if !h.out.isIdle() {
		go h.lastFrame(context.Background(), body, as)
		return
	}
	if do, err := h.send(context.Background(), body, as); err == nil && do == conn.EndTransport {
		h.endInTurn()
	}
}

// endInTurn is endTransport in a turn: later turns read up to the end of the stream. Inside
// the gate for reading.
func (h *closing) endInTurn() {
	if !h.out.isIdle() || !h.out.gate.TryLock() {
		go h.endTransport()
		return
	}
	if h.endOurs() {
		h.served.Load().reads = readEnd
	}
}

// depart begins the closing handshake when the application is done, in a turn. From then on
// messages are dropped.
func (lc *loopConn) depart(done *departure) {
	lc.reads = readClose
	c := lc.c
	if !c.out.isIdle() {
		go c.Close(done.code, done.reason)
		return
	}
	body, _ := closeBody("Receiver", done.code, done.reason)
	do, _ := c.closing().send(context.Background(), body, conn.SendClose)
	c.closing().follow(context.Background(), do, body)
}

// sendAway begins to close a connection because the server shuts down. Any goroutine may
// call it.
func (lc *loopConn) sendAway() {
	c := lc.c
	switch {
	case !lc.facts.polled(): // its handshake is under way
		lc.member.Kick()
		return
	case c.state() != conn.Open:
		return
	}
	if lc.member.Busy() || !c.out.isIdle() { // the Receiver may run, and nobody would read the answer
		go c.Close(StatusGoingAway, "")
		return
	}
	do, _ := c.closing().send(context.Background(), conn.CloseBody{Code: uint16(StatusGoingAway)}, conn.SendClose)
	c.closing().follow(context.Background(), do, conn.CloseBody{})
}
