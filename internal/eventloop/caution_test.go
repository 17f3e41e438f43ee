//go:build linux

package eventloop

import (
	"sync/atomic"
	"testing"
)

// Where many turns wait, the others do not wait until the watchman has noticed each of them.
// Once turns are quick again, the leader runs them itself.
func TestCaution(t *testing.T) {
	l := newLoop(t)
	const waiting = 200
	proceed := make(chan struct{})
	began, ended := newList[bool](), newList[bool]()
	var passed atomic.Int32
	for range waiting {
		join(t, l, &stub{
			turn: func(Events) bool {
				began.add(true)
				<-proceed
				ended.add(true)
				return false
			},
			passed: func() { passed.Add(1) },
		})
	}
	began.atLeast(waiting)
	if n := passed.Load(); n == 0 || n > waiting/10 {
		t.Errorf("%d of %d turns were noticed one by one", n, waiting)
	}
	close(proceed)
	ended.atLeast(waiting)
	var quick *stub
	turns := newList[bool]()
	ours, peer := pair(t)
	quick = &stub{turn: func(Events) bool {
		ours.drain()
		turns.add(quick.alone)
		return false
	}}
	ours.add(t, l, quick)
	for n := 1; ; n++ {
		if all := turns.atLeast(n); !all[n-1] {
			return
		}
		peer.send(t, "x")
	}
}

func TestCautionCounts(t *testing.T) {
	var c caution
	spent := func() (n int) {
		for c.spend() {
			n++
		}
		return n
	}
	if n := spent(); n != 0 {
		t.Errorf("%d turns before any was slow", n)
	}
	c.more()
	if n := spent(); n != perSlowTurn {
		t.Errorf("%d turns after one that was slow", n)
	}
	for range 1000 {
		c.more()
	}
	if n := spent(); n != mostCaution {
		t.Errorf("%d turns after many that were slow", n)
	}
}
