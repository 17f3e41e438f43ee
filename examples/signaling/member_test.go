package main

import (
	"testing"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// Two members, of whom each may speak either language.
func TestSignals(t *testing.T) {
	h := newHost(t, nil)
	for _, languages := range [][2]*wire.Codec{{wire.JSON, wire.JSON}, {wire.JSON, wire.CBOR}, {wire.CBOR, wire.JSON}, {wire.CBOR, wire.CBOR}} {
		t.Run(languages[0].Subprotocol+" "+languages[1].Subprotocol, func(t *testing.T) {
			ann, bob := newGuest(t, languages[0]), newGuest(t, languages[1])
			bob.session = 9
			w := ann.join(h, "harbour")
			if w["id"] != ann.id || w["room"] != "harbour" || w["grace"] != 20000.0 || w["capacity"] != 8.0 || len(w["peers"].([]any)) != 0 {
				t.Errorf("welcome %v", w)
			}
			w = bob.join(h, "harbour")
			if peers := w["peers"].([]any); len(peers) != 1 || peers[0].(map[string]any)["id"] != ann.id {
				t.Errorf("welcome %v", w)
			}
			ann.hear("peer", fields{"id": bob.id, "name": "guest", "session": 9, "state": "present"})

			data := fields{"description": fields{"type": "offer", "sdp": "v=0\r\né<>"}, "list": []any{-1, true, nil, "x"}}
			ann.say(fields{"type": "signal", "to": bob.id, "seq": 1, "data": data, "session": 9})
			bob.hear("signal", fields{"from": ann.id, "session": 7, "seq": 1, "data": data, "ack": nil})
			bob.say(fields{"type": "signal", "to": ann.id, "ack": 1})
			ann.hear("signal", fields{"from": bob.id, "session": 9, "ack": 1, "seq": nil})
			bob.say(fields{"type": "signal", "to": ann.id, "seq": 1, "data": fields{"candidate": nil}})
			ann.hear("signal", fields{"seq": 1, "data": fields{"candidate": nil}})

			// What is meant for another session is dropped, what is for nobody comes back.
			ann.say(fields{"type": "signal", "to": bob.id, "seq": 2, "data": 1, "session": 10})
			ann.say(fields{"type": "signal", "to": "0123456789abcdef", "seq": 1, "data": nil})
			ann.hear("gone", fields{"to": "0123456789abcdef", "seq": 1})
			ann.say(fields{"type": "signal", "to": bob.id, "seq": 3, "data": nil})
			bob.hear("signal", fields{"seq": 3})

			ann.say(fields{"type": "leave"})
			ann.wantClosed(1000, "")
			bob.hear("peer", fields{"id": ann.id, "state": "left", "reason": "left"})
			bob.say(fields{"type": "leave"})
			bob.wantClosed(1000, "")
		})
	}
}
