//go:build linux

package eventloop

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// hold has the leader wait inside a turn of its own until release is called. In the meantime
// the test prepares what the leader finds afterwards. The guard may have another leader go on
// sooner: then the test sees less, but nothing wrong.
func hold(t *testing.T, l *Loop) (release func()) {
	t.Helper()
	inTurn, proceed := make(chan struct{}), make(chan struct{})
	first := true
	s := &stub{turn: func(Events) bool {
		if first {
			first = false
			close(inTurn)
			<-proceed
		}
		return false
	}}
	join(t, l, s)
	<-inTurn
	return func() { close(proceed) }
}

// A turn that asks for more gets it, without an event.
func TestMore(t *testing.T) {
	l := newLoop(t)
	turns := newList[Events]()
	s := &stub{turn: func(ev Events) bool {
		turns.add(ev)
		return len(turns.all()) < 4
	}}
	join(t, l, s)
	if got := turns.atLeast(4); !slices.Equal(got, []Events{Writable, 0, 0, 0}) {
		t.Fatal(got)
	}
}

// Those who always have more to do and those who have events do not starve each other.
func TestFairness(t *testing.T) {
	l := newLoop(t)
	const busy = 600 // more than a batch
	members := make([]*stub, busy)
	turns := make([]int, busy)
	stop := make(chan struct{})
	enough := newList[int]()
	for i := range members {
		members[i] = &stub{turn: func(Events) bool {
			if turns[i]++; turns[i] == 20 {
				enough.add(i)
			}
			select {
			case <-stop:
				return false
			default:
				return true
			}
		}}
		join(t, l, members[i])
	}
	// They are all in the run queue. Events come through nevertheless.
	got, _, theirs := reader(t, l)
	for i := range 20 {
		theirs.send(t, "x")
		got.until(joined(strings.Repeat("x", i+1)))
	}
	enough.atLeast(busy)
	close(stop)
}

// One whose events never end lets the run queue have its turns.
func TestFairnessOfEvents(t *testing.T) {
	l := newLoop(t)
	ours, theirs := pair(t)
	a := &stub{}
	stop := make(chan struct{})
	a.turn = func(Events) bool { // each turn makes the next event
		ours.drain()
		select {
		case <-stop:
		default:
			_, _ = theirs.write([]byte("x"))
		}
		return false
	}
	ours.add(t, l, a)
	defer close(stop)
	turns := newList[Events]()
	b := &stub{turn: func(ev Events) bool { turns.add(ev); return len(turns.all()) < 1000 }}
	join(t, l, b)
	turns.atLeast(1000)
}

// Ready comes at once, also while a turn runs, and the turn's end does not lose the event.
func TestReadyDuringTurn(t *testing.T) {
	l := newLoop(t)
	ready, turns := newList[Events](), newList[Events]()
	proceed := make(chan struct{})
	s := &stub{
		ready: func(ev Events) { ready.add(ev) },
		turn: func(ev Events) bool {
			turns.add(ev)
			<-proceed
			return false
		},
	}
	theirs := join(t, l, s)
	turns.atLeast(1)
	theirs.send(t, "x")
	ready.atLeast(2) // by another leader
	if got := turns.all(); len(got) != 1 {
		t.Fatal("two turns at a time:", got)
	}
	close(proceed)
	if got := turns.atLeast(2); got[1] != Readable|Writable {
		t.Fatal(got, ready.all())
	}
}

// Kick reaches a member that rests, one whose turn runs, and by itself.
func TestKick(t *testing.T) {
	l := newLoop(t)
	turns := newList[Events]()
	proceed := make(chan struct{})
	s := &stub{}
	s.turn = func(ev Events) bool {
		turns.add(ev)
		if len(turns.all()) == 2 {
			<-proceed
		}
		if len(turns.all()) == 3 {
			s.Kick()
		}
		return false
	}
	join(t, l, s)
	turns.atLeast(1)
	s.Kick()
	turns.atLeast(2)
	s.Kick()
	s.Kick()
	close(proceed)
	if got := turns.atLeast(4); !slices.Equal(got, []Events{Writable, Kicked, Kicked, Kicked}) {
		t.Fatal(got)
	}
	s.Remove()
	s.Kick()
	if got := turns.atLeast(5); got[4] != Kicked {
		t.Fatal(got)
	}
}

// After Remove in a turn of its own, a member has no turn for an event. It still has those that
// it asks for itself.
func TestRemoveInTurn(t *testing.T) {
	for _, alone := range []bool{false, true} {
		l := newLoop(t)
		turns := newList[Events]()
		proceed := make(chan struct{})
		s := &stub{}
		s.turn = func(ev Events) bool {
			turns.add(ev)
			s.Remove()
			switch len(turns.all()) {
			case 1:
				if alone {
					<-proceed
				}
				return true
			case 2:
				s.Kick()
			}
			return false
		}
		theirs := join(t, l, s)
		turns.atLeast(1)
		theirs.send(t, "x")
		got, _, peer := reader(t, l)
		peer.send(t, "served")
		got.until(joined("served")) // with alone: by another leader
		close(proceed)
		turns.atLeast(3)
		peer.send(t, " too")
		got.until(joined("served too"))
		if all := turns.all(); !slices.Equal(all, []Events{Writable, 0, Kicked}) {
			t.Fatal(all)
		}
	}
}

// An event that was found before Remove, and is looked at after it, begins no turn.
func TestRemoveInBatch(t *testing.T) {
	l := newLoop(t)
	for range 10 {
		turns := newList[string]()
		a, b := &stub{}, &stub{turn: func(Events) bool { turns.add("b"); return false }}
		a.turn = func(ev Events) bool {
			if ev&Readable != 0 {
				b.Remove()
				turns.add("a")
			}
			return false
		}
		theirsA, theirsB := join(t, l, a), join(t, l, b)
		turns.atLeast(1)
		// Both are found in one batch, a first.
		release := hold(t, l)
		theirsA.send(t, "x")
		theirsB.send(t, "x")
		release()
		got, _, theirs := reader(t, l)
		theirs.send(t, "x")
		got.until(joined("x"))
		if all := turns.atLeast(2); !slices.Equal(all, []string{"b", "a"}) {
			t.Fatal(all)
		}
	}
}

// What Ready has no use for begins no turn.
func TestReadyChooses(t *testing.T) {
	l := newLoop(t)
	ready, turns := newList[Events](), newList[Events]()
	s := &stub{
		ready:  func(ev Events) { ready.add(ev) },
		turn:   func(ev Events) bool { turns.add(ev); return false },
		ignore: Writable,
	}
	theirs := join(t, l, s)
	ready.atLeast(1)
	theirs.send(t, "x")
	turns.atLeast(1)
	if got := turns.all(); !slices.Equal(got, []Events{Readable}) {
		t.Fatal(got)
	}
}

// An event that was found before its member was removed is not taken for one of the next
// member of the same descriptor.
func TestStaleEvent(t *testing.T) {
	for range 20 {
		l := newLoop(t)
		next := newList[Events]()
		oursB, theirsB := pair(t)
		oursC, _ := pair(t)
		b := &stub{}
		c := &stub{turn: func(ev Events) bool { next.add(ev); return false }}
		done := make(chan struct{})
		first := true
		a := &stub{}
		a.turn = func(ev Events) bool {
			if first || ev&Readable == 0 {
				first = false
				return false
			}
			b.Remove()
			if err := unix.Dup3(oursC.fd, oursB.fd, unix.O_CLOEXEC); err != nil { // closes oursB
				t.Error(err)
			}
			if err := l.Add(oursB.fd, &c.Member, c); err != nil {
				t.Error(err)
			}
			close(done)
			return false
		}
		theirsA := join(t, l, a)
		oursB.add(t, l, b)
		release := hold(t, l)
		theirsA.send(t, "x")
		_, _ = theirsB.write([]byte("x"))
		release()
		<-done
		// The next member has its own first event, which comes later. The other would
		// tell of bytes to read.
		if got := next.atLeast(1); got[0] != Writable {
			t.Fatal(got)
		}
		c.Remove()
	}
}

func TestGenerations(t *testing.T) {
	l, other := &Loop{}, &Loop{}
	m := &Member{loop: l}
	m.state.Store(7 << generation)
	if !m.is(l, 7) || m.is(l, 8) || m.is(other, 7) {
		t.Error("the generation is not told apart")
	}
	if !m.post(Readable) || m.post(Writable) || !m.is(l, 7) {
		t.Error("the run state is wrong")
	}
	if m.settle() {
		t.Error("an event was lost")
	}
	if ev := m.take(); ev != Writable {
		t.Error(ev)
	}
	m.state.Or(removed)
	if m.is(l, 7) || m.post(Readable) || !m.settle() || m.post(Readable) {
		t.Error("there are events for a removed member")
	}
	if !m.post(Kicked) || !m.settle() {
		t.Error("a removed member cannot be kicked")
	}
}

// A turn is told whether the leader runs it.
func TestAlone(t *testing.T) {
	l := newLoop(t)
	alone := newList[bool]()
	s := &stub{}
	s.turn = func(Events) bool { alone.add(s.alone); return false }
	join(t, l, s)
	alone.atLeast(1)
	s.Kick()
	if got := alone.atLeast(2); !slices.Equal(got, []bool{false, true}) {
		t.Fatal(got)
	}
}
