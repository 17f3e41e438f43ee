package session

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
)

// Open sends a request and waits for the response (client): it is Request, and then Response.
func (s *Session) Open(ctx context.Context, head *h2.Head) (*Stream, *h2.Head, error) {
	x, err := s.Request(ctx, head)
	if err != nil {
		return nil, nil, err
	}
	answer, err := x.Response(ctx)
	if err != nil {
		return nil, nil, err
	}
	return x, answer, nil
}

// Request sends a request (client), and before that waits for the settings of the server. It is
// followed by one call of Response. The error is ctx's, one of h2's errors of Open, or why the
// session has ended: a [*LostError].
func (s *Session) Request(ctx context.Context, head *h2.Head) (*Stream, error) {
	s.mu.Lock()
	defer s.leave()
	err := s.await(ctx, func() bool { return s.phase == over || s.ep.Heard() })
	switch {
	case err != nil:
		return nil, err
	case s.phase == over:
		return nil, s.err
	case s.cut != nil:
		return nil, &LostError{Err: s.cut, GoAway: s.heard}
	case s.full():
		return nil, h2.ErrTooManyStreams
	}
	s.lend()
	x := s.newStream()
	if x.st, err = s.ep.Open(head, x); err != nil {
		return nil, err
	}
	s.probe(time.Now())
	return x, nil
}

// Response waits for the response (client). An answer of any status is an answer: if the caller
// wants no stream, it closes it. The error is ctx's, or how the stream ended: a [*ResetError], a
// *h2.StreamError or a [*LostError]. With an error the stream is closed.
func (x *Stream) Response(ctx context.Context) (*h2.Head, error) {
	x.s.mu.Lock()
	defer x.s.leave()
	err := x.s.await(ctx, func() bool { return x.head != nil || x.readErr != nil })
	if answer := x.head; answer != nil {
		x.head = nil
		return answer, nil
	}
	if err == nil {
		err = x.readErr
	}
	x.close(h2.Cancel)
	return nil, err
}

// Ready waits until the peer has said its settings, and returns what CanOpen does, or ctx's error.
// If it is a [*NotHTTP2Error] the peer has ended the connection, or said something else.
func (s *Session) Ready(ctx context.Context) error {
	s.mu.Lock()
	err := s.await(ctx, func() bool { return s.phase == over || s.ep.Heard() })
	heard := s.ep.Heard()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	err = s.CanOpen()
	if lost, ok := errors.AsType[*LostError](err); ok && !heard && saidSomethingElse(lost.Err) {
		return &NotHTTP2Error{lost.Err}
	}
	return err
}

// saidSomethingElse reports whether err, which has ended a session before the peer's settings,
// says that it does not speak HTTP/2.
func saidSomethingElse(err error) bool {
	if broke, ok := errors.AsType[*h2.ConnError](err); ok {
		return broke.Section == "3.4" // the preface
	}
	return !errors.Is(err, net.ErrClosed)
}

// InUse is how many streams have not been given back.
func (s *Session) InUse() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ep.InUse()
}

// CanOpen returns nil if Open may be called now, or what stands against it: one of h2's errors of
// Open, ErrSilent, or why the session has ended.
func (s *Session) CanOpen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.ep.CanOpen()
	switch {
	case s.phase == over:
		return s.err
	case s.cut != nil:
		return &LostError{Err: s.cut, GoAway: s.heard}
	case err != nil:
		return err
	case s.full():
		return h2.ErrTooManyStreams
	case s.silent():
		return ErrSilent
	}
	return nil
}

// full reports whether there are as many streams as this end wants. Under mu.
func (s *Session) full() bool { return s.cfg.MaxOpen > 0 && s.ep.InUse() >= s.cfg.MaxOpen }

// Respond answers the request (server).
func (x *Stream) Respond(head *h2.Head) error {
	x.s.mu.Lock()
	defer x.s.leave()
	if x.writeErr != nil {
		return x.writeErr
	}
	x.s.lend()
	return x.s.ep.Respond(x.st, head)
}

// Refuse answers the request with a response that ends the stream (server). body is sent as
// far as the windows let it go at once. What the client still sends is not looked at (RFC 9113
// §8.1): the stream is closed.
func (x *Stream) Refuse(head *h2.Head, body []byte) error {
	x.s.mu.Lock()
	defer x.s.leave()
	err := x.writeErr
	if err == nil {
		x.s.lend()
		err = x.s.ep.Respond(x.st, head)
	}
	if err == nil {
		x.s.ep.TrySend(x.st, body, nil)
		x.s.ep.End(x.st)
	}
	x.close(h2.NoError)
	return err
}

// Served says that the function that serves the request has returned (server). Until then the
// stream counts towards Config.HTTP2.MaxStreams.
func (x *Stream) Served() {
	x.s.mu.Lock()
	defer x.s.leave()
	x.giveUp()
}
