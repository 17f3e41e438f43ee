//go:build linux

package eventloop

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// reader adds a Source that reads all that comes, and notes it, and "end" after it.
func reader(t *testing.T, l *Loop) (got *list[string], s *stub, theirs *socket) {
	t.Helper()
	got, s = newList[string](), &stub{}
	ours, theirs := pair(t)
	s.turn = func(Events) bool {
		all, end := ours.drain()
		if end {
			all += "end"
		}
		got.add(all)
		return false
	}
	ours.add(t, l, s)
	return got, s, theirs
}

// joined is what list.until waits for: parts that make up want.
func joined(want string) func([]string) bool {
	return func(all []string) bool { return strings.Join(all, "") == want }
}

// What a peer sends arrives, and the end of the stream after it.
func TestReading(t *testing.T) {
	l := newLoop(t)
	got, s, theirs := reader(t, l)
	if l.Len() != 1 {
		t.Fatal(l.Len())
	}
	got.atLeast(1) // the first event
	theirs.send(t, "one ")
	got.until(joined("one "))
	theirs.send(t, "two ")
	got.until(joined("one two "))
	theirs.end(t)
	got.until(joined("one two end"))
	s.Remove()
	s.Remove()
	if l.Len() != 0 {
		t.Fatal(l.Len())
	}
}

// Bytes that were there before Add arrive.
func TestReadingWhatWasThere(t *testing.T) {
	l := newLoop(t)
	got := newList[string]()
	ours, theirs := pair(t)
	theirs.send(t, "early")
	s := &stub{turn: func(Events) bool {
		all, _ := ours.drain()
		got.add(all)
		return false
	}}
	ours.add(t, l, s)
	got.until(joined("early"))
}

// Events say what there is to do.
func TestEvents(t *testing.T) {
	l := newLoop(t)
	ready, turns := newList[Events](), newList[Events]()
	s := &stub{
		ready: func(ev Events) { ready.add(ev) },
		turn:  func(ev Events) bool { turns.add(ev); return false },
	}
	theirs := join(t, l, s)
	if got := turns.atLeast(1); got[0] != Writable {
		t.Fatal(got)
	}
	theirs.send(t, "x")
	if got := turns.atLeast(2); got[1] != Readable|Writable {
		t.Fatal(got)
	}
	theirs.end(t)
	if got := turns.atLeast(3); got[2] != Readable|Writable|Ended {
		t.Fatal(got)
	}
	s.Kick()
	if got := turns.atLeast(4); got[3] != Kicked {
		t.Fatal(got)
	}
	if got := ready.all(); len(got) != 3 {
		t.Fatal(got)
	}
}

// Sources has the Sources of this loop, and no others.
func TestSources(t *testing.T) {
	l, other := newLoop(t), newLoop(t)
	want := make(map[Source]bool)
	for range 20 {
		s := &stub{}
		join(t, l, s)
		join(t, other, &stub{})
		want[s] = true
	}
	for s := range l.Sources() {
		if !want[s] {
			t.Error("a Source twice, or of another loop")
		}
		delete(want, s)
	}
	if len(want) != 0 {
		t.Error(len(want), "Sources are missing")
	}
	for range l.Sources() {
		want[nil] = true
		break
	}
	if len(want) != 1 {
		t.Error("no Source")
	}
}

func TestAddFails(t *testing.T) {
	l := newLoop(t)
	s := &stub{turn: func(Events) bool { t.Error("a turn began"); return false }}
	if err := l.Add(-1, &s.Member, s); !errors.Is(err, os.ErrInvalid) {
		t.Error(err)
	}
	if err := l.Add(1<<20+5, &s.Member, s); !errors.Is(err, unix.EBADF) {
		t.Error(err)
	}
	if err := l.Add(1, &s.Member, s); err == nil || !strings.Contains(err.Error(), "before") {
		t.Error("a Member was used twice:", err)
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s = &stub{turn: s.turn}
	if err := l.Add(int(file.Fd()), &s.Member, s); !errors.Is(err, unix.EPERM) {
		t.Error(err)
	}
	s.Kick()
	s.Remove()

	ours, _ := pair(t)
	first, second := &stub{}, &stub{turn: s.turn}
	ours.add(t, l, first)
	if err := l.Add(ours.fd, &second.Member, second); err == nil || !strings.Contains(err.Error(), "without Remove") {
		t.Error(err)
	}
	if l.Len() != 1 {
		t.Error(l.Len())
	}
	first.Remove()

	var none Member
	none.Kick()
	none.Remove()
}

// Without descriptors there is no loop, and that is an error.
func TestNewFails(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	lower := limit
	lower.Cur = 3
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lower); err != nil {
		t.Fatal(err)
	}
	l, err := New()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, unix.EMFILE) || l != nil {
		t.Fatal(l, err)
	}
}

func TestClose(t *testing.T) {
	l := newLoop(t)
	turns := newList[Events]()
	s := &stub{turn: func(ev Events) bool { turns.add(ev); return false }}
	theirs := join(t, l, s)
	turns.atLeast(1)
	e := &Entry{Owner: ownerFunc(func(*Entry) { t.Error("an entry expired") })}
	l.After(time.Millisecond, e)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	theirs.send(t, "x")
	s.Kick()
	l.After(time.Hour, &Entry{})
	if !l.Stop(e) {
		t.Error("the entry has gone")
	}
	ours, _ := pair(t)
	late := &stub{turn: s.turn}
	if err := l.Add(ours.fd, &late.Member, late); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if l.Len() != 1 {
		t.Error(l.Len())
	}
	s.Remove()
	if l.Len() != 0 {
		t.Error(l.Len())
	}
	if got := turns.all(); len(got) != 1 {
		t.Error("turns after Close:", got)
	}
}

// Close may come from a turn. It goes on; the others, who are due as well, have none.
func TestCloseFromTurn(t *testing.T) {
	for _, wait := range []bool{false, true} {
		l := newLoop(t)
		turns := newList[string]()
		proceed := make(chan struct{})
		s := &stub{}
		s.turn = func(ev Events) bool {
			if ev&Readable == 0 {
				return false
			}
			turns.add("begins")
			<-proceed // the others are due by now
			if wait { // until it has been deposed
				for word := l.guard.word.Load(); l.guard.word.Load() == word; {
					time.Sleep(time.Millisecond)
				}
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			turns.add("ends")
			s.Kick()
			return true
		}
		theirs := join(t, l, s)
		theirs.send(t, "x")
		turns.atLeast(1)
		close(proceed)
		if got := turns.atLeast(2); len(got) != 2 {
			t.Fatal(got)
		}
		s.Kick()
	}
}
