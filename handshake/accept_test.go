package handshake

import (
	"slices"
	"strings"
	"testing"
)

// sampleRequest is the one of RFC 6455 §1.2.
func sampleRequest() *Request {
	return &Request{
		Method: "GET", Target: "/chat", Host: "server.example.com", ProtoMajor: 1, ProtoMinor: 1,
		Upgrade:    []string{"websocket"},
		Connection: []string{"Upgrade"},
		Key:        []string{"dGhlIHNhbXBsZSBub25jZQ=="},
		Origin:     []string{"http://example.com"},
		Protocol:   []string{"chat, superchat"},
		Version:    []string{"13"},
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-1.2
func TestAcceptSample(t *testing.T) {
	p := Policy{Subprotocols: []string{"chat"}, OriginPatterns: []string{"example.com"}}
	a, refusal := p.Accept(sampleRequest())
	if refusal != nil || a.Key != "dGhlIHNhbXBsZSBub25jZQ==" || a.Subprotocol != "chat" || a.Deflated {
		t.Errorf("%+v, %v", a, refusal)
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
//
//	If the server, while reading the handshake, finds that the client did not
//	send a handshake that matches the description below [...], including but not
//	limited to any violations of the ABNF grammar specified for the components
//	of the handshake, the server MUST stop processing the client's handshake and
//	return an HTTP response with an appropriate error code (such as 400 Bad
//	Request).
func TestAcceptRules(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*Request)
		status int // 0: accepted
	}{
		// 1. An HTTP/1.1 or higher GET request
		{"HTTP/1.0", func(r *Request) { r.ProtoMinor = 0 }, 505},
		{"HTTP/0.9", func(r *Request) { r.ProtoMajor, r.ProtoMinor = 0, 9 }, 505},
		{"HTTP/2", func(r *Request) { r.ProtoMajor, r.ProtoMinor = 2, 0 }, 505},
		{"HTTP/1.2", func(r *Request) { r.ProtoMinor = 2 }, 0},
		{"POST", func(r *Request) { r.Method = "POST" }, 405},
		{"HEAD", func(r *Request) { r.Method = "HEAD" }, 405},
		{"get in lower case", func(r *Request) { r.Method = "get" }, 405},
		{"CONNECT", func(r *Request) { r.Method = "CONNECT" }, 405},
		// 2. A |Host| header field containing the server's authority.
		{"no Host", func(r *Request) { r.Host = "" }, 400},
		{"Host with userinfo", func(r *Request) { r.Host = "a@b" }, 400},
		{"Host list", func(r *Request) { r.Host = "a, b c" }, 400},
		// A body, by which requests are smuggled.
		{"body with Content-Length", func(r *Request) { r.ContentLength = []string{"5"} }, 400},
		{"body with Content-Length of 00", func(r *Request) { r.ContentLength = []string{"00"} }, 400},
		{"body with Content-Length +0", func(r *Request) { r.ContentLength = []string{"+0"} }, 400},
		{"body with two Content-Length", func(r *Request) { r.ContentLength = []string{"0", "5"} }, 400},
		{"Content-Length 0", func(r *Request) { r.ContentLength = []string{"0"} }, 0},
		{"Content-Length 0 twice", func(r *Request) { r.ContentLength = []string{"0", "0"} }, 400},
		{"body with Transfer-Encoding", func(r *Request) { r.TransferEncoding = []string{"chunked"} }, 400},
		{"Transfer-Encoding identity", func(r *Request) { r.TransferEncoding = []string{"identity"} }, 400},
		{"Transfer-Encoding empty", func(r *Request) { r.TransferEncoding = []string{""} }, 400},
		// 3. An |Upgrade| header field containing the value "websocket"
		{"no Upgrade", func(r *Request) { r.Upgrade = nil }, 426},
		{"Upgrade in odd case", func(r *Request) { r.Upgrade = []string{"WebSocKET"} }, 0},
		{"Upgrade in a list", func(r *Request) { r.Upgrade = []string{"h2c, websocket"} }, 0},
		{"Upgrade on a second line", func(r *Request) { r.Upgrade = []string{"h2c", "websocket"} }, 0},
		{"Upgrade to something else", func(r *Request) { r.Upgrade = []string{"h2c"} }, 426},
		{"Upgrade to a version", func(r *Request) { r.Upgrade = []string{"websocket/13"} }, 426},
		{"Upgrade with a Kelvin sign", func(r *Request) { r.Upgrade = []string{"webso\u212aet"} }, 400},
		{"Upgrade malformed", func(r *Request) { r.Upgrade = []string{"websocket; q=1"} }, 400},
		{"Upgrade malformed elsewhere", func(r *Request) { r.Upgrade = []string{"websocket, a b"} }, 400},
		// 4. A |Connection| header field that includes the token "Upgrade"
		{"no Connection", func(r *Request) { r.Connection = nil }, 426},
		{"Connection list with odd case", func(r *Request) { r.Connection = []string{"KEEP-alive , uPGRADE"} }, 0},
		{"Connection list over lines", func(r *Request) { r.Connection = []string{"keep-alive", ",\tUpgrade,"} }, 0},
		{"Connection without Upgrade", func(r *Request) { r.Connection = []string{"keep-alive"} }, 426},
		{"Connection with a part of it", func(r *Request) { r.Connection = []string{"Upgraded, x-upgrade"} }, 426},
		{"Connection malformed", func(r *Request) { r.Connection = []string{"keep-alive Upgrade"} }, 400},
		// 5. A |Sec-WebSocket-Key| header field with a base64-encoded value that,
		// when decoded, is 16 bytes in length.
		{"no Key", func(r *Request) { r.Key = nil }, 400},
		{"Key empty", func(r *Request) { r.Key = []string{""} }, 400},
		{"Key too short", func(r *Request) { r.Key = []string{"Zm9v"} }, 400},
		{"Key with space around", func(r *Request) { r.Key = []string{" dGhlIHNhbXBsZSBub25jZQ==\t"} }, 0},
		{"Key with text behind", func(r *Request) { r.Key = []string{"dGhlIHNhbXBsZSBub25jZQ==, a"} }, 400},
		{"duplicate Key", func(r *Request) { r.Key = append(r.Key, r.Key...) }, 400},
		// 6. A |Sec-WebSocket-Version| header field, with a value of 13.
		{"no Version", func(r *Request) { r.Version = nil }, 426},
		{"Version empty", func(r *Request) { r.Version = []string{""} }, 426},
		{"Version 8", func(r *Request) { r.Version = []string{"8"} }, 426},
		{"Version 14", func(r *Request) { r.Version = []string{"14"} }, 426},
		{"Version 013", func(r *Request) { r.Version = []string{"013"} }, 426},
		{"Version list", func(r *Request) { r.Version = []string{"13, 8"} }, 426},
		{"Version with space around", func(r *Request) { r.Version = []string{" 13 "} }, 0},
		{"duplicate Version", func(r *Request) { r.Version = []string{"13", "13"} }, 400},
		{"Version of before there was a key", func(r *Request) { r.Version, r.Key = nil, nil }, 426},
		// 7. Optionally, an |Origin| header field.
		{"no Origin", func(r *Request) { r.Origin = nil }, 0},
		{"Origin of another site", func(r *Request) { r.Origin = []string{"http://evil.com"} }, 403},
		{"duplicate Origin", func(r *Request) { r.Origin = append(r.Origin, r.Origin...) }, 400},
		// 8. Optionally, a |Sec-WebSocket-Protocol| header field
		{"no Protocol", func(r *Request) { r.Protocol = nil }, 0},
		{"Protocol malformed", func(r *Request) { r.Protocol = []string{"a b"} }, 400},
		{"Protocol duplicate", func(r *Request) { r.Protocol = []string{"a", "a"} }, 0},
		// 9. Optionally, a |Sec-WebSocket-Extensions| header field
		{"Extensions", func(r *Request) { r.Extensions = []string{"permessage-deflate; client_max_window_bits"} }, 0},
		{"Extensions over lines", func(r *Request) { r.Extensions = []string{"a", "b; c"} }, 0},
		{"Extensions and Protocol empty", func(r *Request) { r.Extensions, r.Protocol = []string{""}, []string{" , "} }, 0},
		{"Extensions malformed", func(r *Request) { r.Extensions = []string{"a; b="} }, 400},
		{"Extensions malformed, second line", func(r *Request) { r.Extensions = []string{"a", `b; c="`} }, 400},
		{"Extensions too many", func(r *Request) { r.Extensions = []string{strings.Repeat("a,", 65)} }, 400},
	} {
		t.Run(row.why, func(t *testing.T) {
			r := sampleRequest()
			row.change(r)
			p := Policy{OriginPatterns: []string{"example.com"}}
			a, refusal := p.Accept(r)
			if row.status == 0 {
				if refusal != nil || !ValidKey(a.Key) {
					t.Fatalf("refused: %v", refusal)
				}
				return
			}
			if refusal == nil || refusal.Status != row.status {
				t.Fatalf("%v, want %d", refusal, row.status)
			}
			if a.Key != "" || a.Subprotocol != "" || a.Deflated {
				t.Errorf("an acceptance beside the refusal: %+v", a)
			}
			if refusal.Section == "" || refusal.Reason == "" || !isPrintable(refusal.Reason) {
				t.Errorf("refusal is not fit to be sent: %+v", refusal)
			}
		})
	}
}

// isPrintable reports whether s is printable ASCII.
func isPrintable(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) < 0
}

// https://www.rfc-editor.org/rfc/rfc6455#section-4.4
//
//	If the server doesn't support the requested version, it MUST respond with a
//	|Sec-WebSocket-Version| header field [...] containing all versions it is
//	willing to use.
func TestVersionRefusalNamesOurs(t *testing.T) {
	for version, want := range map[string]bool{"8": true, "": true, "13": false} {
		r := sampleRequest()
		r.Version, r.Key = []string{version}, nil
		_, refusal := (&Policy{}).Accept(r)
		if refusal == nil || refusal.Version != want {
			t.Errorf("version %q: %+v", version, refusal)
		}
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//
//	If the server supports multiple extensions, then the value MUST be derived
//	from the client's handshake, specifically by selecting one or more of the
//	values from the |Sec-WebSocket-Extensions| field.
//
// So there is an extension only when the client offers one and the server has it.
func TestAcceptExtensions(t *testing.T) {
	for _, row := range []struct {
		lines    []string
		deflated bool
	}{
		{nil, false},
		{[]string{"a;x=1", "b"}, false},
		{[]string{"a;x=1", "permessage-deflate"}, true},
		{[]string{"permessage-deflate, b", "c"}, true},
	} {
		r := sampleRequest()
		r.Extensions = row.lines
		p := Policy{AnyOrigin: true, Deflate: &Deflate{}}
		if a, refusal := p.Accept(r); refusal != nil || a.Deflated != row.deflated {
			t.Errorf("%q: %+v, %v", row.lines, a, refusal)
		}
		p.Deflate = nil
		if a, refusal := p.Accept(r); refusal != nil || a.Deflated || a.Deflate != (Deflate{}) {
			t.Errorf("%q to a server without extensions: %+v, %v", row.lines, a, refusal)
		}
	}
}

// A request is judged the same however often.
func TestAcceptLeavesTheRequest(t *testing.T) {
	r := sampleRequest()
	r.Extensions = []string{"a;b;c, d"}
	p := Policy{AnyOrigin: true, Subprotocols: []string{"superchat"}}
	for range 3 {
		if a, refusal := p.Accept(r); refusal != nil || a.Subprotocol != "superchat" {
			t.Errorf("%+v, %v", a, refusal)
		}
	}
	if !slices.Equal(r.Extensions, []string{"a;b;c, d"}) {
		t.Errorf("changed to %q", r.Extensions)
	}
}
