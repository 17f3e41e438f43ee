package eventloop

import "time"

// How often the watchman looks. A timer that is due within 4 ms costs every sleep of the
// process some 6 µs, so it looks rarely at a loop that sleeps now and then.
const (
	slowTick   = 20 * time.Millisecond
	quickTick  = 2 * time.Millisecond
	minTick    = quickTick / 8
	quietTicks = 25 // without a turn, and the watchman goes
)

// watchman decides what the goroutine that watches the leader does. It has no clock.
type watchman struct {
	last  uint64 // the guard's word at the tick before
	quiet int
	quick time.Duration
}

// An order is what a watchman is to do after a tick.
type order int

const (
	stay    order = iota
	depose        // the leader is in the same turn as a tick before
	retreat       // there is no traffic
)

// tick judges the guard's word. slept says that the leader has slept since the tick before.
func (w *watchman) tick(word uint64, slept bool) (do order, next time.Duration) {
	same := word == w.last
	w.last = word
	in := word&inside != 0
	switch {
	case same && in:
		// Others may wait likewise: the next is found sooner.
		w.quick = max(w.quick/2, minTick)
		return depose, w.quick
	case same:
		if w.quiet++; w.quiet >= quietTicks {
			return retreat, slowTick
		}
		return stay, slowTick
	}
	w.quiet = 0
	w.quick = min(2*w.quick, quickTick)
	if in || !slept {
		return stay, w.quick
	}
	return stay, slowTick
}

// watch is the watchman's goroutine. The leader starts it inside a turn, if there is none.
func (l *Loop) watch(word uint64) {
	w := watchman{last: word, quick: quickTick}
	pause := slowTick
	for {
		time.Sleep(pause)
		word := l.guard.word.Load()
		m := l.inTurn.Load() // the one whose turn word tells of, unless that is over: and then passOn does nothing
		if word&closed != 0 {
			return
		}
		var do order
		do, pause = w.tick(word, l.handover.hasSlept())
		switch do {
		case depose:
			l.passOn(m, word)
		case retreat:
			if l.guard.unwatch(word) {
				return
			}
		}
	}
}
