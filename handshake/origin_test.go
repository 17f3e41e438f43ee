package handshake

import (
	"strings"
	"testing"
)

// originCase is a request as the origin rule sees it.
type originCase struct {
	why      string
	origin   string // lines, divided by "|"; "-" for no header
	host     string
	tls      bool
	fetch    string // Sec-Fetch-Site
	patterns string // divided by space
	status   int    // of the refusal; 0 when there is none
}

func (row *originCase) run(t *testing.T) {
	t.Run(row.why, func(t *testing.T) {
		t.Helper()
		r := Request{Host: row.host, TLS: row.tls}
		if row.origin != "-" {
			r.Origin = strings.Split(row.origin, "|")
		}
		if row.fetch != "" {
			r.SecFetchSite = strings.Split(row.fetch, "|")
		}
		p := Policy{OriginPatterns: strings.Fields(row.patterns)}
		status := 0
		refusal := p.checkOrigin(&r)
		if refusal != nil {
			status = refusal.Status
		}
		if status != row.status {
			t.Errorf("Origin %q, Host %q, TLS %v, patterns %q: %v", row.origin, row.host, row.tls, row.patterns, refusal)
		}
	})
}

// https://www.rfc-editor.org/rfc/rfc6455#section-10.2
//
//	Servers that are not intended to process input from any web page but only
//	for certain sites SHOULD verify the |Origin| field is an origin they expect.
//	If the origin indicated is unacceptable to the server, then it SHOULD
//	respond to the WebSocket handshake with a reply containing HTTP 403
//	Forbidden status code.
func TestSameOrigin(t *testing.T) {
	for _, row := range []originCase{
		{why: "missing: not a browser", origin: "-", host: "example.com"},
		{why: "same", origin: "http://example.com", host: "example.com"},
		{why: "same with a port", origin: "http://example.com:8080", host: "example.com:8080"},
		{why: "same over TLS", origin: "https://example.com", host: "example.com", tls: true},
		{why: "same over TLS with a port", origin: "https://example.com:8443", host: "example.com:8443", tls: true},
		{why: "a proxy ended TLS", origin: "https://example.com", host: "example.com"},
		{why: "a proxy ended TLS on another port", origin: "https://example.com:8443", host: "example.com:8443"},
		{why: "uppercase", origin: "HTTP://EXAMPLE.com", host: "example.COM"},
		{why: "default port in Origin", origin: "http://example.com:80", host: "example.com"},
		{why: "default port in Host", origin: "http://example.com", host: "example.com:80"},
		{why: "default port of https in Origin", origin: "https://example.com:443", host: "example.com", tls: true},
		{why: "default port of https in Host", origin: "https://example.com", host: "example.com:443", tls: true},
		{why: "default port of https in Host, plain", origin: "https://example.com", host: "example.com:443"},
		{why: "empty port in Host", origin: "http://example.com", host: "example.com:"},
		{why: "trailing dot in Host", origin: "http://example.com", host: "example.com."},
		{why: "trailing dot in Origin", origin: "http://example.com.:80", host: "example.com"},
		{why: "IPv4", origin: "http://127.0.0.1:80", host: "127.0.0.1"},
		{why: "IPv6", origin: "http://[::1]:8080", host: "[::1]:8080"},
		{why: "IPv6 written otherwise", origin: "http://[2001:db8::1]", host: "[2001:0DB8:0:0::1]:80"},
		{why: "white space around", origin: " \thttp://example.com ", host: "example.com"},
		{why: "slash at the end, of golang.org/x/net/websocket", origin: "http://localhost/", host: "localhost"},
		{why: "ws and wss as schemes", origin: "wss://example.com", host: "example.com", tls: true},

		{why: "other host", origin: "http://evil.com", host: "example.com", status: 403},
		{why: "subdomain", origin: "http://a.example.com", host: "example.com", status: 403},
		{why: "parent", origin: "http://com", host: "example.com", status: 403},
		{why: "host as a suffix", origin: "http://notexample.com", host: "example.com", status: 403},
		{why: "host as a prefix", origin: "http://example.com.evil.com", host: "example.com", status: 403},
		{why: "other port", origin: "http://example.com:8080", host: "example.com", status: 403},
		{why: "no port", origin: "http://example.com", host: "example.com:8080", status: 403},
		{why: "port as a prefix", origin: "http://example.com:80", host: "example.com:8080", status: 403},
		{why: "scheme mismatch by port, https", origin: "https://example.com", host: "example.com:80", status: 403},
		{why: "scheme mismatch by port, http", origin: "http://example.com", host: "example.com:443", status: 403},
		{why: "scheme mismatch over TLS", origin: "http://example.com", host: "example.com", tls: true, status: 403},
		{why: "scheme mismatch over TLS on one port", origin: "http://example.com:8443", host: "example.com:8443", tls: true, status: 403},
		{why: "scheme that is not of the web", origin: "capacitor://localhost", host: "localhost", status: 403},
		{why: "extension", origin: "chrome-extension://abcdefghijklmnop", host: "abcdefghijklmnop", status: 403},
		{why: "IPv4 in IPv6", origin: "http://[::ffff:127.0.0.1]", host: "127.0.0.1", status: 403},
		{why: "null", origin: "null", host: "example.com", status: 403},
		{why: "null as a host", origin: "null", host: "null", status: 403},
		{why: "file", origin: "file://", host: "example.com", status: 403},
		{why: "host that is no host", origin: "http://example.com", host: "exa mple.com", status: 403},
		{why: "no host", origin: "http://example.com", host: "", status: 403},
	} {
		row.run(t)
	}
}

// https://www.rfc-editor.org/rfc/rfc6454#section-7.1
//
//	origin              = "Origin:" OWS origin-list-or-null OWS
//	serialized-origin   = scheme "://" host [ ":" port ]
//
// https://www.rfc-editor.org/rfc/rfc6454#section-7.3
//
//	The user agent MUST NOT include more than one Origin header field in any
//	HTTP request.
func TestMalformedOrigin(t *testing.T) {
	for _, row := range []originCase{
		{why: "multiple lines", origin: "http://example.com|http://example.com", status: 400},
		{why: "multiple lines, second evil", origin: "http://example.com|http://evil.com", status: 400},
		{why: "multiple in one line", origin: "http://example.com http://evil.com", status: 403},
		{why: "multiple with a comma", origin: "http://example.com, http://evil.com", status: 403},
		{why: "empty", origin: "", status: 403},
		{why: "host alone", origin: "example.com", status: 403},
		{why: "no scheme", origin: "://example.com", status: 403},
		{why: "scheme relative", origin: "//example.com", status: 403},
		{why: "one slash", origin: "http:/example.com", status: 403},
		{why: "no host", origin: "http://", status: 403},
		{why: "no host but a slash", origin: "http:///", status: 403},
		{why: "odd scheme", origin: "ht tp://example.com", status: 403},
		{why: "userinfo", origin: "https://example.com@evil.com", status: 403},
		{why: "userinfo with our host behind", origin: "https://evil.com@example.com", status: 403},
		{why: "userinfo with a port", origin: "https://evil.com:80@example.com", status: 403},
		{why: "userinfo, empty", origin: "https://@example.com", status: 403},
		{why: "path", origin: "http://example.com/a", status: 403},
		{why: "two slashes", origin: "http://example.com//", status: 403},
		{why: "query", origin: "http://example.com?a", status: 403},
		{why: "fragment", origin: "http://evil.com#example.com", status: 403},
		{why: "backslash", origin: `http://evil.com\@example.com`, status: 403},
		{why: "percent", origin: "http://example%2ecom", status: 403},
		{why: "NUL", origin: "http://example.com\x00.evil.com", status: 403},
		{why: "not ASCII", origin: "http://exämple.com", status: 403},
		{why: "sub-delimiter", origin: "http://example.com!.evil.com", status: 403},
		{why: "two trailing dots", origin: "http://example.com..", status: 403},
		{why: "leading dot", origin: "http://.example.com", status: 403},
		{why: "empty port", origin: "http://example.com:", status: 403},
		{why: "port too large", origin: "http://example.com:65616", status: 403}, // 80 in 16 bits
		{why: "port negative", origin: "http://example.com:-80", status: 403},
		{why: "two ports", origin: "http://example.com:80:80", status: 403},
		{why: "IPv6 without brackets", origin: "http://::1", status: 403},
		{why: "IPv6 with a zone", origin: "http://[fe80::1%25eth0]", status: 403},
		{why: "IPv6 with text behind", origin: "http://[::1].example.com", status: 403},
		{why: "IPv4 in brackets", origin: "http://[127.0.0.1]", status: 403},
		{why: "NULL", origin: "NULL", status: 403},
		{why: "null and more", origin: "null null", status: 403},
		{why: "too long", origin: "http://" + strings.Repeat("a.", 150) + "com", status: 403},
	} {
		row.host = "example.com"
		row.patterns = "* *://* http://* https://* null"
		row.run(t)
	}
}

// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
//
// The browser says how the page and the server are related; a script cannot.
func TestSecFetchSite(t *testing.T) {
	for _, row := range []originCase{
		{why: "same-origin, Host rewritten by a proxy", origin: "https://example.com", host: "backend:8080", fetch: "same-origin"},
		{why: "same-origin and same Host", origin: "https://example.com", host: "example.com", fetch: "same-origin"},
		{why: "cross-site", origin: "https://evil.com", host: "example.com", fetch: "cross-site", status: 403},
		{why: "cross-site, allowed", origin: "https://app.com", host: "example.com", fetch: "cross-site", patterns: "app.com"},
		{why: "same-site: another port", origin: "http://localhost:3000", host: "localhost:8080", fetch: "same-site", status: 403},
		{why: "cross-site but same Host: a page of http, a server of https", origin: "http://example.com", host: "example.com", fetch: "cross-site", status: 403},
		{why: "cross-site but same Host, allowed", origin: "http://example.com", host: "example.com", fetch: "cross-site", patterns: "http://example.com"},
		{why: "none decides nothing", origin: "https://example.com", host: "example.com", fetch: "none"},
		{why: "none decides nothing, other host", origin: "https://evil.com", host: "example.com", fetch: "none", status: 403},
		{why: "unheard of", origin: "https://evil.com", host: "example.com", fetch: "same-planet", status: 403},
		{why: "two that disagree", origin: "https://evil.com", host: "example.com", fetch: "same-origin|cross-site", status: 403},
		{why: "without Origin: cross-site", origin: "-", host: "example.com", fetch: "cross-site", status: 403},
		{why: "without Origin: same-origin", origin: "-", host: "example.com", fetch: "same-origin"},
		{why: "null is never the same", origin: "null", host: "example.com", fetch: "same-origin", status: 403},
		{why: "malformed is never the same", origin: "https://a@example.com", host: "example.com", fetch: "same-origin", status: 403},
	} {
		row.run(t)
	}
}

func TestAnyOrigin(t *testing.T) {
	p := Policy{AnyOrigin: true}
	for _, origin := range []string{"null", "https://evil.com", "not an origin", "", "https://a@b"} {
		if refusal := p.checkOrigin(&Request{Host: "example.com", Origin: []string{origin}}); refusal != nil {
			t.Errorf("%q: %v", origin, refusal)
		}
	}
	if refusal := p.checkOrigin(&Request{Host: "example.com", Origin: []string{"null", "null"}}); refusal == nil {
		t.Error("Origin twice is still malformed")
	}
}

// The error names what was sent, what it was compared with, and what would
// allow it; and that does allow it.
func TestOriginErrorSaysWhatWouldAllowIt(t *testing.T) {
	for _, row := range []struct{ origin, fetch, want string }{
		{"https://App.example.com", "", `Origin "https://App.example.com" is not allowed for Host "api.example.com"; OriginPatterns: "https://app.example.com" would allow it (§10.2)`},
		{"http://localhost:3000", "", `Origin "http://localhost:3000" is not allowed for Host "api.example.com"; OriginPatterns: "http://localhost:3000" would allow it (§10.2)`},
		{"http://[::1]:80", "", `Origin "http://[::1]:80" is not allowed for Host "api.example.com"; OriginPatterns: "http://[::1]" would allow it (§10.2)`},
		{"null", "", `Origin "null" is not allowed for Host "api.example.com"; OriginPatterns: "null" would allow it (§10.2)`},
		{"file://", "", `Origin "file://" is not allowed for Host "api.example.com"; OriginPatterns: "file://" would allow it (§10.2)`},
		{"http://api.example.com", "cross-site", `Origin "http://api.example.com" is not allowed for Host "api.example.com" (the browser says Sec-Fetch-Site: "cross-site"); OriginPatterns: "http://api.example.com" would allow it (§10.2)`},
	} {
		r := Request{Host: "api.example.com", Origin: []string{row.origin}}
		if row.fetch != "" {
			r.SecFetchSite = []string{row.fetch}
		}
		refusal := (&Policy{}).checkOrigin(&r)
		if refusal == nil || refusal.Error() != row.want {
			t.Errorf("got  %v\nwant %s", refusal, row.want)
			continue
		}
		_, after, _ := strings.Cut(row.want, `OriginPatterns: "`)
		pattern, _, _ := strings.Cut(after, `"`)
		if refusal := (&Policy{OriginPatterns: []string{pattern}}).checkOrigin(&r); refusal != nil {
			t.Errorf("with the pattern it asks for: %v", refusal)
		}
	}
	hostile := Request{Host: "h\r\nx", Origin: []string{"http://" + strings.Repeat("a", 500) + "\r\n"}}
	text := (&Policy{}).checkOrigin(&hostile).Error()
	if strings.ContainsAny(text, "\r\n") || len(text) > 300 {
		t.Errorf("hostile bytes: %q", text)
	}
}
