package handshake

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wantSameMeaning parses head here and by net/http: what is accepted here is
// accepted there, and says the same. It reports whether it was accepted here.
func wantSameMeaning(t *testing.T, head []byte) bool {
	t.Helper()
	var r Request
	n, refusal := ParseRequest(head, Limits{}, &r)
	if n == 0 {
		return false
	}
	if refusal != nil {
		t.Fatalf("%q: %d bytes and refusal %v", head, n, refusal)
	}
	br := bufio.NewReaderSize(bytes.NewReader(head), 64<<10)
	theirs, err := http.ReadRequest(br)
	if err != nil {
		t.Fatalf("%q: accepted, but net/http says %v", head, err)
	}
	if rest := br.Buffered(); len(head)-rest != n {
		t.Errorf("%q: head of %d bytes, net/http %d", head, n, len(head)-rest)
	}
	if r.Method != theirs.Method || r.Target != theirs.RequestURI || r.Host != theirs.Host ||
		r.ProtoMajor != theirs.ProtoMajor || r.ProtoMinor != theirs.ProtoMinor {
		t.Errorf("%q: %s %s, Host %s; net/http %s %s, Host %s", head, r.Method, r.Target, r.Host, theirs.Method, theirs.RequestURI, theirs.Host)
	}
	if theirs.ContentLength != 0 || len(theirs.TransferEncoding) != 0 {
		t.Errorf("%q: net/http sees a body", head)
	}
	h := http.Header{}
	for _, f := range r.Header {
		h.Add(f.Name, f.Value)
	}
	for name, lines := range theirs.Header {
		if name == "Cache-Control" { // ReadRequest makes one of Pragma
			continue
		}
		if !slices.Equal(h.Values(name), lines) {
			t.Errorf("%q: %s is %q, net/http %q", head, name, h.Values(name), lines)
		}
		delete(h, name)
	}
	for name := range h {
		if name != "Cache-Control" && name != "Host" {
			t.Errorf("%q: net/http has no %s", head, name)
		}
	}
	var collected Request
	collected.Collect(theirs.Header)
	for i, got := range r.all() {
		if want := collected.all()[i]; !slices.Equal(got, want) {
			t.Errorf("%q: list %d is %q, collected %q", head, i, got, want)
		}
	}
	return true
}

// heads are requests with the status of their refusal, 0 when they are accepted.
var heads = []struct {
	why, head string
	status    int
}{
	{"smallest", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"sample of RFC 6455", "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n", 0},
	{"pipelined bytes after the request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n\x81\x80\x00\x00\x00\x00", 0},
	{"second request after the first", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n", 0},
	{"odd spacing in values", "GET / HTTP/1.1\r\nHost:a\r\nX: \t b  c\t \r\nY:\r\nZ: \r\n\r\n", 0},
	{"obs-text in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xff\r\n\r\n", 0},
	{"colons in a value", "GET / HTTP/1.1\r\nHost: a:1\r\nX:::\r\n\r\n", 0},
	{"odd names", "GET / HTTP/1.1\r\nhOST: a\r\n!#$%&'*+-.^_`|~: b\r\n0: c\r\n\r\n", 0},
	{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 0},
	{"Content-Length 0", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 0},
	{"query of a browser", "GET /a?b={c|d}&e=[f]\"`%zz?/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"escapes in the path", "GET /%2f%20%E4/;a=b HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"two slashes", "GET //b.com/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"Pragma", "GET / HTTP/1.1\r\nHost: a\r\nPragma: no-cache\r\n\r\n", 0},
	{"absolute target", "GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"absolute target, https, port", "GET HTTPS://A:443/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"absolute target without a path", "GET http://a HTTP/1.1\r\nHost: a:80\r\n\r\n", 0},
	{"absolute target, query alone", "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"absolute target, IPv6", "GET http://[::1]:80/ HTTP/1.1\r\nHost: [::1]\r\n\r\n", 0},
	{"IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:7880\r\n\r\n", 0},

	{"HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 505},
	{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{"POST", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 405},
	{"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 405},
	{"OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 405},

	{"body with Content-Length on upgrade", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400},
	{"malformed Content-Length", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n", 400},
	{"empty Content-Length", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
	{"Transfer-Encoding", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"Transfer-Encoding in odd case", "GET / HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING: xchunked\r\n\r\n", 400},

	{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
	{"duplicate Host", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
	{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
	{"malformed Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
	{"Host with userinfo", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
	{"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},

	{"empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"no version", "GET /\r\nHost: a\r\n\r\n", 400},
	{"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"space at the end of the line", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
	{"space at the beginning", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
	{"long version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
	{"version with letters", "GET / HTTP/1.x\r\nHost: a\r\n\r\n", 400},
	{"version without a dot", "GET / HTTP/1,1\r\nHost: a\r\n\r\n", 400},
	{"target without a slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"target asterisk", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"target with a fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"target that is not ASCII", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"target with a broken escape", "GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"target with a false escape", "GET /%gg HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"target with DEL", "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute target of another host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute target of another port", "GET http://a:8080/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute target with userinfo", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute target without a host", "GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute target, other scheme", "GET ws://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute target, no slashes", "GET http:a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute target, escape in the host", "GET http://%61/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute target, broken escape", "GET http://a/% HTTP/1.1\r\nHost: a\r\n\r\n", 400},

	{"no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400},
	{"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
	{"space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", 400},
	{"space in a name", "GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n", 400},
	{"name that is not ASCII", "GET / HTTP/1.1\r\nHost: a\r\n\xc3\xa4: b\r\n\r\n", 400},
	{"folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400},
	{"folded line with a colon", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tY: c\r\n\r\n", 400},
	{"folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
	{"line of spaces", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n", 400},
	{"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
	{"bare LF in the header", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
	{"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
	{"bare CR", "GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", 400},
	{"two CR", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},
	{"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", 400},
	{"NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\x00: b\r\n\r\n", 400},
	{"escape in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[31m\r\n\r\n", 400},
	{"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400},
	{"TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
}

// https://www.rfc-editor.org/rfc/rfc9112
//
// Every refusal here is a way in which two parsers have understood a request
// differently. Each head comes at once, and byte by byte.
func TestParseRequest(t *testing.T) {
	for _, row := range heads {
		t.Run(row.why, func(t *testing.T) {
			var r Request
			n, refusal := ParseRequest([]byte(row.head), Limits{}, &r)
			status := 0
			if refusal != nil {
				status = refusal.Status
				if n != 0 || !isPrintable(refusal.Reason) || refusal.Section == "" {
					t.Errorf("%d, %+v", n, refusal)
				}
			}
			if status != row.status {
				t.Fatalf("%v, want %d", refusal, row.status)
			}
			if wantSameMeaning(t, []byte(row.head)) != (row.status == 0) {
				t.Error("accepted or not?")
			}

			var p RequestParser
			var trickled Request
			end, trickledStatus := 0, 0
			for i := 1; i <= len(row.head) && end == 0 && trickledStatus == 0; i++ {
				// The bytes move, as they do when a buffer grows.
				m, refusal := p.Parse([]byte(row.head[:i]), &trickled)
				if refusal != nil {
					trickledStatus = refusal.Status
				}
				if end = m; m > i || m != 0 && m != n {
					t.Fatalf("after %d bytes: %d, %v", i, m, refusal)
				}
			}
			if end != n || trickledStatus != status {
				t.Errorf("byte by byte: %d, status %d; at once: %d, status %d", end, trickledStatus, n, status)
			}
			if n > 0 && !slices.Equal(r.Header, trickled.Header) {
				t.Errorf("byte by byte: %q; at once: %q", trickled.Header, r.Header)
			}
		})
	}
}

// Every prefix of a valid head asks for more.
func TestPrefixAsksForMore(t *testing.T) {
	head := readTestdata(t, "chrome-livekit.http")
	var r Request
	for i := range head {
		if n, refusal := ParseRequest(head[:i], Limits{}, &r); n != 0 || refusal != nil {
			t.Fatalf("%d bytes: %d, %v", i, n, refusal)
		}
	}
	if n, refusal := ParseRequest(head, Limits{}, &r); n != len(head) || refusal != nil {
		t.Fatal(n, refusal)
	}
	if len(r.Header) != 12 || r.Host != "127.0.0.1:7880" || r.Origin[0] != "http://127.0.0.1:8088" || len(r.Target) < 2500 {
		t.Errorf("%+v", r)
	}
	wantSameMeaning(t, head)
}

// "attacks.md: header size/count limits, endless headers"
func TestHeadLimits(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n"
	for _, row := range []struct {
		limits Limits
		status int
	}{
		{Limits{HeaderBytes: len(head)}, 0},
		{Limits{HeaderBytes: len(head) - 1}, 431},
		{Limits{HeaderBytes: 1}, 431},
		{Limits{HeaderBytes: -1, Fields: -1}, 0},
		{Limits{Fields: 2}, 0},
		{Limits{Fields: 1}, 431},
	} {
		for _, rest := range []string{"", strings.Repeat("\x00", 100)} {
			var r Request
			n, refusal := ParseRequest([]byte(head+rest), row.limits, &r)
			if row.status == 0 && (n != len(head) || refusal != nil) || row.status != 0 && (n != 0 || refusal == nil || refusal.Status != row.status) {
				t.Errorf("%+v: %d, %v", row.limits, n, refusal)
			}
		}
	}
	// By default, and before the head has ended.
	for why, head := range map[string]string{
		"one endless line":   "GET /" + strings.Repeat("a", DefaultHeaderBytes),
		"endless headers":    "GET / HTTP/1.1\r\n" + strings.Repeat("a:\r\n", DefaultFields+1),
		"one endless header": "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", DefaultHeaderBytes),
	} {
		p := RequestParser{}
		var r Request
		for range 2 { // and stays refused
			if n, refusal := p.Parse([]byte(head), &r); n != 0 || refusal == nil || refusal.Status != 431 {
				t.Errorf("%s: %d, %v", why, n, refusal)
			}
		}
		if cap(r.Header) != 0 {
			t.Errorf("%s: has allocated", why)
		}
	}
	fits := "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("a:\r\n", DefaultFields-1) + "\r\n"
	if n, refusal := ParseRequest([]byte(fits), Limits{}, new(Request)); n != len(fits) || refusal != nil {
		t.Errorf("%d fields: %d, %v", DefaultFields, n, refusal)
	}
}

func TestRequestParserReset(t *testing.T) {
	p := RequestParser{Limits: Limits{Fields: 3}}
	var r Request
	for range 3 {
		const head = "GET /a HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n"
		for range 2 { // a head that was complete stays so
			if n, refusal := p.Parse([]byte(head), &r); n != len(head) || refusal != nil || len(r.Header) != 3 {
				t.Fatalf("%d, %v, %q", n, refusal, r.Header)
			}
		}
		p.Reset()
		if n, refusal := p.Parse([]byte("GET / HT"), &r); n != 0 || refusal != nil {
			t.Fatalf("%d, %v", n, refusal)
		}
		p.Reset()
	}
	if p.Limits.Fields != 3 {
		t.Error("the limits are gone")
	}
}

// What was in the request before is gone, but for TLS, which the head cannot
// tell.
func TestParseReplacesTheRequest(t *testing.T) {
	r := Request{TLS: true, Host: "old", Key: []string{"old"}, Header: []Field{{"Old", "old"}}}
	head := []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if _, refusal := ParseRequest(head, Limits{}, &r); refusal != nil {
		t.Fatal(refusal)
	}
	if !r.TLS || r.Host != "a" || len(r.Key) != 0 || len(r.Header) != 1 {
		t.Errorf("%+v", r)
	}
	before := r.Host
	if n, _ := ParseRequest([]byte("GET / HTTP/1.1\r\n"), Limits{}, &r); n != 0 || r.Host != before {
		t.Error("an incomplete head has changed the request")
	}
}

// The strings of the request are the bytes of the head.
func TestRequestAliasesTheHead(t *testing.T) {
	head := []byte("GET /a HTTP/1.1\r\nHost: b\r\n\r\n")
	var r Request
	if _, refusal := ParseRequest(head, Limits{}, &r); refusal != nil {
		t.Fatal(refusal)
	}
	head[len("GET /")] = 'x'
	if r.Target != "/x" {
		t.Errorf("target %s was copied", r.Target)
	}
}

// A browser is let in without garbage.
func TestAcceptingDoesNotAllocate(t *testing.T) {
	head := readTestdata(t, "chrome-livekit.http")
	extra := []Field{{"Server", "hawser"}}
	for why, p := range map[string]*Policy{
		"by a pattern":   {OriginPatterns: []string{"app.example.com", "127.0.0.1:*"}},
		"any origin":     {AnyOrigin: true, Subprotocols: []string{"a", "b"}},
		"with extension": {AnyOrigin: true, Deflate: &Deflate{Client: DeflateSide{MaxWindowBits: 10}}},
	} {
		var (
			r      Request
			parser RequestParser
			dst    = make([]byte, 0, 1024)
		)
		if n := testing.AllocsPerRun(200, func() {
			parser.Reset()
			n, refusal := parser.Parse(head[:100], &r)
			if n != 0 || refusal != nil {
				t.Fatal(n, refusal)
			}
			if n, refusal = parser.Parse(head, &r); n != len(head) || refusal != nil {
				t.Fatal(n, refusal)
			}
			a, refusal := p.Accept(&r)
			if refusal != nil {
				t.Fatal(refusal)
			}
			dst = AppendSwitching(dst[:0], a, extra)
		}); n != 0 {
			t.Errorf("%s: %v allocations", why, n)
		}
	}
}

func BenchmarkAccept(b *testing.B) {
	head := readTestdata(b, "chrome-livekit.http")
	p := Policy{AnyOrigin: true}
	var r Request
	dst := make([]byte, 0, 1024)
	b.SetBytes(int64(len(head)))
	b.ReportAllocs()
	for b.Loop() {
		if n, _ := ParseRequest(head, Limits{}, &r); n == 0 {
			b.Fatal("not parsed")
		}
		a, _ := p.Accept(&r)
		dst = AppendSwitching(dst[:0], a, nil)
	}
}
