package play

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// awaitRefusal waits for a client to end the connection after a response that it must not
// accept. The suite sends it a text frame: a client that answers, or sends any other frame, has
// accepted.
func (s *Session) awaitRefusal(ctx context.Context, d *Door) {
	r := s.Result
	defer s.abandon()
	stop := context.AfterFunc(ctx, func() { s.stream.SetReadDeadline(time.Now()) })
	defer stop()
	s.Send(Whole(OpText, "Are you there?"), 0, false)
	s.stream.SetReadDeadline(time.Now().Add(s.silence))
	buf := make([]byte, 4096)
	n, err := s.stream.Read(buf)
	timeout, isNet := errors.AsType[net.Error](err)
	if n > 0 {
		r.RxOctetStats[n]++
		s.log(verdict.Entry{Kind: verdict.LogRxOctets, Length: n, Data: buf[:n]})
	}
	switch {
	case n > 0 && buf[0]&0xf == OpClose:
		r.Behavior, r.Result = verdict.NonStrict, "The client sent a Close frame on a connection that was never opened."
	case n > 0 && d.Taken != "":
		r.Behavior, r.Result = d.Taken, "The client accepted it: it sent a frame."
	case n > 0:
		r.Behavior, r.Result = verdict.Failed, "The client accepted what it has to refuse: it sent a frame."
	case err != nil && isNet && timeout.Timeout() && d.Taken != "":
		r.Behavior, r.Result = d.Taken, "The client did not let go of the connection."
	case err != nil && isNet && timeout.Timeout():
		r.Behavior, r.Result = verdict.Failed, "The client did not let go of the connection."
	default:
		r.Behavior, r.Result = verdict.OK, "The client refused, and ended TCP."
	}
	r.BehaviorClose, r.ResultClose = verdict.OK, NothingToClose
}
