package session

import (
	"errors"
	"runtime"
	"time"

	"github.com/hawser-ws/websocket/internal/poolcheck"
	"github.com/hawser-ws/websocket/internal/transport"
)

// writer says who writes: see the package documentation.
type writer uint8

const (
	quiet   writer = iota
	corked         // the reader will
	trying         // a caller, as far as it need not wait
	waiting        // a goroutine
	broken         // nobody, any more
)

const (
	// tryRounds is how often a caller writes what others have added meanwhile.
	tryRounds = 4
	// maxBacklog is how much may wait for a peer that sends and does not read, in bytes. DATA
	// waits in far less; the rest are frames of our own doing, such as answers to requests.
	maxBacklog = 1 << 20
	// keptBuffer is how large a buffer goes back to the pool, in bytes.
	keptBuffer = 64 << 10
)

// outBuffers are what endpoints frame into. One is lent while something is pending.
var outBuffers = poolcheck.NewPool("HTTP/2 buffers", func() any { p := make([]byte, 0, 4<<10); return &p })

// lend has the endpoint frame into a buffer from the pool. Under mu.
func (s *Session) lend() {
	if s.lent == nil {
		s.lent = outBuffers.Get().(*[]byte)
		s.ep.GiveBuffer(*s.lent)
	}
}

// rest gives the buffer back; nothing is pending, or what is will never be written. Under mu.
func (s *Session) rest() {
	buf := s.ep.TakeBuffer()
	if s.lent == nil {
		return
	}
	if c := cap(buf); c > 0 && c <= keptBuffer {
		*s.lent = buf
	} else if s.writer == broken || c > keptBuffer {
		*s.lent = nil // the endpoint may still have it
	}
	outBuffers.Put(s.lent)
	s.lent = nil
}

// leave unlocks, and has what is pending written.
func (s *Session) leave() {
	s.flush()
	s.mu.Unlock()
}

// cork has others leave the writing to the reader. Under mu.
func (s *Session) cork() {
	if s.writer == quiet {
		s.writer = corked
	}
}

func (s *Session) uncork() {
	if s.writer == corked {
		s.writer = quiet
	}
}

// backlog is how many bytes are pending. Under mu.
func (s *Session) backlog() int { return len(s.ep.Pending()) }

// flush has what is pending written, unless somebody does already. Under mu, which it gives up
// meanwhile.
//
// A goroutine is what several streams get: those that the same read has woken have more for the
// same write, and the way to the system call would grow the stack of each of them for good.
func (s *Session) flush() {
	switch {
	case s.writer != quiet:
	case s.backlog() == 0:
		s.rest()
	case s.tries && s.ep.InUse() <= 1:
		s.writer = trying
		s.try()
	default:
		s.writer = waiting
		go s.write()
	}
}

// try writes what goes without waiting, and leaves the rest to a goroutine. Under mu.
func (s *Session) try() {
	for range tryRounds {
		p := s.ep.Pending()
		if len(p) == 0 {
			s.becomeQuiet()
			return
		}
		s.mu.Unlock()
		n := s.t.TryWrite(p)
		s.mu.Lock()
		if s.sent(n); n < len(p) {
			break
		}
	}
	s.writer = waiting
	go s.write()
}

// becomeQuiet is called when nothing is left to be written. Under mu.
func (s *Session) becomeQuiet() {
	s.writer = quiet
	s.rest()
	if s.phase == over {
		s.changed.Broadcast()
	}
}

// writeAll writes until nothing is pending.
func (s *Session) writeAll() {
	runtime.Gosched() // so that others, who run anyway, come first
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.backlog() > 0 {
		p := s.ep.Pending()
		s.mu.Unlock()
		n, err := s.writeSome(p)
		s.mu.Lock()
		s.sent(n)
		if err != nil {
			s.writer = broken
			s.rest()
			s.writeFailed(err)
			return
		}
	}
	s.becomeQuiet()
}

// writeFailed ends the session, whose writing has ended. What the peer had sent before it went, such
// as the reason in a GOAWAY, is read out first. Under mu.
func (s *Session) writeFailed(cause error) {
	s.cut = cause
	if _, stalled := errors.AsType[*stalledError](cause); stalled || s.phase == over {
		s.end(cause)
		s.changed.Broadcast()
		_ = s.t.Close()
		return
	}
	time.AfterFunc(linger, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.end(cause)
	})
}

// writeSome writes p, or a part of it, within the time that the peer has.
func (s *Session) writeSome(p []byte) (n int, err error) {
	if s.tries {
		if n := s.t.TryWrite(p); n > 0 {
			return n, nil // mostly all of it, and without a deadline to set
		}
	}
	s.t.LimitWrite(time.Now().Add(s.cfg.WriteTimeout))
	n, err = s.t.Write(p, nil)
	s.t.LimitWrite(time.Time{})
	if err == nil || !transport.IsTimeout(err) {
		return n, err
	}
	if n > 0 && transport.DeadlineExceeded(err) && s.t.Traits().Has(transport.CountsPartialWrites) {
		return n, nil
	}
	return n, &stalledError{s.cfg.WriteTimeout, err}
}

// sent notes that n bytes are on the wire. Under mu.
func (s *Session) sent(n int) {
	s.ep.Advance(n)
	done := s.ep.Done()
	for _, c := range done {
		c.Owner.(*Stream).chunkSent()
	}
	clear(done) // or the messages would stay until the next write
}
