package play

import (
	"cmp"
	"context"
	"fmt"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Play opens the connection, plays the case on it, and judges. It returns the peer's part of
// the opening handshake. The error says why the connection was not opened, which may be what the
// case wants. A case that needs what the connection does not have is UNIMPLEMENTED, unopened.
func (s *Session) Play(ctx context.Context, o Opener) (*Head, error) {
	if lacking := s.needs &^ o.Gives(); lacking != 0 {
		r := s.Result
		r.Behavior, r.Result = verdict.Unimplemented, fmt.Sprintf("The case is about %s, which this connection does not have.", lacking)
		r.BehaviorClose, r.ResultClose = verdict.OK, NothingToClose
		s.abandon()
		return nil, nil
	}
	got, err := o.Open(ctx, s)
	d := cmp.Or(s.door, &Door{})
	if err == nil {
		if d.Check != nil {
			s.fault = cmp.Or(d.Check(got.Head), s.fault)
		}
		if s.Entered != nil {
			s.Entered()
		}
	}
	switch {
	case len(d.Statuses) > 0:
		d.judgeRefusal(s.Result, got.Head, err)
		s.abandon()
	case err != nil:
		verdict.NeverOpen(s.Result, err)
		d.judgeUnopened(s.Result, got.Head, err)
		s.abandon()
	case d.Refused:
		s.awaitRefusal(ctx, d)
	default:
		s.run(ctx, got.Glued)
	}
	return got.Head, err
}

// Knock opens the connection and ends it, for whoever wants to know who is there.
func (s *Session) Knock(ctx context.Context, o Opener) (*Head, error) {
	got, err := o.Open(ctx, s)
	s.abandon()
	return got.Head, err
}
