package rooms

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fxamacker/cbor/v2"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

func goodEntry() entry {
	return entry{Room: "room", ID: "0123456789abcdef", Name: "n", Session: 1, Attempt: 1, State: "present"}
}

func goodParcel() *parcel {
	return &parcel{Room: "room", From: "0123456789abcdef", FromSession: 1, To: "0123456789abcdef", Seq: 1, Codec: wire.JSON.Subprotocol, Data: []byte("1")}
}

// Another server may be of another version, or not ours at all.
func TestPacketsAreJudged(t *testing.T) {
	changed := func(change func(*entry)) packet {
		e := goodEntry()
		change(&e)
		return packet{Kind: kindChange, Entries: []entry{e}}
	}
	signal := func(change func(*parcel)) packet {
		s := goodParcel()
		change(s)
		return packet{Kind: kindSignal, Signal: s}
	}
	for _, test := range []struct {
		what string
		p    packet
		want string // in the error; empty: none
	}{
		{"a beat", packet{Kind: kindBeat}, ""},
		{"a change", changed(func(*entry) {}), ""},
		{"moved", changed(func(e *entry) { e.State = moved }), ""},
		{"left", changed(func(e *entry) { e.State, e.Reason = "left", lost }), ""},
		{"a signal", signal(func(*parcel) {}), ""},
		{"a roster", packet{Kind: kindRoster, Parts: 1, Entries: []entry{goodEntry()}}, ""},

		{"no kind", packet{}, "kind"},
		{"a long name", packet{Kind: kindBeat, Name: strings.Repeat("x", 300)}, "too long"},
		{"no entry", packet{Kind: kindChange}, "0 entries"},
		{"room", changed(func(e *entry) { e.Room = "a/b" }), "name of a room"},
		{"identity", changed(func(e *entry) { e.ID = "X" }), "hexadecimal"},
		{"name", changed(func(e *entry) { e.Name = strings.Repeat("é", 41) }), "40 characters"},
		{"session", changed(func(e *entry) { e.Session = 0 }), "out of range"},
		{"attempt", changed(func(e *entry) { e.Attempt = 1 << 53 }), "out of range"},
		{"epoch", changed(func(e *entry) { e.Epoch = 1 << 53 }), "out of range"},
		{"state", changed(func(e *entry) { e.State = "none" }), "state"},
		{"why", changed(func(e *entry) { e.State = "left" }), "left because"},
		{"why away", changed(func(e *entry) { e.State, e.Reason = "away", lost }), "with a reason"},
		{"parts", packet{Kind: kindRoster}, "of a roster"},
		{"part", packet{Kind: kindRoster, Part: 2, Parts: 2}, "of a roster"},
		{"a roster of who left", packet{Kind: kindRoster, Parts: 1, Entries: []entry{{Room: "r", ID: "0123456789abcdef", Session: 1, Attempt: 1, State: "left", Reason: lost}}}, "member of a roster"},
		{"no signal", packet{Kind: kindSignal}, "without one"},
		{"from", signal(func(s *parcel) { s.From = "" }), "hexadecimal"},
		{"sequence", signal(func(s *parcel) { s.Seq = 1 << 60 }), "out of range"},
		{"no number", signal(func(s *parcel) { s.Seq = 0 }), "without a number"},
	} {
		body, err := cbor.Marshal(test.p)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parsePacket(body)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v; want %q", test.what, err, test.want)
		}
		if _, err := parsePacket(body[:len(body)-1]); err == nil {
			t.Errorf("%s: half of it is good", test.what)
		}
	}
}

// An invalid packet changes nothing, and data beyond the limits is not kept.
func TestStrangeServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var exchange bus.Exchange
		n := startNode(t, &exchange, "server", nil) // 3 members, 2 rooms
		stranger := exchange.Join()
		if err := stranger.Start(); err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		say := func(p packet) {
			body, err := cbor.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			stranger.Broadcast(bus.Rooms, body)
		}
		ann := newPage(t, 7)
		ann.enter(n, "room", "ann")
		ann.want("", "welcome")

		stranger.Broadcast(bus.Rooms, []byte("nonsense"))
		say(packet{Kind: kindSignal, Signal: &parcel{
			Room: "room", From: "0123456789abcdef", FromSession: 1, To: ann.id, Seq: 1, Codec: wire.JSON.Subprotocol, Data: []byte("1.5"),
		}})
		say(packet{Kind: kindSignal, Signal: &parcel{
			Room: "elsewhere", From: "0123456789abcdef", FromSession: 1, To: ann.id, Ack: 1,
		}})
		say(packet{Kind: kindRoster, Version: 1, Part: 1, Parts: 2, Entries: []entry{goodEntry()}}) // without the first
		ann.want("nonsense")

		var many []entry
		for range 100 {
			e := goodEntry()
			e.ID = newPage(t, 1).id
			many = append(many, e)
			e.Room = "room-" + e.ID
			many = append(many, e)
		}
		say(packet{Kind: kindRoster, Version: 1, Parts: 1, Entries: many})
		wantCount(t, "far too many", n, overshoot*2, overshoot*3+overshoot*2-1)
		ann.seat.Leave()
	})
}
