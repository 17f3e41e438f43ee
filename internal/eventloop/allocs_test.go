//go:build linux && !race

package eventloop

import "testing"

// Neither an event nor a place in the run queue allocates anything.
func TestEventsDoNotAllocate(t *testing.T) {
	l := newLoop(t)
	ours, theirs := pair(t)
	turns := make(chan Events, 10)
	p := make([]byte, 10)
	s := &stub{turn: func(ev Events) bool {
		_, _ = ours.read(p)
		turns <- ev
		return ev != 0
	}}
	ours.add(t, l, s)
	for ev := range turns {
		if ev == 0 {
			break
		}
	}
	q := []byte("x")
	if n := testing.AllocsPerRun(2000, func() {
		_, _ = theirs.write(q)
		for <-turns != 0 {
		}
	}); n != 0 {
		t.Error(n)
	}
}
