//go:build linux

package eventloop

import (
	"errors"
	"log"
	"runtime"
	"strings"
	"testing"
)

type abandoned struct {
	p     any
	stack string
}

// ends are the ways in which a turn does not return.
var ends = map[string]struct {
	end  func()
	want any
}{
	"panic":  {func() { panic("by hand") }, "by hand"},
	"Goexit": {runtime.Goexit, nil},
}

// A turn that does not return costs nobody else anything, and its Source is told. Those that
// were due with it are served.
func TestTurnPanics(t *testing.T) {
	for name, way := range ends {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			release := hold(t, l)
			told := newList[abandoned]()
			turns := newList[Events]()
			s := &stub{
				turn: func(ev Events) bool {
					if turns.add(ev); len(turns.all()) == 1 {
						way.end()
					}
					return false
				},
				abandon: func(p any, stack []byte) { told.add(abandoned{p, string(stack)}) },
			}
			join(t, l, s)
			got, _, theirs := reader(t, l)
			theirs.send(t, "x")
			release()
			got.until(joined("x"))
			first := told.atLeast(1)[0]
			if first.p != way.want || !strings.Contains(first.stack, "TestTurnPanics") {
				t.Fatal(first.p, first.stack)
			}
			turns.atLeast(1)
			if all := turns.all(); len(all) != 1 {
				t.Fatal(all)
			}
			theirs.send(t, "y")
			got.until(joined("xy"))
			s.Kick()
			turns.atLeast(2)
		})
	}
}

// The same holds of a turn that was moved aside, and of one that Kick has begun.
func TestTurnPanicsAlone(t *testing.T) {
	for name, way := range ends {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			told := newList[abandoned]()
			turns := newList[Events]()
			proceed := make(chan struct{})
			s := &stub{
				turn: func(ev Events) bool {
					turns.add(ev)
					<-proceed
					way.end()
					return false
				},
				abandon: func(p any, stack []byte) { told.add(abandoned{p, string(stack)}) },
			}
			join(t, l, s)
			turns.atLeast(1)
			got, _, theirs := reader(t, l)
			theirs.send(t, "x")
			got.until(joined("x")) // there is another leader
			close(proceed)
			told.atLeast(1)
			s.Kick()
			if all := told.atLeast(2); all[1].p != way.want || len(turns.all()) != 2 {
				t.Fatal(all)
			}
			theirs.send(t, "y")
			got.until(joined("xy"))
		})
	}
}

// Abandon may wait, be kicked, and kick.
func TestAbandonWaits(t *testing.T) {
	l := newLoop(t)
	told, turns := newList[any](), newList[Events]()
	proceed := make(chan struct{})
	s := &stub{}
	s.turn = func(ev Events) bool {
		if turns.add(ev); len(turns.all()) == 1 {
			panic(errors.New("by hand"))
		}
		return false
	}
	s.abandon = func(p any, _ []byte) {
		told.add(p)
		<-proceed
		s.Kick()
	}
	theirs := join(t, l, s)
	told.atLeast(1)
	got, _, peer := reader(t, l)
	theirs.send(t, "x")
	peer.send(t, "x")
	got.until(joined("x"))
	if all := turns.all(); len(all) != 1 {
		t.Fatal("a turn beside Abandon:", all)
	}
	close(proceed)
	if all := turns.atLeast(2); all[1] != Readable|Writable|Kicked {
		t.Fatal(all)
	}
}

// logLines is where the standard logger writes during a test.
type logLines struct{ *list[string] }

func (l logLines) Write(p []byte) (int, error) {
	l.add(string(p))
	return len(p), nil
}

// An Abandon that panics is logged, and its Source has no turn any more.
func TestAbandonPanics(t *testing.T) {
	for name, way := range ends {
		t.Run(name, func(t *testing.T) {
			logged := logLines{newList[string]()}
			before := log.Writer()
			log.SetOutput(logged)
			defer log.SetOutput(before)
			l := newLoop(t)
			turns := newList[Events]()
			s := &stub{
				turn:    func(ev Events) bool { turns.add(ev); panic("the first") },
				abandon: func(any, []byte) { way.end() },
			}
			theirs := join(t, l, s)
			if text := logged.atLeast(1)[0]; !strings.Contains(text, "Abandon") || !strings.Contains(text, "TestAbandonPanics") ||
				way.want != nil && !strings.Contains(text, "by hand") {
				t.Error(text)
			}
			theirs.send(t, "x")
			s.Kick()
			got, _, peer := reader(t, l)
			peer.send(t, "x")
			got.until(joined("x"))
			if all := turns.all(); len(all) != 1 || l.Len() != 1 {
				t.Fatal(all, l.Len())
			}
		})
	}
}
