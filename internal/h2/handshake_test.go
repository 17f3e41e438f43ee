package h2

import (
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// asRequest is what a shell does with a request.
func asRequest(h *Head) *handshake.Request {
	r := &handshake.Request{Method: h.Method, Target: h.Path, Host: h.Authority, ProtoMajor: 2, Scheme: h.Scheme, EndStream: h.EndStream}
	r.Collect(h)
	for _, f := range h.Fields {
		r.Header = append(r.Header, handshake.Field(f))
	}
	return r
}

// This package passes on whatever is well formed, and package handshake judges it.
func TestHandshakeJudges(t *testing.T) {
	for _, test := range []struct {
		why    string
		flags  Flags
		fields []string
		status int // of the refusal; 0: none
	}{
		{"a browser", 0, append(connectFields[:5:5], "origin: https://a.example", "sec-websocket-version: 13", "sec-websocket-extensions: permessage-deflate", "cookie: a=1", "cookie: b=2"), 0},
		{"haproxy's key", 0, append(connectFields[:5:5], "sec-websocket-version: 13", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="), 0},
		{"another protocol", 0, []string{":method: CONNECT", ":scheme: https", ":authority: a.example", ":path: /chat", ":protocol: connect-udp", "sec-websocket-version: 13"}, 501},
		{":protocol on GET", 0, []string{":method: GET", ":scheme: https", ":authority: a.example", ":path: /chat", ":protocol: websocket"}, 400},
		{"plain CONNECT", 0, []string{":method: CONNECT", ":authority: a.example:443"}, 501},
		{"no version", 0, connectFields, 400},
		{"the end at once", FlagEndStream, append(connectFields[:5:5], "sec-websocket-version: 13"), 400},
		{"a length", 0, append(connectFields[:5:5], "sec-websocket-version: 13", "content-length: 0"), 400},
		{"another Host", 0, append(connectFields[:5:5], "sec-websocket-version: 13", "host: b.example"), 400},
		{"a foreign origin", 0, append(connectFields[:5:5], "sec-websocket-version: 13", "origin: https://b.example"), 403},
	} {
		r := settled(t, Server, Config{})
		ev, _, err := r.Receive(r.head(1, test.flags, test.fields...), noon)
		if err != nil || ev.Kind != Requested {
			t.Errorf("%s: %v, %v", test.why, ev.Kind, err)
			continue
		}
		_, refusal := (&handshake.Policy{}).Accept(asRequest(ev.Head))
		status := 0
		if refusal != nil {
			status = refusal.Status
		}
		if status != test.status {
			t.Errorf("%s: %v", test.why, refusal)
		}
	}
}

// So it does of responses.
func TestHandshakeJudgesResponses(t *testing.T) {
	for _, test := range []struct {
		why    string
		fields []string
		ok     bool
	}{
		{"200", []string{":status: 200"}, true},
		{"haproxy's accept", []string{":status: 200", "sec-websocket-accept: x"}, true},
		{"201", []string{":status: 201"}, true},
		{"a subprotocol", []string{":status: 200", "sec-websocket-protocol: a"}, true},
		{"one that was not offered", []string{":status: 200", "sec-websocket-protocol: b"}, false},
		{"404", []string{":status: 404"}, false},
	} {
		r := settled(t, Client, Config{})
		if _, err := r.Open(requestHead(), nil); err != nil {
			t.Fatal(err)
		}
		ev, _, err := r.Receive(r.head(1, 0, test.fields...), noon)
		if err != nil || ev.Kind != Answered {
			t.Fatalf("%s: %v, %v", test.why, ev.Kind, err)
		}
		offer := handshake.Offer{Subprotocols: []string{"a"}}
		if _, bad := offer.CheckConnect(ev.Head.Status, ev.Head); (bad == nil) != test.ok {
			t.Errorf("%s: %v", test.why, bad)
		}
	}
}
