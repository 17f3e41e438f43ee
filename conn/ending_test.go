package conn

import "testing"

func TestSides(t *testing.T) {
	for side, want := range map[Side]string{SideNone: "neither", SideLocal: "us", SideRemote: "the peer", 9: "neither"} {
		if got := side.String(); got != want {
			t.Errorf("Side(%d).String() = %q, want %q", side, got, want)
		}
	}
}

func TestEndingIsClean(t *testing.T) {
	for _, test := range []struct {
		why   string
		n     Ending
		clean bool
	}{
		{"no Close frame", Ending{}, false},
		{"only ours", Ending{Sent: CloseBody{Code: 1000}}, false},
		{"only theirs, without a code", Ending{Received: CloseBody{Code: 1005}}, false},
		{"only theirs", Ending{Received: CloseBody{Code: 1001, Reason: "away"}}, false},
		// "If the TCP connection was closed after the WebSocket closing handshake
		// was completed, the WebSocket connection is said to have been closed
		// _cleanly_."
		// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.4
		{"one each way", Ending{Sent: CloseBody{Code: 1000}, Received: CloseBody{Code: 4000}}, true},
		{"one each way, without codes", Ending{Sent: CloseBody{Code: 1005}, Received: CloseBody{Code: 1005}}, true},
	} {
		if got := test.n.Clean(); got != test.clean {
			t.Errorf("%s: clean %v, want %v", test.why, got, test.clean)
		}
	}
}

// "When sending a Close frame in response, the endpoint typically echos the
// status code it received."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestReply(t *testing.T) {
	for received, want := range map[CloseBody]CloseBody{
		{Code: 1000, Reason: "done"}: {Code: 1000},
		{Code: 4999}:                 {Code: 4999},
		{Code: 1005}:                 {Code: 1005}, // a frame without a code gets one without
	} {
		if got := Reply(received); got != want {
			t.Errorf("the reply to %+v is %+v, want %+v", received, got, want)
		}
	}
}

// The event that leaves Open decides who began, and no later one changes it.
func TestWhoBegan(t *testing.T) {
	want := map[Event]Side{
		SendClose:    SideLocal,
		ReceiveClose: SideRemote,
		Violate:      SideRemote,
		Fail:         SideLocal,
		EndOfStream:  SideRemote,
		BreakWrite:   SideRemote,
		CutWrite:     SideLocal,
		Break:        SideRemote,
		Expire:       SideRemote,
		GiveUp:       SideLocal,
		Abandon:      SideLocal,
	}
	if len(want) != len(transitions[Open]) {
		t.Fatalf("%d events have an expectation, %d leave open", len(want), len(transitions[Open]))
	}
	for first, side := range want {
		for second := range Event(numEvents) {
			var n Ending
			n.record(Open, first, CloseBody{})
			to, _, _ := next(Open, first)
			n.record(to, second, CloseBody{Code: 1000})
			if n.Began != side {
				t.Errorf("%v, then %v: began %v; want %v", first, second, n.Began, side)
			}
		}
	}
}
