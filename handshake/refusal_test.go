package handshake

import (
	"strings"
	"testing"
)

func TestRefusalIsAnError(t *testing.T) {
	var err error = &Refusal{Status: 400, Section: "§4.2.1", Reason: "Host is missing"}
	if err.Error() != "Host is missing (§4.2.1)" {
		t.Error(err)
	}
	if err := (&Refusal{Reason: "busy"}); err.Error() != "busy" {
		t.Error(err)
	}
}

// https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22
//
//	The server MUST send an Upgrade header field in a 426 response to indicate
//	the required protocol(s).
//
// https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6
//
//	The origin server MUST generate an Allow header field in a 405 response.
func TestRefusalFields(t *testing.T) {
	for _, row := range []struct {
		refusal Refusal
		want    string
	}{
		{Refusal{Status: 400}, ""},
		{Refusal{Status: 403}, ""},
		{Refusal{Status: 405}, "Allow: GET\r\n"},
		{Refusal{Status: 426}, "Upgrade: websocket\r\nConnection: Upgrade\r\n"},
		{Refusal{Status: 426, Version: true}, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"},
		{Refusal{Status: 400, Version: true}, "Sec-WebSocket-Version: 13\r\n"},
		{Refusal{Status: 401, Header: map[string][]string{"WWW-Authenticate": {"Basic", "Bearer"}, "A": {"b"}}}, "A: b\r\nWWW-Authenticate: Basic\r\nWWW-Authenticate: Bearer\r\n"},
		{Refusal{Status: 503, Header: map[string][]string{
			"a": {"b\r\nc: d"}, "e\r\nf": {"g"}, "": {"h"}, "i j": {"k"}, "l": {"\x00"}, // could not be sent
			"content-length": {"9"}, "Transfer-Encoding": {"chunked"}, "Connection": {"keep-alive"}, // ours
			"content-type": {"text/html"}, "Content-Encoding": {"gzip"}, "X-Content-Type-Options": {"x"}, // of the body, which is ours
			"Retry-After": {"7"},
		}}, "Retry-After: 7\r\n"},
	} {
		var got []byte
		for _, f := range row.refusal.Fields() {
			got = appendField(got, f)
		}
		if string(got) != row.want {
			t.Errorf("%+v: %q", row.refusal, got)
		}
	}
}

// What a peer sent comes back as printable ASCII, and not all of it.
func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"a":                       `"a"`,
		"\r\n\x00\x1b[31m":        `"\r\n\x00\x1b[31m"`,
		"ä\u202e\xff":             `"\u00e4\u202e\xff"`,
		`"`:                       `"\""`,
		strings.Repeat("a", 100):  `"` + strings.Repeat("a", 100) + `"`,
		strings.Repeat("a", 9999): `"` + strings.Repeat("a", 100) + `"...`,
	} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s", in, got)
		}
	}
	for want, in := range map[string][]string{
		"missing": nil, `"a"`: {"a"}, `"a" and 2 more`: {"a", "b", "c"},
	} {
		if got := quoteLines(in); got != want {
			t.Errorf("quoteLines(%q) = %s", in, got)
		}
	}
}

// A refusal outlives the buffer that the request was read into.
func TestRefusalDoesNotHoldTheRequest(t *testing.T) {
	head := []byte("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: mqtt\r\n\r\n")
	var r Request
	if _, refusal := ParseRequest(head, Limits{}, &r); refusal != nil {
		t.Fatal(refusal)
	}
	_, refusal := (&Policy{}).Accept(&r)
	clear(head)
	if refusal == nil || refusal.Reason != `Upgrade is "mqtt", not websocket` {
		t.Errorf("%v", refusal)
	}
}
