package gate

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Whoever waits gets in, one at a time, though others give up, enter without
// waiting, or wake for no reason.
func TestGate(t *testing.T) {
	var g Gate
	var inside, entered, gaveUp atomic.Int32
	enter := func() {
		if n := inside.Add(1); n != 1 {
			t.Errorf("%d inside", n)
		}
		entered.Add(1)
		inside.Add(-1)
		g.Unlock()
	}
	var all sync.WaitGroup
	const rounds = 20_000
	for i := range 6 {
		all.Go(func() {
			for n := range rounds {
				switch i {
				case 0:
					if g.TryLock() {
						enter()
					}
				case 1: // gives up, maybe with a token on its way to it
					giveUp := make(chan struct{})
					if n%2 == 0 {
						close(giveUp)
					} else {
						go close(giveUp)
					}
					if g.Lock(giveUp, nil) {
						enter()
					} else {
						gaveUp.Add(1)
					}
				case 2:
					g.WakeOne()
				default:
					g.Lock(nil, nil)
					enter()
				}
			}
		})
	}
	all.Wait()
	if n := entered.Load(); n < 3*rounds {
		t.Errorf("%d entered", n)
	}
	if !g.TryLock() {
		t.Error("the gate is held and nobody is inside")
	}
}

// A gate that is left wakes one waiter, and that one the next.
func TestGateWakesInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		g.Lock(nil, nil)
		got := make(chan bool, 5)
		giveUp, ended := make(chan struct{}), make(chan struct{})
		for i := range 5 {
			go func() {
				switch i {
				case 0:
					got <- g.Lock(giveUp, nil)
				case 1:
					got <- g.Lock(nil, ended)
				default:
					got <- g.Lock(giveUp, ended)
				}
			}()
		}
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("somebody entered a gate that is held")
		}
		for range 3 {
			g.Unlock()
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
		g.Unlock()
		if !g.TryLock() {
			t.Error("the gate is held and nobody is inside")
		}
	})
}

// The channel of a wait is ready before there is anything to wait for, and one wake is
// kept for it.
func TestWakeup(t *testing.T) {
	var w Wakeup
	w.Wake()
	w.Wake() // the second is lost
	select {
	case <-w.C():
	default:
		t.Error("a wake that nobody waited for is lost")
	}
	select {
	case <-w.C():
		t.Error("two wakes are kept")
	default:
	}
}

// Many goroutines that are the first to use a Wakeup wait on one channel.
func TestWakeupIsMadeOnce(t *testing.T) {
	for range 1000 {
		var w Wakeup
		var all sync.WaitGroup
		var made [4]<-chan struct{}
		for i := range made {
			all.Go(func() { made[i] = w.C() })
		}
		all.Wait()
		for _, c := range made {
			if c != made[0] {
				t.Fatal("two channels")
			}
		}
	}
}

func TestHeld(t *testing.T) {
	var g Gate
	if g.Held() {
		t.Error("held before anybody entered")
	}
	g.TryLock()
	if !g.Held() {
		t.Error("not held by who is inside")
	}
	g.Unlock()
	if g.Held() {
		t.Error("held after it was left")
	}
}

// LockWhile enters when the gate is left, and calls beforeWait for each wait only.
func TestLockWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		ctx := t.Context()
		yes := func() bool { return true }
		if err := g.LockWhile(ctx, yes, func() { t.Error("it waits for a gate that is free") }); err != nil {
			t.Fatal(err)
		}
		waits := 0
		entered := make(chan error, 1)
		go func() { entered <- g.LockWhile(ctx, yes, func() { waits++ }) }()
		synctest.Wait()
		g.WakeOne() // for no reason
		synctest.Wait()
		if len(entered) != 0 {
			t.Fatal("entered a gate that is held")
		}
		g.Unlock()
		if err := <-entered; err != nil || waits != 2 {
			t.Errorf("%v after %d waits", err, waits)
		}
	})
}

// A gate that becomes of no use is left by all who wait, for one wake; a context that
// ends takes only its own waiter away.
func TestLockWhileEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		g.TryLock()
		var unusable atomic.Bool
		usable := func() bool { return !unusable.Load() }
		ctx, cancel := context.WithCancelCause(t.Context())
		canceled := make(chan error, 1)
		go func() { canceled <- g.LockWhile(ctx, usable, nil) }()
		ended := make(chan error, 3)
		for range cap(ended) {
			go func() { ended <- g.LockWhile(t.Context(), usable, nil) }()
		}
		synctest.Wait()
		cancel(nil)
		if err := <-canceled; err != context.Canceled {
			t.Errorf("%v after the context has ended", err)
		}
		synctest.Wait()
		if len(ended) != 0 {
			t.Error("others ended with it")
		}
		unusable.Store(true)
		g.WakeOne()
		for range cap(ended) {
			if err := <-ended; err != ErrUnusable {
				t.Errorf("%v of a gate of no use", err)
			}
		}
		// Whoever comes later does not enter either, though it is free.
		g.Unlock()
		if err := g.LockWhile(t.Context(), usable, nil); err != ErrUnusable || g.Held() {
			t.Errorf("%v, held %v", err, g.Held())
		}
	})
}

// An uncontended gate allocates nothing, also when one has waited before.
func TestGateAllocates(t *testing.T) {
	var g Gate
	g.WaitC()
	cycle := func() {
		g.TryLock()
		g.TryLockOrQueue()
		g.Unlock()
		<-g.WaitC()
		g.Lock(nil, nil)
		g.Unlock()
	}
	if n := testing.AllocsPerRun(100, cycle); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
