package websocket

import (
	"context"

	"github.com/hawser-ws/websocket/conn"
)

// In a turn nothing waits. A Close frame goes at once if the socket has room, as it nearly
// always has. Otherwise a goroutine waits for the rest, as one does for a connection that has
// no loop.

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
	do, done, err := h.startClose(body, as)
	if done && err == nil && do == conn.EndTransport {
		h.endInTurn()
	}
}

// startClose sends our Close frame. If done is false, a goroutine goes on with it, and with
// what follows.
func (h *closing) startClose(body conn.CloseBody, as conn.Event) (do conn.Action, done bool, err error) {
	return h.out.start(closeFrame(nil, body, as), func(do conn.Action, err error) {
		if err == nil && do == conn.EndTransport {
			h.endTransport()
		}
	})
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
func (lc *loopConn) depart(done *CloseError) {
	lc.reads = readClose
	c := lc.c
	body, _ := closeBody("Receiver", done.Code, done.Reason)
	if do, at, err := c.closing().startClose(body, conn.SendClose); at && err == nil && do == conn.EndTransport {
		go c.closing().endTransport() // the peer's Close frame came first
	}
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
	if lc.member.Busy() { // the Receiver may run, and nobody would read the answer
		go c.Close(StatusGoingAway, "")
		return
	}
	if do, at, err := c.closing().startClose(conn.CloseBody{Code: uint16(StatusGoingAway)}, conn.SendClose); at && err == nil && do == conn.EndTransport {
		go c.closing().endTransport()
	}
}
