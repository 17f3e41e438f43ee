package conn

import (
	"regexp"
	"strings"
	"testing"
)

// wantTransitions is every pair of state and event, written a second time.
// Columns are two or more spaces apart; "-" is an event without meaning there.
//
// "Upon receiving such a frame, the other peer sends a Close frame in response,
// if it hasn't already sent one."
// https://www.rfc-editor.org/rfc/rfc6455#section-1.4
//
// "After both sending and receiving a Close message, an endpoint considers the
// WebSocket connection closed and MUST close the underlying TCP connection."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
const wantTransitions = `
state           event             next            action         our Close frame

open            send close        closed by us    await close    placed
open            answer violation  -               -              -
open            flush close       -               -              -
open            receive close     closed by peer  send reply     kept
open            violate           failed          send failure   kept
open            fail              failed          send failure   kept
open            end of stream     terminated      drop           kept
open            break write       cut             read out       kept
open            cut write         cut             read out       kept
open            break             terminated      drop           kept
open            expire            terminated      drop           kept
open            give up           terminated      drop           kept
open            abandon           terminated      drop           kept

closed by us    send close        -               -              -
closed by us    answer violation  -               -              -
closed by us    flush close       closed by us    nothing        flushed
closed by us    receive close     acknowledged    end transport  kept
closed by us    violate           failed          end transport  kept
closed by us    fail              failed          end transport  kept
closed by us    end of stream     terminated      drop           kept
closed by us    break write       cut             read out       lost
closed by us    cut write         cut             read out       lost
closed by us    break             terminated      drop           kept
closed by us    expire            terminated      drop           lost
closed by us    give up           terminated      drop           lost
closed by us    abandon           terminated      drop           lost

closed by peer  send close        acknowledged    end transport  placed
closed by peer  answer violation  -               -              -
closed by peer  flush close       -               -              -
closed by peer  receive close     -               -              -
closed by peer  violate           -               -              -
closed by peer  fail              -               -              -
closed by peer  end of stream     closed by peer  nothing        kept
closed by peer  break write       terminated      drop           kept
closed by peer  cut write         terminated      drop           kept
closed by peer  break             terminated      drop           kept
closed by peer  expire            terminated      drop           kept
closed by peer  give up           terminated      drop           kept
closed by peer  abandon           terminated      drop           kept

acknowledged    send close        -               -              -
acknowledged    answer violation  -               -              -
acknowledged    flush close       acknowledged    nothing        flushed
acknowledged    receive close     -               -              -
acknowledged    violate           -               -              -
acknowledged    fail              -               -              -
acknowledged    end of stream     terminated      drop           kept
acknowledged    break write       terminated      drop           lost
acknowledged    cut write         terminated      drop           lost
acknowledged    break             terminated      drop           kept
acknowledged    expire            terminated      drop           lost
acknowledged    give up           terminated      drop           lost
acknowledged    abandon           acknowledged    nothing        kept

failed          send close        -               -              -
failed          answer violation  failed          end transport  placed
failed          flush close       failed          nothing        flushed
failed          receive close     -               -              -
failed          violate           -               -              -
failed          fail              -               -              -
failed          end of stream     terminated      drop           kept
failed          break write       terminated      drop           lost
failed          cut write         terminated      drop           lost
failed          break             terminated      drop           kept
failed          expire            terminated      drop           lost
failed          give up           terminated      drop           lost
failed          abandon           failed          nothing        kept

cut             send close        -               -              -
cut             answer violation  -               -              -
cut             flush close       -               -              -
cut             receive close     terminated      drop           kept
cut             violate           terminated      drop           kept
cut             fail              terminated      drop           kept
cut             end of stream     terminated      drop           kept
cut             break write       cut             nothing        kept
cut             cut write         cut             nothing        kept
cut             break             terminated      drop           kept
cut             expire            terminated      drop           kept
cut             give up           terminated      drop           kept
cut             abandon           terminated      drop           kept

terminated      send close        -               -              -
terminated      answer violation  -               -              -
terminated      flush close       -               -              -
terminated      receive close     -               -              -
terminated      violate           -               -              -
terminated      fail              -               -              -
terminated      end of stream     -               -              -
terminated      break write       -               -              -
terminated      cut write         -               -              -
terminated      break             -               -              -
terminated      expire            -               -              -
terminated      give up            -               -              -
terminated      abandon           -               -              -
`

var effectNames = [numEffects]string{keeps: "kept", places: "placed", flushes: "flushed", loses: "lost"}

var columns = regexp.MustCompile(` {2,}`)

func TestTransitions(t *testing.T) {
	want := make(map[string]string) // "state × event" to "next, action, our Close frame"
	for line := range strings.Lines(strings.TrimSpace(wantTransitions)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		cell := columns.Split(line, -1)
		if len(cell) != 5 {
			t.Fatalf("%q has %d columns", line, len(cell))
		}
		name := cell[0] + " × " + cell[1]
		if _, twice := want[name]; twice {
			t.Errorf("%s stands twice in the table of this test", name)
		}
		want[name] = strings.Join(cell[2:], ", ")
	}
	delete(want, "state × event")

	for s := range State(numStates) {
		for e := range Event(numEvents) {
			name := s.String() + " × " + e.String()
			to, do, ok := next(s, e)
			got := strings.Join([]string{to.String(), do.String(), effectNames[transitions[s][e].close]}, ", ")
			if !ok {
				if to != s || do != Nothing {
					t.Errorf("%s is refused, yet leads to %s", name, got)
				}
				got = "-, -, -"
			}
			if want[name] != got {
				t.Errorf("%s: %s; want %s", name, got, want[name])
			}
			delete(want, name)
		}
	}
	for name := range want {
		t.Errorf("%s is in the table of this test, and names nothing", name)
	}
}

// next looks up what an event does in a state. ok is false, and the state stays as it is,
// when the event has no meaning there.
func next(s State, e Event) (to State, do Action, ok bool) {
	t, ok := transitions[s][e]
	if !ok {
		return s, Nothing, false
	}
	return t.to, t.do, true
}

// A deed and its twin do the same, whoever is to blame.
func TestTwins(t *testing.T) {
	for theirs, ours := range map[Event]Event{Violate: Fail, BreakWrite: CutWrite, Expire: GiveUp} {
		for s := range State(numStates) {
			if transitions[s][theirs] != transitions[s][ours] {
				t.Errorf("%v: %v does %v, %v does %v", s, theirs, transitions[s][theirs], ours, transitions[s][ours])
			}
		}
		if whoBegan(theirs) != SideRemote || whoBegan(ours) != SideLocal {
			t.Errorf("%v began %v, %v began %v", theirs, whoBegan(theirs), ours, whoBegan(ours))
		}
	}
}

// reachable returns the states that any events lead to from s, s included.
func reachable(s State) map[State]bool {
	found := map[State]bool{s: true}
	for queue := []State{s}; len(queue) > 0; queue = queue[1:] {
		for e := range Event(numEvents) {
			if to, _, ok := next(queue[0], e); ok && !found[to] {
				found[to] = true
				queue = append(queue, to)
			}
		}
	}
	return found
}

func TestEveryStateIsReachable(t *testing.T) {
	if got := reachable(Open); len(got) != numStates {
		t.Errorf("from open these states can be reached: %v; want all %d", got, numStates)
	}
}

// Close is bounded, always: whatever the peer does, these end it. Only
// where nothing is left but to end the transport does the application not need to
// hurry it: the deadline does.
func TestOneStepFromTerminated(t *testing.T) {
	for s := range reachable(Open) {
		for _, e := range []Event{Expire, GiveUp, Break, Abandon} {
			to, do, ok := next(s, e)
			switch {
			case s == Terminated:
				if ok {
					t.Errorf("%v × %v leads to %v", s, e, to)
				}
			case e == Abandon && (s == Acknowledged || s == Failed):
				if !ok || to != s || do != Nothing {
					t.Errorf("%v × %v: %v, %v, %v; want it to have no effect", s, e, to, do, ok)
				}
			case !ok || to != Terminated || do != Drop:
				t.Errorf("%v × %v: %v, %v, %v; want terminated, drop", s, e, to, do, ok)
			}
		}
	}
}

func TestTerminatedIsFinal(t *testing.T) {
	if got := reachable(Terminated); len(got) != 1 {
		t.Errorf("terminated leads on to %v", got)
	}
}

// A state that has been left does not come back: closing only goes forward.
func TestNoWayBack(t *testing.T) {
	for s := range State(numStates) {
		for e := range Event(numEvents) {
			if to, _, ok := next(s, e); ok && to != s && reachable(to)[s] {
				t.Errorf("%v × %v leads to %v, from where %v can be reached again", s, e, to, s)
			}
		}
	}
}

// "The application MUST NOT send any more data frames after sending a Close
// frame."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestNothingIsSentAfterSendClose(t *testing.T) {
	for s := range State(numStates) {
		for _, e := range []Event{SendClose, AnswerViolation} {
			to, _, ok := next(s, e)
			if !ok {
				continue
			}
			for later := range reachable(to) {
				if later.CanSend() {
					t.Errorf("%v × %v can lead to %v, which can send", s, e, later)
				}
			}
		}
	}
}

// The actions that let go of the transport belong to the state Terminated, and
// to no other, or a connection would be dropped and still waited for.
func TestDropMeansTerminated(t *testing.T) {
	for s := range State(numStates) {
		for e := range Event(numEvents) {
			if to, do, ok := next(s, e); ok && (to == Terminated) != (do == Drop) {
				t.Errorf("%v × %v: %v, %v", s, e, to, do)
			}
		}
	}
}
