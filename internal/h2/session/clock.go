package session

import (
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
)

// clock has the one timer of a session. It is for what the peer owes, and for a session that
// nobody uses. A timer that has become too early looks again when it fires, so that the use of
// a session does not reset it.
type clock struct {
	timer     *time.Timer
	at        time.Time // when it fires; zero: it does not
	idleSince time.Time // valid while there is no stream
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
	if s.cfg.IdleTimeout > 0 && s.ep.InUse() == 0 {
		if idle := s.clock.idleSince.Add(s.cfg.IdleTimeout); due.IsZero() || idle.Before(due) {
			due = idle
		}
	}
	return due
}

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
	if due := s.due(); !due.IsZero() && !now.Before(due) && s.ep.InUse() == 0 {
		s.ep.GoAway(h2.NoError, "idle")
		s.end(errIdle)
		return
	}
	s.watch(now)
}
