package eventloop

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// ownerFunc is an Owner.
type ownerFunc func(e *Entry)

func (f ownerFunc) Expired(e *Entry) { f(e) }

// An entry expires once, in the second after its time has come, and not before.
func TestTimersAreNotEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tm := newTimers()
		defer tm.end()
		time.Sleep(300 * time.Millisecond)
		for _, d := range []time.Duration{-time.Hour, 0, 1, 200 * time.Millisecond, 699 * time.Millisecond, time.Second, 90 * time.Second, 5 * time.Minute, 48 * time.Hour} {
			begin := time.Now()
			took := make(chan time.Duration, 2)
			e := &Entry{Owner: ownerFunc(func(*Entry) { took <- time.Since(begin) })}
			tm.after(d, e)
			if after := <-took; after < d || after > max(d, 0)+time.Second {
				t.Errorf("%v: expired after %v", d, after)
			}
			time.Sleep(200 * time.Second)
			if len(took) > 0 {
				t.Error("expired twice")
			}
			time.Sleep(d%time.Second/3 + 10*time.Millisecond)
		}
		synctest.Wait()
		if tm.armed != unarmed {
			t.Error("the timer is set for second", tm.armed)
		}
	})
}

// Put off, brought forward and stopped entries expire when they were last set for.
func TestTimersSetAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tm := newTimers()
		defer tm.end()
		begin := time.Now()
		at := make(map[string]time.Duration)
		entry := func(name string) *Entry {
			return &Entry{Owner: ownerFunc(func(*Entry) { at[name] = time.Since(begin) })}
		}
		off, forward, stopped, never := entry("off"), entry("forward"), entry("stopped"), entry("never")
		tm.after(3*time.Second, off)
		tm.after(100*time.Second, forward)
		tm.after(2*time.Second, stopped)
		time.Sleep(1500 * time.Millisecond)
		tm.after(3*time.Second, off)     // 4.5 s
		tm.after(2*time.Second, forward) // 3.5 s
		if !tm.stop(stopped) || tm.stop(stopped) || tm.stop(never) {
			t.Error("stop is wrong of what was set")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(at) != 2 || at["off"] != 5*time.Second || at["forward"] != 4*time.Second {
			t.Error(at)
		}
		tm.after(time.Second, stopped)
		if !tm.stop(stopped) || tm.armed != unarmed {
			t.Error("the timer stays for nothing")
		}
		tm.after(time.Second, stopped)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(at) != 3 {
			t.Error("the timer was not set again")
		}
	})
}

// An owner may set its entry, and stop others, when it is called.
func TestTimersFromExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tm := newTimers()
		defer tm.end()
		begin := time.Now()
		var at []time.Duration
		other := &Entry{Owner: ownerFunc(func(*Entry) { t.Error("the other expired") })}
		e := &Entry{Owner: ownerFunc(func(e *Entry) {
			tm.stop(other)
			if at = append(at, time.Since(begin)); len(at) < 4 {
				tm.after(30*time.Second, e)
			}
		})}
		tm.after(0, other)
		tm.after(0, e)
		tm.after(time.Second, e) // lies in the slot of a second in which it does not expire
		tm.after(2*time.Second, other)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(at) != 4 || at[0] != time.Second || at[3] != 91*time.Second {
			t.Error(at)
		}
	})
}

// While an owner waits, and after it has called Goexit, entries are still set and the rest
// expires.
func TestTimersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tm := newTimers()
		defer tm.end()
		release := make(chan struct{})
		expired := 0
		slow := &Entry{Owner: ownerFunc(func(*Entry) { <-release; runtime.Goexit() })}
		entries := make([]Entry, 1000)
		tm.after(0, slow)
		time.Sleep(10 * time.Second)
		for i := range entries {
			entries[i].Owner = ownerFunc(func(*Entry) { expired++ })
			tm.after(time.Duration(i%100)*time.Second, &entries[i])
		}
		time.Sleep(300 * time.Second)
		if expired != 0 {
			t.Error("two goroutines call owners")
		}
		tm.tick() // a timer that fires while it is being set again
		close(release)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if expired != len(entries) {
			t.Error(expired)
		}
	})
}

// After the end nothing expires, not even what is due.
func TestTimersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tm := newTimers()
		expired := 0
		entries := make([]Entry, 10)
		for i := range entries {
			entries[i].Owner = ownerFunc(func(*Entry) {
				expired++
				tm.end() // of the ten that are due, one has been called
			})
			tm.after(0, &entries[i])
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		tm.after(0, &Entry{Owner: entries[0].Owner})
		tm.tick()
		time.Sleep(time.Minute)
		synctest.Wait()
		if expired != 1 {
			t.Error(expired)
		}
		if !tm.stop(&entries[0]) {
			t.Error("the first entry was set last, and so it is not the one that expired")
		}
		for i := range entries {
			tm.stop(&entries[i])
		}
	})
}

// When very many entries are due at once, other goroutines have the processor in between.
func TestTimersGiveWay(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	tm := newTimers()
	defer tm.end()
	const many = 100 * expireRun
	entries := make([]Entry, many)
	var expired, others atomic.Int64
	done := make(chan struct{})
	owner := ownerFunc(func(*Entry) {
		if expired.Add(1) == many {
			close(done)
		}
	})
	tm.mu.Lock()
	for i := range entries {
		entries[i].Owner = owner
		tm.wheel.set(&entries[i], firstSecond)
	}
	tm.start = tm.start.Add(-time.Minute)
	tm.mu.Unlock()
	go func() {
		for {
			select {
			case <-done:
				return
			default:
				others.Add(1)
				runtime.Gosched()
			}
		}
	}()
	tm.tick()
	<-done
	if n := others.Load(); n < 90 {
		t.Errorf("while %d entries expired, another goroutine ran %d times", many, n)
	}
}

// Setting an entry again allocates nothing.
func TestTimersAllocate(t *testing.T) {
	tm := newTimers()
	defer tm.end()
	e := &Entry{Owner: ownerFunc(func(*Entry) {})}
	tm.after(time.Hour, e)
	d := time.Hour
	if n := testing.AllocsPerRun(100, func() {
		d -= time.Minute / 3
		tm.after(d, e)
		tm.after(2*d, e)
		tm.stop(e)
		tm.after(d, e)
	}); n != 0 {
		t.Error(n)
	}
}
