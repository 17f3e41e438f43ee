package handshake

import (
	"net/http"
	"reflect"
	"slices"
	"testing"
)

// Collect from net/http's header and the parser of this package give the same.
func TestCollect(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nHost: a\r\n" +
		"Upgrade: u1\r\nConnection: c1\r\nConnection: c2\r\n" +
		"Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: v1\r\nsec-websocket-version: v2\r\n" +
		"Sec-WebSocket-Protocol: p\r\nSec-WebSocket-Extensions: e1\r\nSEC-WEBSOCKET-EXTENSIONS: e2\r\n" +
		"Origin: o\r\nSec-Fetch-Site: s\r\nContent-Length: 0\r\nX: y\r\n\r\n"
	var parsed Request
	if n, refusal := ParseRequest([]byte(head), Limits{}, &parsed); n != len(head) || refusal != nil {
		t.Fatal(n, refusal)
	}
	h := http.Header{}
	for _, f := range parsed.Header {
		h.Add(f.Name, f.Value)
	}
	var collected Request
	collected.Collect(h)
	for i, got := range collected.all() {
		if want := parsed.all()[i]; !slices.Equal(got, want) {
			t.Errorf("list %d: %q, parsed %q", i, got, want)
		}
	}
	if !slices.Equal(collected.Version, []string{"v1", "v2"}) || !slices.Equal(collected.ContentLength, []string{"0"}) {
		t.Errorf("%+v", collected)
	}
	h.Set("Transfer-Encoding", "chunked")
	collected.Collect(h)
	if !slices.Equal(collected.TransferEncoding, []string{"chunked"}) {
		t.Errorf("Transfer-Encoding %q", collected.TransferEncoding)
	}

	// It takes the place of what was there, and writes into nobody's header.
	collected.Collect(http.Header{"Connection": {"x"}})
	if !slices.Equal(collected.Connection, []string{"x"}) || len(collected.Key) != 0 {
		t.Errorf("second Collect: %+v", collected)
	}
	if !slices.Equal(h["Connection"], []string{"c1", "c2"}) {
		t.Errorf("the header became %q", h["Connection"])
	}
}

func (r *Request) all() [][]string {
	return [][]string{
		r.Upgrade, r.Connection, r.Key, r.Version, r.Protocol, r.Extensions,
		r.Origin, r.SecFetchSite, r.ContentLength, r.TransferEncoding,
	}
}

func TestRequestValues(t *testing.T) {
	r := &Request{Header: []Field{{Name: "Cookie", Value: "a=b"}, {Name: "X", Value: "1"}, {Name: "cookie", Value: "c=d"}}}
	for name, want := range map[string][]string{"COOKIE": {"a=b", "c=d"}, "X": {"1"}, "Y": nil} {
		if got := r.Values(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestReset(t *testing.T) {
	var r Request
	head := []byte("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: u\r\nConnection: c\r\nSec-WebSocket-Key: k\r\n" +
		"Sec-WebSocket-Version: v\r\nSec-WebSocket-Protocol: p\r\nSec-WebSocket-Extensions: e\r\n" +
		"Origin: o\r\nSec-Fetch-Site: s\r\nContent-Length: 0\r\n\r\n")
	if _, refusal := ParseRequest(head, Limits{}, &r); refusal != nil {
		t.Fatal(refusal)
	}
	r.TLS = true
	r.TransferEncoding = append(r.TransferEncoding, "chunked")
	if r.offers.parse([]string{"a;b"}) != nil {
		t.Fatal("offers")
	}
	kept, connection := r.Header, r.Connection
	r.Reset()
	if cap(r.Header) == 0 || cap(r.Connection) == 0 || cap(r.offers.params) == 0 {
		t.Error("the room is gone")
	}
	if kept[0] != (Field{}) || connection[0] != "" {
		t.Error("holds on to strings of the request before")
	}
	// Every field is as in the zero value, also one that is added later.
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		f := v.Field(i)
		if zero := f.IsZero() || f.Kind() == reflect.Slice && f.Len() == 0; !zero && v.Type().Field(i).Name != "offers" {
			t.Errorf("%s is %v", v.Type().Field(i).Name, f)
		}
	}
	if len(r.offers.extensions) != 0 || len(r.offers.params) != 0 {
		t.Errorf("offers %v", r.offers)
	}
}

func TestCollectDoesNotAllocate(t *testing.T) {
	h := http.Header{"Connection": {"a"}, "Sec-Websocket-Key": {"b"}, "Sec-Fetch-Site": {"c"}}
	var r Request
	if n := testing.AllocsPerRun(100, func() { r.Reset(); r.Collect(h) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A request with very many lines of a field does not leave their room behind: a server
// keeps a Request for ever.
func TestResetKeepsLittle(t *testing.T) {
	var r Request
	r.Collect(http.Header{"Sec-Websocket-Protocol": make([]string, 40_000), "Upgrade": {"websocket"}})
	r.Reset()
	if n := cap(r.Protocol); n > keptLines || cap(r.Upgrade) == 0 {
		t.Errorf("room for %d and %d lines is kept", n, cap(r.Upgrade))
	}
}
