package conn

import (
	"fmt"
	"testing"
)

func TestStates(t *testing.T) {
	for _, test := range []struct {
		state               State
		name                string
		canSend, canReceive bool
	}{
		{Open, "open", true, true},
		// "The application MUST NOT send any more data frames after sending a
		// Close frame."
		// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
		{ClosedByUs, "closed by us", false, true},
		{ClosedByPeer, "closed by peer", false, false},
		{Acknowledged, "acknowledged", false, false},
		// "An endpoint MUST NOT continue to attempt to process data (including a
		// responding Close frame) from the remote endpoint after being instructed
		// to _Fail the WebSocket Connection_."
		// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
		{Failed, "failed", false, false},
		{Cut, "cut", false, true},
		{Terminated, "terminated", false, false},
	} {
		if got := test.state.String(); got != test.name {
			t.Errorf("State(%d).String() = %q, want %q", test.state, got, test.name)
		}
		if got := test.state.CanSend(); got != test.canSend {
			t.Errorf("%v can send: %v, want %v", test.state, got, test.canSend)
		}
		if got := test.state.CanReceive(); got != test.canReceive {
			t.Errorf("%v can receive: %v, want %v", test.state, got, test.canReceive)
		}
	}
}

// Logs and traces print these names: each value has one, and no two share it.
func TestNames(t *testing.T) {
	for kind, names := range map[string][]fmt.Stringer{
		"state":  stringers[State](numStates),
		"event":  stringers[Event](numEvents),
		"action": stringers[Action](numActions),
	} {
		outside := "no " + kind
		seen := map[string]bool{outside: true, "": true}
		last := len(names) - 1
		for i, name := range names[:last] {
			if s := name.String(); seen[s] {
				t.Errorf("%s %d is called %q: empty, taken or reserved", kind, i, s)
			} else {
				seen[s] = true
			}
		}
		if got := names[last].String(); got != outside {
			t.Errorf("%s %d does not exist but is called %q, want %q", kind, last, got, outside)
		}
	}
}

// stringers returns the values 0 to n: all that exist and one that does not.
func stringers[T interface {
	~uint8
	fmt.Stringer
}](n int,
) (all []fmt.Stringer) {
	for i := range n + 1 {
		all = append(all, T(i))
	}
	return all
}
