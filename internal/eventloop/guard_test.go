package eventloop

import (
	"fmt"
	"testing"
	"time"
)

// A world is one state of a loop's guard and of those who use it.
type world struct {
	word     uint64
	leaders  [maxLeaders]leaderState
	turns    int // that have begun
	watchman watchmanState
	broken   string
}

const (
	maxTurns   = 4
	maxLeaders = maxTurns + 1
)

type leaderState struct {
	phase string // "", "between", "inside", "gone"
	word  uint64
}

type watchmanState struct {
	phase      string // "", "asleep", "deposing", "retreating"
	last, seen uint64
}

// steps returns the worlds that may come next: each party does its next atomic step.
func (w world) steps() (next []world) {
	try := func(step func(w *world, g *guard)) {
		then, g := w, &guard{}
		g.word.Store(w.word)
		step(&then, g)
		then.word = g.word.Load()
		next = append(next, then)
	}
	for i, leader := range w.leaders {
		switch {
		case leader.phase == "between" && w.turns < maxTurns:
			try(func(w *world, g *guard) {
				word, unwatched, ok := g.enter()
				if !ok {
					w.leaders[i] = leaderState{phase: "gone"}
					return
				}
				w.turns++
				w.leaders[i] = leaderState{"inside", word}
				if unwatched {
					if w.watchman.phase != "" {
						w.broken = "two watchmen"
					}
					w.watchman = watchmanState{phase: "asleep", last: word}
				}
			})
		case leader.phase == "inside":
			try(func(w *world, g *guard) {
				w.leaders[i] = leaderState{phase: "gone"}
				if g.leave(leader.word) {
					w.leaders[i].phase = "between" // or a new leader, if the turn panicked
				}
			})
		}
	}
	switch seen := w.watchman.seen; w.watchman.phase {
	case "asleep":
		try(func(w *world, g *guard) {
			word := g.word.Load()
			same := word == w.watchman.last
			w.watchman.last, w.watchman.seen = word, word
			switch {
			case word&closed != 0:
				w.watchman = watchmanState{}
			case same && word&inside != 0:
				w.watchman.phase = "deposing"
			case same:
				w.watchman.phase = "retreating"
			}
		})
	case "deposing":
		try(func(w *world, g *guard) {
			w.watchman.phase = "asleep"
			if g.depose(seen) {
				for i := range w.leaders {
					if w.leaders[i].phase == "" {
						w.leaders[i].phase = "between"
						return
					}
				}
				w.broken = "the test has too few leaders"
			}
		})
	case "retreating":
		try(func(w *world, g *guard) {
			w.watchman.phase = "asleep"
			if g.unwatch(seen) {
				w.watchman = watchmanState{}
			}
		})
	}
	if w.word&closed == 0 {
		try(func(_ *world, g *guard) {
			if !g.close() {
				panic("was closed")
			}
		})
	}
	return next
}

// check says what must hold in every world.
func (w world) check() error {
	leading, observed := 0, true
	for _, leader := range w.leaders {
		switch {
		case leader.phase == "between":
			leading++
		case leader.phase == "inside" && leader.word == w.word:
			leading++
			observed = w.watchman.phase != ""
		case leader.phase == "inside" && w.word&closed != 0 && leader.word|closed == w.word:
			leading++ // the last turn
		}
	}
	switch isClosed := w.word&closed != 0; {
	case w.broken != "":
		return fmt.Errorf("%s", w.broken)
	case leading > 1, leading == 0 && !isClosed:
		return fmt.Errorf("%d lead", leading)
	case !observed && !isClosed:
		return fmt.Errorf("a turn without a watchman")
	}
	return nil
}

// Whatever the order of steps, exactly one goroutine leads until the loop is closed, a turn
// always has a watchman, and there are never two.
func TestGuardExplored(t *testing.T) {
	start := world{}
	start.leaders[0].phase = "between"
	seen := map[world]bool{start: true}
	todo := []world{start}
	deposed := 0
	for len(todo) > 0 {
		w := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if err := w.check(); err != nil {
			t.Fatalf("%v: %+v", err, w)
		}
		if w.leaders[1].phase != "" {
			deposed++
		}
		for _, next := range w.steps() {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	t.Logf("%d worlds, %d of them with a second leader", len(seen), deposed)
	if len(seen) < 1000 || deposed < 100 {
		t.Error("too few worlds were seen")
	}
}

// The watchman looks rarely at a loop that sleeps.
func TestWatchmanTicks(t *testing.T) {
	in := func(turn uint64) uint64 { return turn*number | watched | inside }
	after := func(turn uint64) uint64 { return turn*number | watched }
	w := watchman{last: in(1), quick: quickTick}
	look := func(word uint64, slept bool, wantDo order, wantNext time.Duration) {
		t.Helper()
		if do, next := w.tick(word, slept); do != wantDo || next != wantNext {
			t.Errorf("tick(%b, %v) = %d, %v, not %d, %v", word, slept, do, next, wantDo, wantNext)
		}
	}
	look(after(9), true, stay, slowTick)     // now and then
	look(after(100), false, stay, quickTick) // all the time
	look(in(200), true, stay, quickTick)     // does this turn end?
	look(in(200), false, depose, quickTick/2)
	look(in(202), false, stay, quickTick) // of the new leader
	look(in(202), false, depose, quickTick/2)
	look(in(202), false, depose, quickTick/4)
	look(in(202), false, depose, minTick)
	look(in(202), false, depose, minTick)
	look(after(300), false, stay, 2*minTick)
	look(after(301), true, stay, slowTick)
	for range quietTicks - 1 {
		look(after(301), false, stay, slowTick)
	}
	look(after(301), false, retreat, slowTick)
	look(after(302), false, stay, quickTick)
}
