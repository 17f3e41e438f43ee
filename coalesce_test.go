package websocket

import (
	"fmt"
	"testing"
)

// coalesceModel is coalescing a second time: four facts, and what each event does to each.
type coalesceModel struct{ held, wanted, more, timed, ended bool }

func (m coalesceModel) state() coalescing {
	if m.ended {
		return holdNoMore
	}
	s := coalescing(0)
	for fact, is := range map[coalescing]bool{someHeld: m.held && !m.wanted, flushWanted: m.wanted, loopHasMore: m.more, timerRuns: m.timed} {
		if is {
			s |= fact
		}
	}
	return s
}

func (m coalesceModel) on(e coalesceEvent) coalesceModel {
	switch e {
	case moreAtHand:
		m.more = true
	case noneAtHand:
		m.more = false
	case holdBatch:
		m.held = true
		m.timed = m.timed || m.more // the body of a loop may take its time
	case holdReply:
		m.held, m.timed = true, true
	case wantFlush:
		m.wanted = m.held
	case haveWritten:
		m.held, m.wanted = false, false
	case timerFired:
		if m.timed && m.held {
			m.more, m.wanted = false, true
		}
		m.timed = false
	case peerEnded:
		m.ended = true
	}
	return m
}

// Every state that can be reached × every event: the table says what the model says, and
// holds no other states and no cells that change nothing.
func TestCoalesceTable(t *testing.T) {
	seen := map[coalescing]coalesceModel{0: {}}
	for waiting := []coalesceModel{{}}; len(waiting) > 0; waiting = waiting[1:] {
		m := waiting[0]
		for e := range coalesceEvent(numCoalesceEvents) {
			next := m.on(e)
			if got := coalesceNext[m.state()][e]; got != next.state() {
				t.Errorf("state %05b, event %d: %05b, want %05b", m.state(), e, got, next.state())
			}
			if _, known := seen[next.state()]; !known {
				seen[next.state()] = next
				waiting = append(waiting, next)
			}
		}
	}
	for s, row := range coalesceTable {
		if _, reached := seen[s]; !reached {
			t.Errorf("state %05b cannot be reached", s)
		}
		for e, to := range row {
			if to == s || e == peerEnded {
				t.Errorf("state %05b, event %d: the cell says nothing", s, e)
			}
		}
	}
	if want := len(coalesceTable) + 1; len(seen) != want { // and holdNoMore
		t.Errorf("%d states are reached, %d are in the table", len(seen), want)
	}
}

// What may be held, in each state.
func TestCoalesceAdmits(t *testing.T) {
	for s := range coalesceTable {
		for h, want := range map[holding]bool{neverHeld: false, asReply: s&loopHasMore != 0, inBatch: true} {
			if s.admits(h) != want {
				t.Errorf("state %05b, holding %d: %t", s, h, !want)
			}
		}
		if s.anyHeld() != (s&someHeld != 0 || s&flushWanted != 0) {
			t.Errorf("state %05b: anyHeld is %t", s, s.anyHeld())
		}
	}
	for _, h := range []holding{neverHeld, asReply, inBatch} {
		if holdNoMore.admits(h) || holdNoMore.anyHeld() {
			t.Error("something is held although the stream has ended")
		}
	}
	var c coalescer
	if from, to := c.on(holdBatch); fmt.Sprint(from, to) != fmt.Sprint(coalescing(0), someHeld) || c.state() != someHeld {
		t.Error("from", from, "to", to, "in", c.state())
	}
}
