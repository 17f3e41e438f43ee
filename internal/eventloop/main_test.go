//go:build linux

package eventloop

import (
	"os"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// peerVariable has a process of this test run as the peer of BenchmarkEcho.
const peerVariable = "HAWSER_EVENTLOOP_PEER"

func TestMain(m *testing.M) {
	if conns, err := strconv.Atoi(os.Getenv(peerVariable)); err == nil {
		runPeer(conns)
		return
	}
	goleak.VerifyTestMain(m)
}

// stub is a Source whose methods are given. Those that are nil do nothing.
type stub struct {
	Member
	ready   func(Events)
	passed  func()
	turn    func(Events) bool
	abandon func(p any, stack []byte)
	ignore  Events // what Ready has no turn begin for
	alone   bool   // what the last turn was told; turn is not told of it
}

func (s *stub) Ready(ev Events) Events {
	if s.ready != nil {
		s.ready(ev)
	}
	return ev &^ s.ignore
}

func (s *stub) Passed() {
	if s.passed != nil {
		s.passed()
	}
}

func (s *stub) Turn(ev Events) bool {
	s.alone = ev&Alone != 0
	return s.turn != nil && s.turn(ev&^Alone)
}

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

// socket is one end of a pair. A turn that is still under way when a test closes it does not
// reach the next descriptor of that number.
type socket struct {
	mu sync.Mutex
	fd int // -1 once it is closed
}

// pair returns two connected sockets, which end with the test.
func pair(t testing.TB) (ours, theirs *socket) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs = &socket{fd: fds[0]}, &socket{fd: fds[1]}
	t.Cleanup(func() {
		ours.close()
		theirs.close()
	})
	return ours, theirs
}

func (s *socket) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		_ = unix.Close(s.fd)
		s.fd = -1
	}
}

func (s *socket) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return unix.Read(s.fd, p)
}

func (s *socket) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return unix.Write(s.fd, p)
}

// add has l drive src, which is what happens on the socket.
func (s *socket) add(t testing.TB, l *Loop, src *stub) {
	t.Helper()
	if err := l.Add(s.fd, &src.Member, src); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(src.Remove)
}

// join adds s with a socket of its own, and returns the other end. The first event, which
// tells of room to write, comes soon.
func join(t testing.TB, l *Loop, s *stub) (theirs *socket) {
	t.Helper()
	ours, theirs := pair(t)
	ours.add(t, l, s)
	return theirs
}

func (s *socket) send(t testing.TB, p string) {
	t.Helper()
	if n, err := s.write([]byte(p)); n != len(p) || err != nil {
		t.Fatal(n, err)
	}
}

// end has the other end see the end of the stream.
func (s *socket) end(t testing.TB) {
	t.Helper()
	if err := unix.Shutdown(s.fd, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
}

// drain reads all that has come.
func (s *socket) drain() (all string, end bool) {
	p := make([]byte, 4096)
	for {
		n, err := s.read(p)
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
	more  chan struct{} // closed and replaced with each item
}

func newList[T any]() *list[T] { return &list[T]{more: make(chan struct{})} }

func (l *list[T]) add(item T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, item)
	close(l.more)
	l.more = make(chan struct{})
}

func (l *list[T]) all() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]T(nil), l.items...)
}

// until waits until what was noted is enough.
func (l *list[T]) until(enough func(all []T) bool) []T {
	for {
		l.mu.Lock()
		all, more := append([]T(nil), l.items...), l.more
		l.mu.Unlock()
		if enough(all) {
			return all
		}
		<-more
	}
}

// atLeast waits for n items.
func (l *list[T]) atLeast(n int) []T {
	return l.until(func(all []T) bool { return len(all) >= n })
}
