//go:build linux

package eventloop

import (
	"slices"
	"testing"
	"time"
)

// Turns that wait hold up nobody else: not those in the same batch, not those in the run
// queue, and not those who have events later. They themselves go on where they were.
func TestTurnsThatWait(t *testing.T) {
	l := newLoop(t)
	const waiting, others = 20, 20
	proceed := make(chan struct{})
	began, ended := newList[int](), newList[int]()
	queued := newList[int]()
	stop := make(chan struct{})
	queuer := &stub{turn: func(Events) bool {
		queued.add(1)
		select {
		case <-stop:
			return false
		default:
			time.Sleep(time.Microsecond)
			return true
		}
	}}
	join(t, l, queuer)
	var theirs []*socket
	for i := range waiting {
		theirs = append(theirs, join(t, l, &stub{turn: func(ev Events) bool {
			began.add(i)
			<-proceed
			ended.add(i)
			return false
		}}))
	}
	began.atLeast(waiting)
	for range others {
		got, _, peer := reader(t, l)
		peer.send(t, "x")
		got.until(joined("x"))
	}
	queued.atLeast(len(queued.all()) + 100)
	for _, socket := range theirs {
		socket.send(t, "x") // noted, and served by the goroutine that is still in the turn
	}
	if len(ended.all()) != 0 {
		t.Fatal("a turn has ended")
	}
	close(proceed)
	ended.until(func(all []int) bool {
		turns := [waiting]int{}
		for _, i := range all {
			turns[i]++
		}
		for _, n := range turns {
			if n < 2 {
				return false
			}
		}
		return true
	})
	close(stop)
}

// A Source is told when its turn has been passed by, and only then.
func TestPassed(t *testing.T) {
	l := newLoop(t)
	passed := newList[string]()
	proceed := make(chan struct{})
	quick := &stub{passed: func() { passed.add("quick") }}
	join(t, l, quick)
	slow := &stub{
		passed: func() { passed.add("slow") },
		turn:   func(Events) bool { <-proceed; return false },
	}
	join(t, l, slow)
	passed.atLeast(1)
	quick.Kick()
	got, _, theirs := reader(t, l)
	theirs.send(t, "x")
	got.until(joined("x"))
	close(proceed)
	if all := passed.all(); !slices.Equal(all, []string{"slow"}) {
		t.Fatal(all)
	}
}

// A turn that is about to wait has others go on at once. Nothing happens if it is not the one
// that the loop waits for.
func TestPassOn(t *testing.T) {
	l := newLoop(t)
	var none, early Member
	none.PassOn()
	early.loop = l
	early.PassOn()
	passed, got := newList[string](), newList[string]()
	var others [2]*stub
	var theirs [2]*socket
	for i := range others {
		others[i] = &stub{turn: func(Events) bool { got.add("other"); return false }}
		theirs[i] = join(t, l, others[i])
	}
	got.atLeast(2)
	s := &stub{passed: func() { passed.add("passed") }}
	s.turn = func(Events) bool {
		others[0].PassOn() // it is not the turn of that one
		s.PassOn()
		s.PassOn() // has been done
		for i, peer := range theirs {
			peer.send(t, "xy"[i:i+1])
		}
		got.atLeast(4) // by the new leader
		got.add("end")
		return false
	}
	join(t, l, s)
	got.atLeast(5)
	if all := passed.all(); len(all) != 1 {
		t.Fatal(all)
	}
}

// Without traffic the watchman goes. He comes again.
func TestWatchmanGoesAndComes(t *testing.T) {
	l := newLoop(t)
	got, _, theirs := reader(t, l)
	for i := range 2 {
		theirs.send(t, "x")
		got.until(joined("xx"[:i+1]))
		for l.guard.word.Load()&watched != 0 {
			time.Sleep(slowTick)
		}
	}
	hold(t, l)() // a turn that waits for a moment
	release := hold(t, l)
	defer release()
	theirs.send(t, " served")
	got.until(joined("xx served"))
}
