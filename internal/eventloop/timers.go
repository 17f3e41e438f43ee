package eventloop

import (
	"math"
	"runtime"
	"sync"
	"time"
)

// timers is a wheel with a clock: one timer of package time, and only while there are
// entries. All of it but start is guarded by mu.
type timers struct {
	start time.Time // when second 0 began: a second before there was any use for it
	mu    sync.Mutex
	wheel wheel
	timer *time.Timer // made when it is first needed
	armed uint32      // the second for which the timer is set, or one of these:
}

const (
	unarmed  = 0
	expiring = firstSecond - 1 // a goroutine calls what is due; no entry is filed under so early a second
	ended    = math.MaxUint32  // the loop was closed
)

const (
	refilePatience = 256 // entries that are filed anew while others wait for the mutex
	expireRun      = 64  // entries that expire before others get the processor
)

func newTimers() timers {
	return timers{start: time.Now().Add(-time.Second), wheel: newWheel()}
}

// second returns the current second, rounded down.
func (t *timers) second() uint32 { return uint32(time.Since(t.start) / time.Second) }

// after has e expire in d, rounded up to the next second.
func (t *timers) after(d time.Duration, e *Entry) {
	const farthest = 1 << 31 // seconds, 68 years
	due := uint32(min((time.Since(t.start)+min(max(d, 0), farthest*time.Second)+time.Second-1)/time.Second, farthest))
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.armed == ended {
		return
	}
	t.wheel.set(e, due)
	if t.armed == unarmed || e.at < t.armed {
		t.arm(e.at)
	}
}

// arm sets the timer for a second.
func (t *timers) arm(second uint32) {
	t.armed = second
	wait := time.Until(t.start.Add(time.Duration(second) * time.Second))
	if t.timer == nil {
		t.timer = time.AfterFunc(wait, t.tick)
		return
	}
	t.timer.Reset(wait)
}

// stop reports false if e was not set.
func (t *timers) stop(e *Entry) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.wheel.remove(e)
	if t.wheel.count == 0 && t.armed != expiring && t.armed != ended && t.timer != nil {
		t.timer.Stop()
		t.armed = unarmed
	}
	return was
}

// tick is the timer's function.
func (t *timers) tick() {
	t.mu.Lock()
	if t.armed == expiring || t.armed == ended {
		t.mu.Unlock() // the timer was set again, or stopped, just when it fired
		return
	}
	t.armed = expiring
	t.mu.Unlock()
	t.expire()
}

// expire calls what is due. Every now and then it lets other goroutines go first.
func (t *timers) expire() {
	done := false
	defer func() {
		if !done {
			go t.expire() // Expired called Goexit
		}
	}()
	for n := 1; ; n++ {
		e, more := t.pop()
		if !more {
			break
		}
		if e != nil {
			e.Owner.Expired(e)
		}
		if e == nil || n%expireRun == 0 {
			runtime.Gosched()
		}
	}
	done = true
}

// pop takes out an entry that is due. If more is false there is none, and the timer is set
// for the next.
func (t *timers) pop() (e *Entry, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.armed == ended {
		return nil, false
	}
	if e, more = t.wheel.pop(t.second(), refilePatience); more {
		return e, true
	}
	if t.armed = t.wheel.next(); t.armed != unarmed {
		t.arm(t.armed)
	}
	return nil, false
}

// end has no entry expire any more.
func (t *timers) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.armed = ended
	if t.timer != nil {
		t.timer.Stop()
	}
}

// After has e.Owner.Expired called in d, rounded up to the next second of the loop: never
// early, and at most about a second late. An entry that is set already is set anew, which is
// cheap. If the loop is closed before, Expired is never called.
//
// Expired is called on a goroutine of the loop's timer, while turns go on, and for one Entry of
// a loop at a time. So it must not wait: it calls [Member.Kick], or starts a goroutine. It may
// call After and Stop. It must not panic.
func (l *Loop) After(d time.Duration, e *Entry) { l.timers.after(d, e) }

// Stop has e not expire. It reports false if e was not set: it has expired, its Expired is
// about to be called, or it was never set.
func (l *Loop) Stop(e *Entry) bool { return l.timers.stop(e) }
