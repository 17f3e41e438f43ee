//go:build linux

package eventloop

import (
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stub is a Source whose methods are given. Those that are nil do nothing.
type stub struct {
	Member
	ready   func(Events)
	turn    func(Events) bool
	abandon func(p any, stack []byte)
}

func (s *stub) Ready(ev Events) {
	if s.ready != nil {
		s.ready(ev)
	}
}

func (s *stub) Turn(ev Events) bool { return s.turn != nil && s.turn(ev) }

func (s *stub) Abandon(p any, stack []byte) {
	if s.abandon != nil {
		s.abandon(p, stack)
	}
}

func newLoop(t testing.TB) *Loop {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// pair returns two connected sockets, which end with the test.
func pair(t testing.TB) (ours, theirs int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
	})
	return fds[0], fds[1]
}

// join adds s with a socket of its own, and returns the other end. The first event, which
// tells of room to write, comes soon.
func join(t testing.TB, l *Loop, s *stub) (theirs int) {
	t.Helper()
	ours, theirs := pair(t)
	if err := l.Add(ours, &s.Member, s); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Remove)
	return theirs
}

func send(t testing.TB, fd int, p string) {
	t.Helper()
	if n, err := unix.Write(fd, []byte(p)); n != len(p) || err != nil {
		t.Fatal(n, err)
	}
}

// drain reads all that has come to fd.
func drain(fd int) (all string, end bool) {
	p := make([]byte, 4096)
	for {
		n, err := unix.Read(fd, p)
		if n <= 0 {
			return all, n == 0 && err == nil
		}
		all += string(p[:n])
	}
}

// list collects what is noted, and tells of it.
type list[T any] struct {
	mu    sync.Mutex
	items []T
	more  chan struct{}
}

func newList[T any]() *list[T] { return &list[T]{more: make(chan struct{}, 1)} }

func (l *list[T]) add(item T) {
	l.mu.Lock()
	l.items = append(l.items, item)
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (l *list[T]) all() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]T(nil), l.items...)
}

// until waits until what was noted is enough.
func (l *list[T]) until(enough func(all []T) bool) []T {
	for {
		if all := l.all(); enough(all) {
			return all
		}
		<-l.more
	}
}

// atLeast waits for n items.
func (l *list[T]) atLeast(n int) []T {
	return l.until(func(all []T) bool { return len(all) >= n })
}
