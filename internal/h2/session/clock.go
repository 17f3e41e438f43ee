package session

import (
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
)

// clock has the one timer of a session. It is for what the peer owes, the settings and the answer to
// a PING, and for a session that nobody uses. A timer that has become too early looks again when it
// fires, so that the use of a session does not reset it.
type clock struct {
	timer     *time.Timer
	at        time.Time // when it fires; zero: it does not
	idleSince time.Time // valid while there is no stream
	warned    time.Time // when the peer was, valid in the phase warned
}

func (c *clock) stop() {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.at = time.Time{}
}

// due is when something will be late; zero: nothing will. Under mu.
func (s *Session) due() time.Time {
	due := s.ep.Deadline()
	if s.idles() {
		due = earlier(due, s.clock.idleSince.Add(s.cfg.IdleTimeout))
	}
	if s.phase == warned {
		due = earlier(due, s.clock.warned.Add(pingPatience))
	}
	return due
}

// earlier returns the earlier time; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// idles reports whether the session has no streams, and may not be so for ever.
func (s *Session) idles() bool { return s.cfg.IdleTimeout > 0 && s.ep.InUse() == 0 }

// watch sets the timer if it would fire too late, or not at all. Under mu.
func (s *Session) watch(now time.Time) {
	due := s.due()
	if s.phase == over || due.IsZero() || !s.clock.at.IsZero() && !s.clock.at.After(due) {
		return
	}
	s.clock.at = due
	if s.clock.timer == nil {
		s.clock.timer = time.AfterFunc(due.Sub(now), s.expire)
		return
	}
	s.clock.timer.Reset(due.Sub(now))
}

// expire ends the session if something is late.
func (s *Session) expire() {
	s.mu.Lock()
	defer s.leave()
	if s.phase == over {
		return
	}
	now := time.Now()
	s.clock.at = time.Time{}
	if err := s.ep.Expire(now); err != nil {
		s.end(err)
		return
	}
	if s.idles() && !now.Before(s.clock.idleSince.Add(s.cfg.IdleTimeout)) {
		s.ep.GoAway(h2.NoError, "idle")
		s.end(errIdle)
		return
	}
	if s.phase == warned && !now.Before(s.clock.warned.Add(pingPatience)) {
		s.stopTaking()
	}
	s.watch(now)
}
