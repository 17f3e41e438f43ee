package fuzz_test

import (
	"bufio"
	"bytes"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/handshake"
)

// FuzzRequestHead: what is accepted as the head of a request net/http accepts, with
// the same meaning and the same end, so that nothing can be smuggled past one of the
// two. However it is cut, and whoever reads it, the handshake is judged the same.
func FuzzRequestHead(f *testing.F) {
	heads := seeds.Requests()
	seeds.Need(f, heads, 100)
	for i, h := range heads {
		f.Add(h.Data, someCuts[i%len(someCuts)])
	}
	f.Add([]byte(nil), []byte(nil))
	f.Add([]byte("\r\n\r\n"), []byte{2})
	f.Fuzz(func(t *testing.T, head, cuts []byte) {
		before := bytes.Clone(head)
		var whole handshake.Request
		n, refusal := handshake.ParseRequest(head, handshake.Limits{}, &whole)
		if !bytes.Equal(head, before) || n > len(head) || n > 0 && refusal != nil {
			t.Fatalf("%q: %d, %v", before, n, refusal)
		}
		if refusal != nil && (refusal.Status < 400 || refusal.Status > 505 || refusal.Section == "" || !printable(refusal.Error())) {
			t.Fatalf("%q: refused with %+v", head, refusal)
		}
		wantSameInPieces(t, head, cuts, n, refusal, &whole)
		wantSameInPieces(t, head, bytes.Repeat([]byte{1}, min(len(head), 4<<10)), n, refusal, &whole)
		if n > 0 {
			wantSameByNetHTTP(t, head, n, &whole)
		}
	})
}

func printable(s string) bool {
	return !bytes.ContainsFunc([]byte(s), func(c rune) bool { return c < ' ' || c > '~' && c != '§' })
}

// wantSameInPieces has a head come in pieces: the outcome is that of the whole. A
// refusal may come earlier, and then be about less.
func wantSameInPieces(t *testing.T, head, cuts []byte, n int, refusal *handshake.Refusal, whole *handshake.Request) {
	t.Helper()
	for _, rulesOnly := range []bool{false, true} {
		p := handshake.RequestParser{RulesOnly: rulesOnly}
		var r handshake.Request
		seen, m := 0, 0
		var refused *handshake.Refusal
		for piece := range cut(head, cuts) {
			seen += len(piece)
			// The bytes move, as they do when a buffer grows.
			if m, refused = p.Parse(bytes.Clone(head[:seen]), &r); m > 0 || refused != nil {
				break
			}
		}
		switch {
		case m != n || (refused == nil) != (refusal == nil):
			t.Fatalf("%q: %d, %v; in pieces, after %d bytes, %d, %v", head, n, refusal, seen, m, refused)
		case refused != nil && refused.Status != refusal.Status:
			t.Fatalf("%q: %v; in pieces, after %d bytes, %v", head, refusal, seen, refused)
		case n == 0:
		case rulesOnly && len(r.Header) > 0, !rulesOnly && !slices.Equal(r.Header, whole.Header):
			t.Fatalf("%q: header %q, in pieces %q", head, whole.Header, r.Header)
		default:
			wantSameRules(t, head, whole, &r)
		}
	}
}

// lists are the header lines that the rules look at.
func lists(r *handshake.Request) [][]string {
	return [][]string{
		r.Upgrade, r.Connection, r.Key, r.Version, r.Protocol, r.Extensions,
		r.Origin, r.SecFetchSite, r.ContentLength, r.TransferEncoding,
	}
}

var policies = []handshake.Policy{
	{},
	{Subprotocols: []string{"sip", "chat"}, AnyOrigin: true, Deflate: &handshake.Deflate{}},
	{OriginPatterns: []string{"*.example.com", "https://a:*"}, Deflate: &handshake.Deflate{Client: handshake.DeflateSide{MaxWindowBits: 9}}},
}

// wantSameRules holds two readings of a head against each other, and what becomes of
// them.
func wantSameRules(t *testing.T, head []byte, a, b *handshake.Request) {
	t.Helper()
	if a.Method != b.Method || a.Target != b.Target || a.Host != b.Host || a.ProtoMajor != b.ProtoMajor || a.ProtoMinor != b.ProtoMinor ||
		!slices.EqualFunc(lists(a), lists(b), slices.Equal[[]string]) {
		t.Fatalf("%q: %+v and %+v", head, a, b)
	}
	for i := range policies {
		one, refusal := policies[i].Accept(a)
		var into handshake.Acceptance
		other := policies[i].AcceptInto(&into, b)
		if !reflect.DeepEqual(refusal, other) || refusal == nil && one != into {
			t.Fatalf("%q: %+v, %v and %+v, %v", head, one, refusal, into, other)
		}
	}
}

// wantSameByNetHTTP has net/http read the head.
func wantSameByNetHTTP(t *testing.T, head []byte, n int, r *handshake.Request) {
	t.Helper()
	br := bufio.NewReaderSize(bytes.NewReader(head), len(head)+16)
	theirs, err := http.ReadRequest(br)
	if err != nil {
		t.Fatalf("%q: accepted, but net/http says %v", head, err)
	}
	if end := len(head) - br.Buffered(); end != n {
		t.Fatalf("%q: ends after %d bytes, by net/http after %d", head, n, end)
	}
	if theirs.ContentLength != 0 || len(theirs.TransferEncoding) != 0 || theirs.Close && !closes(r) {
		t.Fatalf("%q: net/http sees a body of %d, %q, close %v", head, theirs.ContentLength, theirs.TransferEncoding, theirs.Close)
	}
	ours := http.Header{}
	for _, f := range r.Header {
		ours.Add(f.Name, f.Value)
	}
	ours.Del("Host")
	if _, ok := ours["Cache-Control"]; !ok && ours.Get("Pragma") == "no-cache" {
		ours.Set("Cache-Control", "no-cache") // net/http makes one of Pragma
	}
	if len(ours) != len(theirs.Header) {
		t.Fatalf("%q: %q, by net/http %q", head, ours, theirs.Header)
	}
	for name, lines := range ours {
		if !slices.Equal(theirs.Header[name], lines) {
			t.Fatalf("%q: %s is %q, by net/http %q", head, name, lines, theirs.Header[name])
		}
	}
	collected := handshake.Request{
		Method: theirs.Method, Target: theirs.RequestURI, Host: theirs.Host,
		ProtoMajor: theirs.ProtoMajor, ProtoMinor: theirs.ProtoMinor,
	}
	collected.Collect(theirs.Header)
	collected.TransferEncoding = append(collected.TransferEncoding, theirs.TransferEncoding...)
	wantSameRules(t, head, r, &collected)
}

// closes reports whether Connection says so.
func closes(r *handshake.Request) bool {
	elements, _ := split(r.Connection)
	return slices.ContainsFunc(elements, func(e string) bool { return asciiFold(e) == "close" })
}
