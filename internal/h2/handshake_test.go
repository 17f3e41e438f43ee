package h2

import (
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// A Head has what the rules of package handshake look at.
func asRequest(h *Head) *handshake.Request {
	r := &handshake.Request{
		Method: h.Method, Target: h.Path, Host: h.Authority, ProtoMajor: 2, Scheme: h.Scheme, EndStream: h.EndStream,
		Key: h.Values("sec-websocket-key"), Version: h.Values("sec-websocket-version"), Protocol: h.Values("sec-websocket-protocol"),
		Extensions: h.Values("sec-websocket-extensions"), Origin: h.Values("origin"), SecFetchSite: h.Values("sec-fetch-site"),
		ContentLength: h.Values("content-length"), HostField: h.Values("host"),
	}
	if h.Protocol != "" {
		r.Connect = []string{h.Protocol}
	}
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
