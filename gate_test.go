package websocket

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Whoever waits gets in, one at a time, though others give up, enter without
// waiting, or nudge for no reason.
func TestGate(t *testing.T) {
	var g gate
	var inside, entered, gaveUp atomic.Int32
	enter := func() {
		if n := inside.Add(1); n != 1 {
			t.Errorf("%d inside", n)
		}
		entered.Add(1)
		inside.Add(-1)
		g.unlock()
	}
	var all sync.WaitGroup
	const rounds = 20_000
	for i := range 6 {
		all.Go(func() {
			for n := range rounds {
				switch i {
				case 0:
					if g.tryLock() {
						enter()
					}
				case 1: // gives up, maybe with a token on its way to it
					giveUp := make(chan struct{})
					if n%2 == 0 {
						close(giveUp)
					} else {
						go close(giveUp)
					}
					if g.lock(giveUp, nil) {
						enter()
					} else {
						gaveUp.Add(1)
					}
				case 2:
					g.nudge()
				default:
					g.lock(nil, nil)
					enter()
				}
			}
		})
	}
	all.Wait()
	if n := entered.Load(); n < 3*rounds {
		t.Errorf("%d entered", n)
	}
	if !g.tryLock() {
		t.Error("the gate is held and nobody is inside")
	}
}

// A gate that is left wakes one waiter, and that one the next.
func TestGateWakesInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		g.lock(nil, nil)
		got := make(chan bool, 5)
		giveUp, ended := make(chan struct{}), make(chan struct{})
		for i := range 5 {
			go func() {
				switch i {
				case 0:
					got <- g.lock(giveUp, nil)
				case 1:
					got <- g.lock(nil, ended)
				default:
					got <- g.lock(giveUp, ended)
				}
			}()
		}
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("somebody entered a gate that is held")
		}
		for range 3 {
			g.unlock()
			synctest.Wait()
			if len(got) != 1 || !<-got {
				t.Fatal("not one entered")
			}
		}
		close(giveUp)
		close(ended)
		for range 2 {
			if <-got {
				t.Error("one that gave up has entered")
			}
		}
		g.unlock()
		if !g.tryLock() {
			t.Error("the gate is held and nobody is inside")
		}
	})
}
