package handshake

import (
	"fmt"
	"strings"
	"testing"
)

// The rules of [Policy.OriginPatterns].
func TestOriginPatterns(t *testing.T) {
	const page = "https://app.example.com"
	for _, row := range []originCase{
		{why: "host", origin: page, patterns: "app.example.com"},
		{why: "host in another case", origin: "https://APP.example.com", patterns: "app.EXAMPLE.com"},
		{why: "one of several", origin: page, patterns: "a b app.example.com"},
		{why: "wildcard", origin: page, patterns: "*.example.com"},
		{why: "wildcard at any depth", origin: "https://a.b.example.com", patterns: "*.example.com"},
		{why: "wildcard is not the domain itself", origin: "https://example.com", patterns: "*.example.com", status: 403},
		{why: "wildcard is not a suffix", origin: "https://evilexample.com", patterns: "*.example.com", status: 403},
		{why: "wildcard does not reach behind", origin: "https://app.example.com.evil.com", patterns: "*.example.com", status: 403},
		{why: "wildcard of one byte", origin: page, patterns: "ap?.example.com"},
		{why: "wildcard of a class", origin: page, patterns: "[a-c]pp.example.com"},
		{why: "any host", origin: page, patterns: "*"},
		{why: "any host on a port", origin: "https://app.example.com:8443", patterns: "*"},
		{why: "any IPv6 host", origin: "http://[::1]:8080", patterns: "*"},
		{why: "other host", origin: "https://evil.com", patterns: "app.example.com", status: 403},

		{why: "scheme", origin: page, patterns: "https://app.example.com"},
		{why: "scheme in another case", origin: "HTTPS://app.example.com", patterns: "HttpS://app.example.com"},
		{why: "scheme mismatch", origin: "http://app.example.com", patterns: "https://app.example.com", status: 403},
		{why: "scheme mismatch at the port of the pattern", origin: "http://app.example.com:443", patterns: "https://app.example.com", status: 403},
		{why: "scheme with a wildcard host", origin: page, patterns: "https://*.example.com"},
		{why: "any scheme", origin: page, patterns: "*://app.example.com"},
		{why: "either scheme", origin: page, patterns: "http*://app.example.com"},
		{why: "scheme of an extension", origin: "chrome-extension://abcdef", patterns: "chrome-extension://abcdef"},
		{why: "scheme of an extension, as a host", origin: "chrome-extension://abcdef", patterns: "abcdef"},
		{why: "scheme of an application", origin: "capacitor://localhost", patterns: "capacitor://localhost"},

		{why: "port", origin: "http://localhost:3000", patterns: "localhost:3000"},
		{why: "port mismatch", origin: "http://localhost:3000", patterns: "localhost:3001", status: 403},
		{why: "port missing in the pattern", origin: "http://localhost:3000", patterns: "localhost", status: 403},
		{why: "port missing in the origin", origin: "http://localhost", patterns: "localhost:3000", status: 403},
		{why: "any port", origin: "http://localhost:3000", patterns: "localhost:*"},
		{why: "any port is also the default", origin: "http://localhost", patterns: "localhost:*"},
		{why: "default port in the pattern", origin: page, patterns: "https://app.example.com:443"},
		{why: "default port in the pattern, host alone", origin: page, patterns: "app.example.com:443"},
		{why: "default port in the origin", origin: page + ":443", patterns: "https://app.example.com"},
		{why: "default port in the origin, host alone", origin: page + ":443", patterns: "app.example.com"},
		{why: "default port in both", origin: page + ":443", patterns: "https://app.example.com:443"},
		{why: "default port of the other scheme", origin: "http://app.example.com", patterns: "app.example.com:443", status: 403},
		{why: "default port of the other scheme given", origin: "http://app.example.com:443", patterns: "app.example.com", status: 403},
		{why: "port of a scheme that has no default", origin: "tauri://localhost:1420", patterns: "tauri://localhost:1420"},
		{why: "port of a scheme that has no default, mismatch", origin: "tauri://localhost", patterns: "tauri://localhost:80", status: 403},

		{why: "trailing dot in the origin", origin: "https://app.example.com.", patterns: "app.example.com"},
		{why: "trailing dot in the origin, with a port", origin: "https://app.example.com.:8443", patterns: "app.example.com:8443"},
		{why: "trailing dot in the pattern", origin: page, patterns: "app.example.com."},
		{why: "trailing dot in the pattern, with a port", origin: page, patterns: "https://app.example.com.:443"},

		{why: "IPv6", origin: "http://[::1]:8080", patterns: "[::1]:8080"},
		{why: "IPv6 with a scheme", origin: "http://[::1]:8080", patterns: "http://[::1]:8080"},
		{why: "IPv6 with another scheme", origin: "http://[::1]:8080", patterns: "https://[::1]:8080", status: 403},
		{why: "IPv6 with any scheme", origin: "http://[::1]:8080", patterns: "*://[::1]:8080"},
		{why: "IPv6 with a malformed scheme", origin: "http://[::1]:8080", patterns: "[://[::1]:8080", status: 403},
		{why: "IPv6 with any port", origin: "http://[::1]:8080", patterns: "[::1]:*"},
		{why: "IPv6 with the default port", origin: "http://[::1]", patterns: "[::1]:80"},
		{why: "IPv6 with the default port in the origin", origin: "http://[::1]:80", patterns: "[::1]"},
		{why: "IPv6 with another port", origin: "http://[::1]:8080", patterns: "[::1]", status: 403},
		{why: "IPv6 written otherwise", origin: "http://[2001:db8::1]", patterns: "[2001:DB8:0:0:0:0:0:1]"},
		{why: "IPv6 is not a class", origin: "http://1", patterns: "[::1]", status: 403},
		{why: "IPv6, another", origin: "http://[::2]", patterns: "[::1]", status: 403},
		{why: "IPv6 escaped for path.Match", origin: "http://[::1]:8080", patterns: `\[*\]:8080`},

		{why: "null by its own pattern", origin: "null", patterns: "null"},
		{why: "null by any other", origin: "null", patterns: "* *://* n*l null:80", status: 403},
		{why: "null as a pattern is not a host", origin: "http://null", patterns: "null", status: 403},
		{why: "file", origin: "file://", patterns: "file://"},
		{why: "file by a wildcard", origin: "file://", patterns: "file://*"},
		{why: "file is not a host", origin: "file://", patterns: "* ?*", status: 403},

		{why: "malformed pattern", origin: page, patterns: "[app.example.com", status: 403},
		{why: "malformed pattern after one that matches", origin: page, patterns: "* ["},
		{why: "our own still may", origin: "https://server.example", patterns: "app.example.com"},
	} {
		row.host = "server.example"
		row.run(t)
	}
}

func TestCheckOriginPatterns(t *testing.T) {
	good := []string{"", "*", "null", "a.com", "https://*.a.com:*", "[::1]:8080", "HTTP://[::1]", "[a-z].com", `\[*\]`, "file://"}
	if err := CheckOriginPatterns(good); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"[", "[a-", "a[]", `a\`, "https://[", "[::1]["} {
		if err := CheckOriginPatterns(append(good, bad)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", bad)) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOriginDoesNotAllocate(t *testing.T) {
	r := Request{Host: "server.example", Origin: []string{"https://app.example.com"}}
	for _, pattern := range []string{"*.example.com", "https://app.example.com:443", "https://*"} {
		p := Policy{OriginPatterns: []string{"other.example", "[::1]:80", pattern}}
		if n := testing.AllocsPerRun(100, func() {
			if p.checkOrigin(&r) != nil {
				t.Fatal("refused")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", pattern, n)
		}
	}
}
