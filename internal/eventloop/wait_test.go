//go:build linux

package eventloop

import (
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
