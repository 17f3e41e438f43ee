package play

import (
	"context"
	"errors"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/mux"
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
	if fault, ok := errors.AsType[*mux.FaultError](err); ok {
		s.Fault(fault)
	}
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
	case outOfTime(err) && s.HTTP2() != nil && d.Ends:
		r.Behavior, r.Result = verdict.NonStrict, "The client did not end its half of a stream that the server had ended."
	case outOfTime(err) && d.Taken != "":
		r.Behavior, r.Result = d.Taken, "The client did not let go of the connection."
	case outOfTime(err):
		r.Behavior, r.Result = verdict.Failed, "The client did not let go of the connection."
	case s.fault != nil:
		r.Behavior, r.Result = verdict.Failed, s.fault.Error()
	case s.HTTP2() != nil && isLost(err):
		r.Behavior, r.Result = verdict.NonStrict, "The client refused, and ended the connection with all its streams: "+EndOf(err)+"."
	case s.HTTP2() != nil:
		r.Behavior, r.Result = verdict.OK, "The client refused: "+EndOf(err)+"."
	default:
		r.Behavior, r.Result = verdict.OK, "The client refused, and ended TCP."
	}
	r.BehaviorClose, r.ResultClose = verdict.OK, NothingToClose
}
