package session

import (
	"errors"
	"time"
)

const (
	// quietFor is how long a session may have heard nothing before a request has a PING with it:
	// so a server that is slow to answer the request is told apart from one that is gone.
	quietFor = time.Second
	// silentAfter is how long the peer may take to answer that PING, or to send anything else.
	silentAfter = 5 * time.Second
)

// ErrSilent: the peer has answered nothing lately, not even a PING. The network may have lost the
// connection, which TCP notices after a quarter of an hour.
var ErrSilent = errors.New("nothing comes from the server any more, not even the answer to a PING")

// silence is when the peer was last heard. All under Session.mu.
type silence struct {
	heard  time.Time // zero: never
	pinged time.Time // since then; zero: it was not
}

// broken notes that the peer was heard.
func (q *silence) broken(now time.Time) { q.heard, q.pinged = now, time.Time{} }

// probe sends a PING if the peer was not heard for a while. Under mu.
func (s *Session) probe(now time.Time) {
	if q := &s.silence; q.pinged.IsZero() && now.Sub(q.heard) >= quietFor {
		q.pinged = now
		s.ep.Ping([8]byte{'t', 'h', 'e', 'r', 'e', '?'})
	}
}

// silent reports whether the peer has left a PING unanswered for too long. Under mu.
func (s *Session) silent() bool {
	pinged := s.silence.pinged
	return !pinged.IsZero() && time.Since(pinged) >= silentAfter
}
