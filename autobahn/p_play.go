package autobahn

import (
	"cmp"
	"context"
	"fmt"
)

// An opener does the opening handshake of a connection. It is all that a session knows of how
// the connection came about.
type opener interface {
	// gives returns what the connection has besides a stream.
	gives() need
	// open asks the peer, or answers it. It sets the parts of the result that are about the
	// handshake, and agrees to the terms of permessage-deflate.
	open(ctx context.Context, s *session) (opened, error)
}

// opened is what came in an opening handshake.
type opened struct {
	head  *head  // of the peer's request or response; nil if none came, or none that can be read
	glued []byte // frames that came with it
}

// playOver opens the connection, plays the case on it, and judges. It returns the peer's part of
// the opening handshake. The error says why the connection was not opened, which may be what the
// case wants. A case that needs what the connection does not have is UNIMPLEMENTED, unopened.
func (s *session) playOver(ctx context.Context, o opener) (*head, error) {
	if lacking := s.needs &^ o.gives(); lacking != 0 {
		r := s.result
		r.Behavior, r.Result = Unimplemented, fmt.Sprintf("The case is about %s, which this connection does not have.", lacking)
		r.BehaviorClose, r.ResultClose = OK, nothingToClose
		s.abandon()
		return nil, nil
	}
	got, err := o.open(ctx, s)
	d := cmp.Or(s.door, &door{})
	if err == nil {
		if d.check != nil {
			s.fault = cmp.Or(d.check(got.head), s.fault)
		}
		if s.entered != nil {
			s.entered()
		}
	}
	switch {
	case len(d.statuses) > 0:
		d.judgeRefusal(s.result, got.head, err)
		s.abandon()
	case err != nil:
		neverOpen(s.result, err)
		d.judgeUnopened(s.result, got.head, err)
		s.abandon()
	case d.refused:
		s.awaitRefusal(ctx, d)
	default:
		s.run(ctx, got.glued)
	}
	return got.head, err
}

// knock opens the connection and ends it, for whoever wants to know who is there.
func (s *session) knock(ctx context.Context, o opener) (*head, error) {
	got, err := o.open(ctx, s)
	s.abandon()
	return got.head, err
}
