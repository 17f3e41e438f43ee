package h2

import "testing"

// received are the events that any peer can cause at any time.
var received = []StreamEvent{RecvHead, RecvData, RecvReset, RecvWindow}

// Whatever comes in whatever state, there is a verdict.
func TestEveryFrameHasAVerdict(t *testing.T) {
	for s := range State(numStates) {
		for _, e := range received {
			c := transitions[s][e]
			refused := c.verdict == BreaksStream || c.verdict == BreaksConn
			if c.verdict == Impossible || refused != (c.rule != nil) || c.verdict != Accepted && c.to != s {
				t.Errorf("%v, %v: %+v", s, e, c)
			}
		}
		// RST_STREAM may answer anything that is open, and nothing else.
		if sends := transitions[s][SendReset].verdict == Accepted; sends != (s != Idle && !s.Over()) {
			t.Errorf("%v: RST_STREAM may be sent is %v", s, sends)
		}
		if s.CanSend() != (transitions[s][SendData].verdict == Accepted) || s.CanSend() != (transitions[s][SendEnd].verdict == Accepted) {
			t.Errorf("%v: CanSend is %v", s, s.CanSend())
		}
		if s.CanReceive() != (transitions[s][SendWindow].verdict == Accepted) {
			t.Errorf("%v: CanReceive is %v", s, s.CanReceive())
		}
	}
}

func TestNames(t *testing.T) {
	seen := make(map[string]bool)
	unique := func(name string) {
		t.Helper()
		if name == "" || seen[name] {
			t.Errorf("the name %q", name)
		}
		seen[name] = true
	}
	for s := range State(numStates) {
		unique(s.String())
	}
	for e := range StreamEvent(numEvents) {
		unique(e.String())
	}
	for k := range Kind(numKinds) {
		if k != Refused { // as a code's
			unique(k.String())
		}
	}
	for c := range Code(numCodes) {
		unique(c.String())
	}
	for typ := range Type(numTypes) {
		unique(typ.String())
	}
	for _, name := range []string{
		TypePriorityUpdate.String(), Type(0x77).String(), Code(0x77).String(), State(99).String(), StreamEvent(99).String(),
		progress.String(), Client.String(), Server.String(),
	} {
		if name == "" {
			t.Error("no name")
		}
	}
}
