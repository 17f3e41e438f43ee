package session

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
)

// pingPatience is how long a warned peer has to answer.
const pingPatience = time.Second

// linger is how long the end of a session may take: for its GOAWAY to go out, and for the peer
// to end its direction.
const linger = 500 * time.Millisecond

// Close ends the session at once, with all its streams. It does not wait for Run.
func (s *Session) Close() {
	s.mu.Lock()
	s.close()
	s.leave()
}

func (s *Session) close() {
	if s.phase != over {
		s.ep.GoAway(h2.NoError, "")
		s.end(errClosedHere)
	}
}

// Shutdown says that no more streams are taken, waits until those that exist have been given
// back, and ends the session. If ctx ends first the session ends with them, and Shutdown
// returns ctx's error. It does not wait for Run.
func (s *Session) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	defer s.leave()
	switch {
	case s.phase != open:
	case s.cfg.Role == h2.Server && s.ep.Heard():
		// Streams that are on their way are still taken, until the answer to our PING says
		// that the peer has read the warning (RFC 9113 §6.8).
		s.ep.Warn()
		s.ep.Ping([8]byte{'g', 'o', 'i', 'n', 'g'})
		s.phase = warned
		now := time.Now()
		s.clock.warned = now
		s.watch(now)
	default:
		s.stopTaking()
	}
	s.flush()
	err := s.await(ctx, func() bool { return s.phase == over })
	if err != nil {
		s.close()
	}
	return err
}

// stopTaking has no stream taken any more. Under mu.
func (s *Session) stopTaking() {
	s.ep.GoAway(h2.NoError, "")
	s.phase = leaving
	s.drained()
}

// drained ends a session that is leaving and has no streams. Under mu.
func (s *Session) drained() {
	if s.phase == leaving && s.ep.InUse() == 0 {
		s.end(net.ErrClosed)
	}
}

// await waits until ready, which is called under mu, or until ctx ends. Under mu.
func (s *Session) await(ctx context.Context, ready func() bool) error {
	if ready() {
		return nil
	}
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer stop()
	for !ready() {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.changed.Wait()
	}
	return nil
}

// end makes the session over, once, and tells everybody why. The reader does the rest. Under
// mu.
func (s *Session) end(cause error) {
	if s.phase == over {
		return
	}
	s.phase = over
	s.err = &LostError{Err: cause, GoAway: s.heard}
	for st := range s.ep.Streams() {
		if x, ok := st.Owner.(*Stream); ok {
			x.fail(s.err)
		}
	}
	s.clock.stop()
	s.changed.Broadcast()
	s.late = time.AfterFunc(linger, func() { _ = s.t.Close() })
	s.t.InterruptRead(true) // which some network connections do not heed
}

// finish is the end of Run: a read has failed with err, because the session is over or so that
// it is.
func (s *Session) finish(err error) error {
	s.mu.Lock()
	orderly := (errors.Is(err, io.EOF) || ownClose(err) && s.cut == nil) && s.allEnded()
	if s.phase != over {
		if s.cut != nil {
			err = s.cut // which came first
		}
		s.end(err)
		s.mu.Unlock()
		_ = s.t.Close() // nobody hears us any more
	} else {
		s.mu.Unlock()
		orderly = errors.Is(s.err.Err, net.ErrClosed)
		s.sayGoodbye()
	}
	s.mu.Lock()
	for s.writer != quiet && s.writer != broken {
		s.changed.Wait()
	}
	s.writer = broken
	s.rest()
	s.mu.Unlock()
	s.late.Stop()
	s.in.Discard()
	if orderly {
		return nil
	}
	return s.err
}

// ownClose reports whether a read has failed because this end has closed the connection.
func ownClose(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// allEnded reports whether every stream is over or ended by us, be it still in use. Under mu.
func (s *Session) allEnded() bool {
	for st := range s.ep.Streams() {
		if state := st.State(); !state.Over() && state != h2.HalfClosedLocal {
			return false
		}
	}
	return true
}

// sayGoodbye waits until all that is pending has been written, then ends our direction and waits
// for the end of the peer's. If bytes of the peer stayed unread TCP would reset the connection,
// and the peer could lose our GOAWAY, which says why.
func (s *Session) sayGoodbye() {
	s.mu.Lock()
	s.flush()
	for s.writer != quiet && s.writer != broken {
		s.changed.Wait()
	}
	written := s.writer == quiet
	s.writer = broken // nobody writes behind the end
	s.mu.Unlock()
	if written && s.t.CloseWrite() {
		s.t.InterruptRead(false)
		dropped := make([]byte, 512)
		for left := maxDropped; left > 0; {
			n, err := s.t.Read(dropped)
			if err != nil {
				break
			}
			left -= n
		}
	}
	_ = s.t.Close()
}

// maxDropped is how much of a peer is read that has not heard yet that the session is over.
const maxDropped = 1 << 20
