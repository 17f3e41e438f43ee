package wstest

import (
	"net"
	"os"
)

// The methods in this file are for the module's own tests, which find them by a type assertion:
// with them an end is driven by events, as a socket of an event loop is.

// TryRead is Read that does not wait: it returns 0 and no error if nothing has come.
func (e *end) TryRead(p []byte) (int, error) {
	s := e.in
	s.mu.Lock()
	if s.mustWait(p) {
		s.mu.Unlock()
		return 0, nil
	}
	s.mu.Unlock()
	return e.Read(p) // there is one reader
}

func (s *stream) mustWait(p []byte) bool {
	return !s.gone && s.fault == nil && !s.readBy.passed() && len(p) > 0 && s.data.Len() == 0 && !s.ended
}

// TryWrite writes what there is room for. It returns less than len(p) and no error if that is not
// all.
func (e *end) TryWrite(p []byte) (int, error) {
	n, err := e.out.tryWrite(p)
	if err != nil {
		err = e.fault("write", err)
	}
	return n, err
}

func (s *stream) tryWrite(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return 0, net.ErrClosed
	case s.fault != nil:
		return 0, s.fault
	case s.gone:
		return 0, errBroken
	case s.writeBy.passed():
		return 0, os.ErrDeadlineExceeded
	case s.writing:
		return 0, nil
	}
	n, _ := s.data.Write(p[:min(s.size-s.data.Len(), len(p))])
	if n > 0 {
		s.changed.Broadcast()
		if s.watchers.reader != nil {
			s.watchers.reader()
		}
	}
	return n, nil
}

// Watch has readable called after every change of what can be read, and writable after every
// change of what can be written by others than TryWrite. They are called under a lock.
func (e *end) Watch(readable, writable func()) {
	e.in.watch(func(w *watchers) { w.reader = readable })
	e.out.watch(func(w *watchers) { w.writer = writable })
}

// watchers are called after every change of a stream.
type watchers struct{ reader, writer func() }

func (s *stream) watch(set func(*watchers)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set(&s.watchers)
}

// tell wakes those who wait for a change, and tells those who watch.
func (s *stream) tell() {
	s.changed.Broadcast()
	if s.watchers.reader != nil {
		s.watchers.reader()
	}
	if s.watchers.writer != nil {
		s.watchers.writer()
	}
}
