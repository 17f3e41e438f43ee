package h2

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func fieldsOf(lines ...string) (list []Field) {
	for _, line := range lines {
		at := strings.Index(line[1:], ":") + 1
		list = append(list, Field{line[:at], strings.TrimPrefix(line[at+1:], " ")})
	}
	return list
}

// RFC 9113 §8.2 and §8.3: what makes a message malformed.
func TestHeadMalformed(t *testing.T) {
	with := func(lines ...string) []Field { return fieldsOf(slices.Concat(connectFields, lines)...) }
	long := strings.Repeat("x", 200)
	for _, test := range []struct {
		why     string
		list    []Field
		kind    headKind
		section string // empty: it is right
	}{
		{"extended CONNECT", with("origin: https://a.example", "sec-websocket-version: 13"), request, ""},
		{"a plain GET", fieldsOf(":method: GET", ":scheme: https", ":path: /"), request, ""},
		{"an empty authority", fieldsOf(":method: GET", ":scheme: https", ":path: /", ":authority:"), request, ""},
		{"plain CONNECT", fieldsOf(":method: CONNECT", ":authority: a.example:443"), request, ""},
		{"an empty value", with("x:"), request, ""},
		{"te: trailers", with("te: trailers"), request, ""},
		{"a response", fieldsOf(":status: 200", "x: y"), response, ""},
		{"a response of 599", fieldsOf(":status: 599"), response, ""},

		// "A field name MUST NOT contain characters in the ranges 0x00-0x20, 0x41-0x5a, or 0x7f-0xff",
		// and "A request or response that contains a field that violates any of these conditions MUST
		// be treated as malformed". https://www.rfc-editor.org/rfc/rfc9113#section-8.2.1
		{"upper case", with("Origin: x"), request, "8.2.1"},
		{"a space in a name", with("a b: x"), request, "8.2.1"},
		{"an empty name", []Field{{":method", "GET"}, {"", "x"}}, request, "8.2.1"},
		{"DEL in a name", with("a\x7f: x"), request, "8.2.1"},
		{"a name beyond ASCII", with("é: x"), request, "8.2.1"},
		{"a colon in a name", []Field{{"a:b", "x"}}, request, "8.2.1"},
		{"a parenthesis in a name", with("a(: x"), request, "8.2.1"},
		{"a long bad name", with(long + " : x"), request, "8.2.1"},
		{"NUL in a value", with("x: a\x00b"), request, "8.2.1"},
		{"CR in a value", with("x: a\rb"), request, "8.2.1"},
		{"LF in a value", with("x: a\nb"), request, "8.2.1"},
		{"a space before a value", with("x:  a"), request, "8.2.1"},
		{"a tab behind a value", with("x: a\t"), request, "8.2.1"},
		{"LF in a pseudo-field", fieldsOf(":method: GET", ":scheme: https", ":path: /\n"), request, "8.2.1"},

		// "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields."
		// https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
		{"connection", with("connection: upgrade"), request, "8.2.2"},
		{"upgrade", with("upgrade: websocket"), request, "8.2.2"},
		{"keep-alive", with("keep-alive: 5"), request, "8.2.2"},
		{"proxy-connection", with("proxy-connection: close"), request, "8.2.2"},
		{"transfer-encoding", with("transfer-encoding: chunked"), request, "8.2.2"},
		{"te: gzip", with("te: gzip"), request, "8.2.2"},
		{"connection in a response", fieldsOf(":status: 200", "connection: close"), response, "8.2.2"},

		// "All pseudo-header fields MUST appear in a field block before all regular field lines."
		// https://www.rfc-editor.org/rfc/rfc9113#section-8.3
		{"a pseudo-field behind fields", append(with("x: y"), Field{":method", "GET"}), request, "8.3"},
		{"one twice", with(":path: /other"), request, "8.3"},
		{":protocol twice", with(":protocol: websocket"), request, "8.3"},
		{":status twice", fieldsOf(":status: 200", ":status: 200"), response, "8.3"},
		{"one that nobody knows", with(":version: 2"), request, "8.3"},
		{"a response's in a request", with(":status: 200"), request, "8.3"},
		{"a request's in a response", fieldsOf(":status: 200", ":path: /"), response, "8.3"},

		{"no method", fieldsOf(":scheme: https", ":path: /"), request, "8.3.1"},
		{"a bad method", fieldsOf(":method: GE T", ":scheme: https", ":path: /"), request, "8.3.1"},
		{"no scheme", fieldsOf(":method: GET", ":path: /"), request, "8.3.1"},
		{"no path", fieldsOf(":method: GET", ":scheme: https"), request, "8.3.1"},
		{"an empty path", fieldsOf(":method: GET", ":scheme: https", ":path:"), request, "8.3.1"},
		{"an empty protocol", fieldsOf(":method: CONNECT", ":scheme: https", ":path: /", ":authority: a", ":protocol:"), request, "8.3.1"},
		// "On requests that contain the :protocol pseudo-header field, the :scheme and :path pseudo-header
		// fields of the target URI ... MUST also be included." https://www.rfc-editor.org/rfc/rfc8441#section-4
		{"extended CONNECT without :path", fieldsOf(":method: CONNECT", ":scheme: https", ":authority: a", ":protocol: websocket"), request, "8.3.1"},
		{"nothing", nil, request, "8.3.1"},
		{"CONNECT with a path", fieldsOf(":method: CONNECT", ":authority: a", ":path: /"), request, "8.5"},
		{"CONNECT with a scheme", fieldsOf(":method: CONNECT", ":authority: a", ":scheme: https"), request, "8.5"},
		{"CONNECT to nowhere", fieldsOf(":method: CONNECT"), request, "8.5"},

		{"no status", fieldsOf("x: y"), response, "8.3.2"},
		{"a status of two digits", fieldsOf(":status: 99"), response, "8.3.2"},
		{"a status of four digits", fieldsOf(":status: 2000"), response, "8.3.2"},
		{"a status with a letter", fieldsOf(":status: 2x0"), response, "8.3.2"},
		{"a status of 099", fieldsOf(":status: 099"), response, "8.3.2"},
		// "HTTP/2 does not support the 101 (Switching Protocols) informational status code"
		// https://www.rfc-editor.org/rfc/rfc9113#section-8.6
		{"101", fieldsOf(":status: 101"), response, "8.6"},
	} {
		h, v := parseHead(test.list, test.kind)
		switch {
		case test.section == "" && v != nil:
			t.Errorf("%s: %v", test.why, v)
		case test.section != "" && (v == nil || v.Section != test.section || v.Code != ProtocolError || len(v.Error()) > 200):
			t.Errorf("%s: %+v, %v; want §%s", test.why, h, v, test.section)
		}
	}
}

// A head comes back as it was sent.
func TestHeadFlattened(t *testing.T) {
	h := requestHead()
	h.Fields = []Field{{"Origin", "https://a.example"}, {"cookie", "a=1"}, {"x", ""}, {"cookie", "b=2"}, {"x", "y"}}
	got, v := parseHead(h.flatten(), request)
	if v != nil {
		t.Fatal(v)
	}
	want := *h
	want.Fields = []Field{{"origin", "https://a.example"}, {"cookie", "a=1; b=2"}, {"x", ""}, {"x", "y"}}
	if fmt.Sprint(*got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", *got, want)
	}
	if x := got.Values("x"); !slices.Equal(x, []string{"", "y"}) || got.Values("y") != nil {
		t.Errorf("x is %q", x)
	}
	if got, v := parseHead((&Head{Status: 404}).flatten(), response); v != nil || got.Status != 404 {
		t.Errorf("%+v, %v", got, v)
	}
	for _, status := range []int{7, 99, 1000, -1} {
		if _, v := parseHead((&Head{Status: status}).flatten(), response); v == nil {
			t.Errorf("a status of %d is sent", status)
		}
	}
}

// A few hundred lines of Cookie come in as many bytes, once they are in the table of HPACK. They cost
// memory for what they stand for, and no multiple of it.
func TestManyCookies(t *testing.T) {
	const lines, runs = 200, 50
	list := append(fieldsOf(connectFields...), slices.Repeat([]Field{{"cookie", strings.Repeat("c", 40)}}, lines)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		head, v := parseHead(list, request)
		if v != nil || len(head.Values("cookie")[0]) != lines*42-2 {
			t.Fatalf("%+v, %v", head, v)
		}
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 4*lines*42 {
		t.Errorf("%d bytes for %d", n, lines*42)
	}
}
