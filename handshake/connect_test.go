package handshake

import (
	"net/http"
	"slices"
	"testing"
)

// connectRequest is the one of RFC 8441 §5.1.
func connectRequest() *Request {
	return &Request{
		Method: "CONNECT", Target: "/chat", Host: "server.example.com", ProtoMajor: 2,
		Connect:    []string{"websocket"},
		Scheme:     "https",
		Origin:     []string{"http://www.example.com"},
		Protocol:   []string{"chat, superchat"},
		Extensions: []string{"permessage-deflate"},
		Version:    []string{"13"},
	}
}

// https://www.rfc-editor.org/rfc/rfc8441#section-5.1
func TestConnectSample(t *testing.T) {
	p := Policy{Subprotocols: []string{"chat"}, OriginPatterns: []string{"www.example.com"}, Deflate: &Deflate{}}
	for _, major := range []int{2, 3} {
		r := connectRequest()
		r.ProtoMajor = major
		a, refusal := p.Accept(r)
		if refusal != nil || a.Key != "" || a.Subprotocol != "chat" || !a.Deflated {
			t.Errorf("HTTP/%d: %+v, %v", major, a, refusal)
		}
		want := []Field{
			{"Sec-WebSocket-Protocol", "chat"}, {"Sec-WebSocket-Extensions", "permessage-deflate"}, {"Set-Cookie", "a=b"},
		}
		extra := []Field{{"Set-Cookie", "a=b"}, {"Upgrade", "x"}, {"sec-websocket-accept", "x"}, {"a b", "x"}, {"X", "a\r\nb"}}
		if got := a.Fields(extra); !slices.Equal(got, want) {
			t.Errorf("HTTP/%d: answered by %v, want %v", major, got, want)
		}
	}
}

func TestConnectRules(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*Request)
		status int // 0: accepted
	}{
		{"as it is", func(*Request) {}, 0},
		// RFC 8441 §4: A new pseudo-header field :protocol MAY be included on request HEADERS
		// indicating the desired protocol to be spoken on the tunnel created by CONNECT.
		{"GET with :protocol", func(r *Request) { r.Method = "GET" }, 400},
		{"GET without", func(r *Request) { r.Method, r.Connect = "GET", nil }, 505},
		{"CONNECT without", func(r *Request) { r.Connect = nil }, 501},
		{":protocol twice", func(r *Request) { r.Connect = []string{"websocket", "websocket"} }, 400},
		// RFC 8441 §5: The :protocol pseudo-header field MUST be included in the CONNECT request,
		// and it MUST have a value of "websocket" to initiate a WebSocket connection.
		// RFC 9220 §3: If a server advertises support for Extended CONNECT but receives an
		// Extended CONNECT request with a ":protocol" value that is unknown or is not supported,
		// the server SHOULD respond to the request with a 501 (Not Implemented) status code.
		{"connect-udp", func(r *Request) { r.Connect = []string{"connect-udp"} }, 501},
		{"WebSocket in another case", func(r *Request) { r.Connect = []string{"WebSocket"} }, 501},
		{":protocol empty", func(r *Request) { r.Connect = []string{""} }, 501},
		// RFC 8441 §5: the scheme of the Target URI [...] MUST be "https" for "wss"-schemed
		// WebSockets and "http" for "ws"-schemed WebSockets.
		{"http", func(r *Request) { r.Scheme = "http" }, 0},
		{"HTTPS", func(r *Request) { r.Scheme = "HTTPS" }, 0},
		{"unknown :scheme", func(r *Request) { r.Scheme = "" }, 0},
		{"wss", func(r *Request) { r.Scheme = "wss" }, 400},
		// RFC 8441 §4: On requests that contain the :protocol pseudo-header field, the :scheme
		// and :path pseudo-header fields of the target URI MUST also be included.
		{"no :path", func(r *Request) { r.Target = "" }, 400},
		{"asterisk", func(r *Request) { r.Target = "*" }, 400},
		{"absolute", func(r *Request) { r.Target = "https://server.example.com/chat" }, 400},
		{"root", func(r *Request) { r.Target = "/" }, 0},
		{"query", func(r *Request) { r.Target = "/chat?next=/../x" }, 0},
		// RFC 9113 §8.3.1: The ":path" pseudo-header field includes the path and query parts of
		// the target URI.
		{"a space", func(r *Request) { r.Target = "/chat HTTP/1.1" }, 400},
		{"a fragment", func(r *Request) { r.Target = "/chat#top" }, 400},
		{"half of an encoding", func(r *Request) { r.Target = "/chat%2" }, 400},
		{"a byte above ASCII", func(r *Request) { r.Target = "/caf\xe9" }, 400},
		{"dots in a name", func(r *Request) { r.Target = "/.well-known/..." }, 0},
		{"dot-dot", func(r *Request) { r.Target = "/chat/../admin" }, 400},
		{"dot-dot at the end", func(r *Request) { r.Target = "/chat/.." }, 400},
		{"dot", func(r *Request) { r.Target = "/./chat" }, 400},
		{"dots encoded", func(r *Request) { r.Target = "/chat/%2e%2E/admin" }, 400},
		{"dots encoded by half", func(r *Request) { r.Target = "/chat/.%2e?a" }, 400},
		// RFC 8441 §4: the :authority pseudo-header field [...] is interpreted according to
		// Section 8.1.2.3 of RFC 7540 instead of Section 8.3.
		{"no :authority", func(r *Request) { r.Host = "" }, 400},
		{":authority with userinfo", func(r *Request) { r.Host = "a@b" }, 400},
		// RFC 9113 §8.3.1: A server SHOULD treat a request as malformed if it contains a Host
		// header field that identifies an entity that differs from the entity in the
		// ":authority" pseudo-header field.
		{"Host as well", func(r *Request) { r.HostField = []string{"SERVER.example.com"} }, 0},
		{"Host differs", func(r *Request) { r.HostField = []string{"other.example.com"} }, 400},
		{"Host with a port", func(r *Request) { r.HostField = []string{"server.example.com:81"} }, 400},
		{"Host twice", func(r *Request) { r.HostField = []string{"server.example.com", "server.example.com"} }, 400},
		{"Host malformed", func(r *Request) { r.HostField = []string{"a b"} }, 400},
		// RFC 9113 §8.2.2: An endpoint MUST NOT generate an HTTP/2 message containing
		// connection-specific header fields.
		{"Upgrade", func(r *Request) { r.Upgrade = []string{"websocket"} }, 400},
		{"Connection", func(r *Request) { r.Connection = []string{"Upgrade"} }, 400},
		{"Transfer-Encoding", func(r *Request) { r.TransferEncoding = []string{"chunked"} }, 400},
		// RFC 9110 §9.3.6: A CONNECT request message does not have content.
		{"Content-Length", func(r *Request) { r.ContentLength = []string{"5"} }, 400},
		{"Content-Length 0", func(r *Request) { r.ContentLength = []string{"0"} }, 400},
		{"the end of the stream", func(r *Request) { r.EndStream = true }, 400},
		// RFC 8441 §5: [...] the Sec-WebSocket-Version, Sec-WebSocket-Protocol, and
		// Sec-WebSocket-Extensions header fields [...] are used [...] in the same way. [...]
		// The Sec-WebSocket-Key and Sec-WebSocket-Accept header fields [are not used].
		{"no version", func(r *Request) { r.Version = nil }, 400},
		{"version 8", func(r *Request) { r.Version = []string{"8"} }, 400},
		{"version twice", func(r *Request) { r.Version = []string{"13", "13"} }, 400},
		{"a key", func(r *Request) { r.Key = []string{"dGhlIHNhbXBsZSBub25jZQ=="} }, 0},
		{"a bad key twice", func(r *Request) { r.Key = []string{"x", "y"} }, 0},
		{"subprotocols malformed", func(r *Request) { r.Protocol = []string{"a b"} }, 400},
		{"extensions malformed", func(r *Request) { r.Extensions = []string{"a b"} }, 400},
		{"another origin", func(r *Request) { r.Origin = []string{"http://evil.example.com"} }, 403},
		{"no origin", func(r *Request) { r.Origin = nil }, 0},
	} {
		for _, major := range []int{2, 3} {
			r := connectRequest()
			r.ProtoMajor = major
			row.change(r)
			_, refusal := (&Policy{OriginPatterns: []string{"www.example.com"}}).Accept(r)
			if got := statusOf(refusal); got != row.status {
				t.Errorf("HTTP/%d, %s: %d, want %d: %v", major, row.why, got, row.status, refusal)
			}
		}
	}
}

func statusOf(r *Refusal) int {
	if r == nil {
		return 0
	}
	return r.Status
}

// The answer to another version names the one that we speak (RFC 6455 §4.4), and nothing of
// HTTP/1.1.
func TestConnectVersionRefused(t *testing.T) {
	r := connectRequest()
	r.Version = []string{"8"}
	_, refusal := (&Policy{AnyOrigin: true}).Accept(r)
	if want := []Field{{"Sec-WebSocket-Version", "13"}}; refusal == nil || !slices.Equal(refusal.Fields(), want) {
		t.Errorf("%v with %v, want %v", refusal, refusal.Fields(), want)
	}
}

// net/http keeps :protocol, and Host beside :authority, among the fields of HTTP/2.
func TestCollectConnect(t *testing.T) {
	r := new(Request)
	r.Collect(http.Header{":protocol": {"websocket"}, "Host": {"a"}}) // as net/http spells them
	if !slices.Equal(r.HostField, []string{"a"}) || !slices.Equal(r.Connect, []string{"websocket"}) {
		t.Errorf(":protocol %q, Host %q", r.Connect, r.HostField)
	}
	r.EndStream, r.Scheme = true, "https"
	r.Reset()
	if len(r.Connect) > 0 || len(r.HostField) > 0 || r.EndStream || r.Scheme != "" {
		t.Errorf("after Reset: %+v", r)
	}
}

func TestCheckConnect(t *testing.T) {
	for _, row := range []struct {
		why    string
		status int
		header http.Header
		fails  bool
	}{
		// RFC 8441 §5: A 2xx response [...] indicates the opening of the tunnel.
		{"200", 200, nil, false},
		{"204", 204, nil, false},
		{"299", 299, nil, false},
		{"199", 199, nil, true},
		{"300", 300, nil, true},
		{"404", 404, nil, true},
		// RFC 9113 §8.6: HTTP/2 removes support for the 101 informational status code.
		{"101", 101, nil, true},
		// RFC 9113 §8.2.2.
		{"Upgrade", 200, http.Header{"Upgrade": {"websocket"}}, true},
		{"Connection", 200, http.Header{"Connection": {"upgrade"}}, true},
		// RFC 8441 §5: Sec-WebSocket-Accept is not used.
		{"Accept", 200, http.Header{"Sec-Websocket-Accept": {"wrong"}}, false},
		{"subprotocol", 200, http.Header{"Sec-Websocket-Protocol": {"superchat"}}, false},
		{"another subprotocol", 200, http.Header{"Sec-Websocket-Protocol": {"x"}}, true},
		{"extension", 200, http.Header{"Sec-Websocket-Extensions": {"permessage-deflate"}}, false},
		{"another extension", 200, http.Header{"Sec-Websocket-Extensions": {"x"}}, true},
	} {
		a, wrong := sampleOffer().CheckConnect(row.status, row.header)
		if (wrong != nil) != row.fails {
			t.Errorf("%s: %+v, %v", row.why, a, wrong)
		}
		if wrong != nil && wrong.Status != row.status {
			t.Errorf("%s: status %d", row.why, wrong.Status)
		}
		if a.Deflated != (wrong == nil && row.header["Sec-Websocket-Extensions"] != nil) {
			t.Errorf("%s: %+v", row.why, a)
		}
		if want := row.header.Get("Sec-Websocket-Protocol"); wrong == nil && a.Subprotocol != want {
			t.Errorf("%s: subprotocol %q, want %q", row.why, a.Subprotocol, want)
		}
	}
}
