package wstest

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// stream is one direction of a pipe. Waiting uses a sync.Cond, so that it counts as blocked
// inside a synctest bubble. The mutex is never held for long.
type stream struct {
	size int // how many bytes data may hold

	mu      sync.Mutex
	changed sync.Cond // broadcast after every change below: see tell
	watchers
	data    bytes.Buffer
	writing bool  // a write is in progress; others wait, so that writes do not mix
	ended   bool  // by the writing end: io.EOF follows the data
	gone    bool  // the reading end was closed
	fault   error // the connection was reset

	readBy, writeBy deadline
}

// deadline is one deadline of a stream, under its mutex. The zero value means none.
type deadline struct {
	at    time.Time
	timer *time.Timer // wakes the waiting calls when it has passed
}

// passed compares the time itself, since the timer may be late.
func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func newStream(size int) *stream {
	s := &stream{size: size}
	s.changed.L = &s.mu
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.gone:
			return 0, net.ErrClosed
		case s.fault != nil:
			return 0, s.fault
		case s.readBy.passed():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.data.Len() > 0:
			n, _ := s.data.Read(p)
			s.tell()
			return n, nil
		case s.ended:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := false // this call is the one that writes
	defer func() {
		if mine {
			s.writing = false
			s.tell()
		}
	}()
	for {
		room := s.size - s.data.Len()
		switch {
		case s.ended:
			return n, net.ErrClosed
		case s.fault != nil:
			return n, s.fault
		case s.gone:
			return n, errBroken
		case s.writeBy.passed():
			return n, os.ErrDeadlineExceeded
		case n == len(p):
			return n, nil
		case s.writing != mine: // by another call
		case room > 0:
			s.writing, mine = true, true
			put, _ := s.data.Write(p[n:min(n+room, len(p))])
			n += put
			s.tell()
			continue
		default:
			s.writing, mine = true, true
		}
		s.changed.Wait()
	}
}

// end is called when the writing end has nothing more to send. With a fault, the data is lost
// and the reading end gets the fault.
func (s *stream) end(fault error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.breakWith(fault)
	s.writeBy.clear()
	s.tell()
}

// abandon is called when the reading end is closed. It reports false if it already was. With a
// fault, the writing end gets it.
func (s *stream) abandon(fault error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return false
	}
	s.gone = true
	s.data = bytes.Buffer{}
	s.breakWith(fault)
	s.readBy.clear()
	s.tell()
	return true
}

func (s *stream) breakWith(fault error) {
	if fault != nil && s.fault == nil {
		s.fault = fault
		s.data = bytes.Buffer{}
	}
}

func (s *stream) abandoned() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// setDeadline sets d; the zero time removes it. It affects calls in progress.
func (s *stream) setDeadline(d *deadline, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.clear()
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	d.at = time.Now().Add(left) // by the monotonic clock, as the timer
	if left <= 0 {
		s.tell()
		return
	}
	d.timer = time.AfterFunc(left, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tell()
	})
}

func (d *deadline) clear() {
	if d.timer != nil {
		d.timer.Stop()
	}
	*d = deadline{}
}
