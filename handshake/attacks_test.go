package handshake

import (
	"net/http"
	"strings"
	"testing"
)

// The attacks on the opening handshake, one by one. Those on headers are here
// as a whole exchange, from the bytes of the request to the bytes of the
// answer; the tables of the other test files have their variants:
//
//	header size/count limits    TestHeadLimits
//	huge lists                  TestExtensionLimits, and FuzzSteps in package fuzz
//	CR, LF, NUL in what we send TestCheckSubprotocols, TestFieldSyntax, TestSwitchingHoldsNoOtherHeader
//	duplicates                  TestAcceptRules, TestCheckRules
//	101 without Accept          TestCheckRules
//	Origin, all of it           TestSameOrigin, TestMalformedOrigin, TestOriginPatterns, TestSecFetchSite
//
// Some need a network and belong to the root package, which owns it: the clock
// of a slow-loris (that its bytes cost no more than others is counted by
// fuzz/internal/steps), bytes after 101, 1xx before 101, endless
// response headers, redirects and the credentials on them, the SSRF hook, a
// proxy's reply glued to the server's bytes. So do the parts of a ws URL:
// userinfo, IDN, IPv6 zones; in an Origin and a Host they are refused here.
func TestAttacksOnTheHandshake(t *testing.T) {
	const good = "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	with := func(lines string) string { return strings.TrimSuffix(good, "\r\n") + lines + "\r\n" }
	instead := func(old, new string) string { return strings.Replace(good, old, new, 1) }

	for _, row := range []struct{ why, head, status string }{
		{"none", good, "101"},
		{"huge header", with("X: " + strings.Repeat("a", 1<<20) + "\r\n"), "431"},
		{"many headers", with(strings.Repeat("X: a\r\n", 1000)), "431"},
		{"huge Sec-WebSocket-Protocol list", with("Sec-WebSocket-Protocol: " + strings.Repeat("a,", 7000) + "b\r\n"), "400"},
		{"huge Sec-WebSocket-Extensions list", with("Sec-WebSocket-Extensions: " + strings.Repeat("a,", 7000) + "b\r\n"), "400"},
		{"huge Connection list", with("Connection: " + strings.Repeat("a,", 7000) + "b\r\n"), "101"},
		{"LF in a subprotocol", with("Sec-WebSocket-Protocol: a\nX: b\r\n"), "400"},
		{"NUL in a subprotocol", with("Sec-WebSocket-Protocol: a\x00\r\n"), "400"},
		{"duplicate Key", with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), "400"},
		{"duplicate Version", with("Sec-WebSocket-Version: 13\r\n"), "400"},
		{"duplicate Host", with("Host: example.com\r\n"), "400"},
		{"duplicate Origin", with("Origin: http://example.com\r\nOrigin: http://example.com\r\n"), "400"},
		{"duplicate Extensions are one list", with("Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\n"), "101"},
		{"Connection list with odd case", instead("Connection: Upgrade", "cOnnEction: ,Keep-Alive ,\tuPGRADE,"), "101"},
		{"Connection over two lines", instead("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"), "101"},
		{"HTTP/1.0", instead("HTTP/1.1", "HTTP/1.0"), "505"},
		{"POST", instead("GET", "POST"), "405"},
		{"body with Content-Length", with("Content-Length: 44\r\n") + good, "400"},
		{"body with Transfer-Encoding", with("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", "400"},
		{"request hidden by a bare CR", with("X: a\r\rGET / HTTP/1.1\r\n"), "400"},
		{"request in a folded line", with("X: a\r\n GET / HTTP/1.1\r\n"), "400"},
		{"Content-Length with a space before the colon", with("Content-Length : 44\r\n"), "400"},
		{"pipelined bytes", good + "\x89\x80aaaa", "101"},
		{"userinfo in the target", instead("/chat", "http://example.com@evil.com/"), "400"},
		{"userinfo in Host", instead("example.com", "example.com@evil.com"), "400"},
		{"IPv6 zone in Host", instead("example.com", "[fe80::1%25eth0]"), "400"},
		{"another host in the target", instead("/chat", "http://evil.com/"), "400"},
		{"cross-site hijacking", with("Origin: https://evil.com\r\nCookie: session=1\r\n"), "403"},
		{"cross-site hijacking, null", with("Origin: null\r\n"), "403"},
		{"cross-site hijacking, userinfo", with("Origin: https://example.com@evil.com\r\n"), "403"},
		{"cross-site hijacking, longer name", with("Origin: https://example.com.evil.com\r\n"), "403"},
		{"cross-site hijacking, Origin taken away", with("Sec-Fetch-Site: cross-site\r\n"), "403"},
		{"h2c beside it", instead("Upgrade: websocket", "Upgrade: h2c, websocket\r\nHTTP2-Settings: AAMAAABk"), "101"},
	} {
		t.Run(row.why, func(t *testing.T) {
			var r Request
			n, refusal := ParseRequest([]byte(row.head), Limits{}, &r)
			if n == 0 && refusal == nil {
				t.Fatal("waits for more")
			}
			var a Acceptance
			if refusal == nil {
				a, refusal = new(Policy).Accept(&r)
			}
			answer := AppendSwitching(nil, a, nil)
			if refusal != nil {
				answer = AppendRefusal(nil, refusal)
			}
			response := readResponse(t, answer)
			if got := response.Status[:3]; got != row.status {
				t.Errorf("answer %s, want %s: %v", got, row.status, refusal)
			}
			if len(answer) > 1024 {
				t.Errorf("an answer of %d bytes", len(answer))
			}
			if response.StatusCode == http.StatusSwitchingProtocols && strings.HasPrefix(row.head, good) && n != len(good) {
				t.Errorf("the WebSocket begins after %d bytes, not %d", n, len(good))
			}
		})
	}
}

// The parameters of permessage-deflate that a peer may send: as an offer to a server,
// which declines it and goes on without compression, and as an answer to a client,
// which fails (RFC 7692 §5.1, §7).
func TestAttacksOnCompression(t *testing.T) {
	for _, row := range []struct {
		why, params string
		terms       Deflate // what is agreed on, if anything is
		good        bool
	}{
		{"window bits 8 (zlib quirk)", "; sbits=8", wants(false, false, 8, 15), true},
		{"window bits 7", "; sbits=7", Deflate{}, false},
		{"window bits 16", "; sbits=16", Deflate{}, false},
		{"window bits 99", "; cbits=99", Deflate{}, false},
		{"window bits 08", "; sbits=08", Deflate{}, false},
		{"window bits quoted", "; sbits=\"10\"", Deflate{}, false},
		{"duplicate params", "; sno; sno", Deflate{}, false},
		{"duplicate params, of other values", "; sbits=10; sbits=11", Deflate{}, false},
		{"unknown params", "; x", Deflate{}, false},
		{"unknown params behind known ones", "; sno; cbits=10; x=1", Deflate{}, false},
		{"a value where none may be", "; sno=1", Deflate{}, false},
	} {
		t.Run(row.why+"/server", func(t *testing.T) {
			if a, _ := answered(t, Deflate{}, expand(row.params)); a.Deflated != row.good || a.Deflate != row.terms {
				t.Errorf("%s: %+v, want %s", row.params, a, row.terms)
			}
			// Two offers: the next is taken.
			a, _ := answered(t, Deflate{}, expand(row.params)+", "+expand("; cno"))
			want := row.terms
			if !row.good {
				want = wants(false, true, 15, 15)
			}
			if !a.Deflated || a.Deflate != want {
				t.Errorf("%s, and another: %+v, want %s", row.params, a, want)
			}
		})
		t.Run(row.why+"/client", func(t *testing.T) {
			a, bad := checked(Deflate{}, expand(row.params))
			if (bad == nil) != row.good || a.Deflated != row.good || a.Deflate != row.terms {
				t.Errorf("%s: %+v, %v; want %s", row.params, a, bad, row.terms)
			}
		})
	}
	t.Run("window bits empty/server", func(t *testing.T) { // RFC 6455 §9.1: not a token, whatever the extension
		for _, params := range []string{`; sbits=""`, "; sbits="} {
			r := sampleRequest()
			r.Extensions = []string{expand(params)}
			if a, refusal := (&Policy{AnyOrigin: true, Deflate: &Deflate{}}).Accept(r); refusal == nil || refusal.Status != http.StatusBadRequest {
				t.Errorf("%s: %+v, %v", params, a, refusal)
			}
		}
	})
	t.Run("window bits empty/client", func(t *testing.T) {
		for _, params := range []string{`; sbits=""`, "; sbits="} {
			if a, bad := checked(Deflate{}, expand(params)); bad == nil {
				t.Errorf("%s: %+v", params, a)
			}
		}
	})
	t.Run("two offers/server", func(t *testing.T) {
		for _, offers := range [][]string{{expand("; sbits=9"), expand("")}, {expand("; sbits=9") + "," + expand("")}} {
			if a, value := answered(t, Deflate{}, offers...); a.Deflate != wants(false, false, 9, 15) || strings.Contains(value, ",") {
				t.Errorf("%q: answered %q", offers, value)
			}
		}
	})
	t.Run("two offers/client", func(t *testing.T) { // both accepted
		if a, bad := checked(Deflate{}, expand("")+", "+expand("")); bad == nil {
			t.Errorf("%+v", a)
		}
	})
	t.Run("response with params not offered/client", func(t *testing.T) {
		for _, params := range []string{"; sbits=11", "; cbits=11", "; cbits"} {
			if a, bad := checked(wants(false, false, 10, 10), expand(params)); bad == nil {
				t.Errorf("%s: %+v", params, a)
			}
		}
	})
}
