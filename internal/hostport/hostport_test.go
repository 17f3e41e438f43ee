package hostport

import (
	"net/url"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, row := range []struct{ in, host, port string }{
		{"example.com", "example.com", ""},
		{"example.com:80", "example.com", "80"},
		{"example.com:", "example.com", ""}, // RFC 3986 §3.2.3: port = *DIGIT
		{"example.com:00080", "example.com", "00080"},
		{"example.com:8o", "example.com:8o", ""},
		{"example.com:-1", "example.com:-1", ""},
		{"a:b:80", "a:b", "80"},
		{"a::", "a:", ""},
		{":80", "", "80"},
		{":", "", ""},
		{"", "", ""},
		{"[::1]", "[::1]", ""},
		{"[::1]:8080", "[::1]", "8080"},
		{"[::1]:", "[::1]", ""},
		{"[::1]8080", "[::1]8080", ""},
		{"[::1", "[:", "1"},
		{"[fe80::1%eth0]:80", "[fe80::1%eth0]", "80"},
	} {
		if host, port := Split(row.in); host != row.host || port != row.port {
			t.Errorf("%q: %q and %q, want %q and %q", row.in, host, port, row.host, row.port)
		}
	}
}

func TestPort(t *testing.T) {
	for digits, want := range map[string]int{
		"0": 0, "80": 80, "65535": 65535, "00080": 80, strings.Repeat("0", 100) + "443": 443,
		"": -1, "65536": -1, "100000": -1, strings.Repeat("9", 100): -1,
	} {
		port, ok := Port(digits)
		if ok != (want >= 0) || ok && port != want {
			t.Errorf("%q: %d, %v, want %d", digits, port, ok, want)
		}
	}
}

func TestIPv6(t *testing.T) {
	for host, want := range map[string]string{
		"[::1]":              "::1",
		"[2001:DB8:0::1]":    "2001:db8::1",
		"[::FFFF:102:304]":   "::ffff:1.2.3.4",
		"[fe80::1%eth0]":     "fe80::1%eth0",
		"::1":                "",
		"":                   "",
		"[":                  "",
		"]":                  "",
		"[]":                 "",
		"[::1":               "",
		"::1]":               "",
		"[::1].":             "",
		"[[::1]]":            "",
		"[1.2.3.4]":          "", // RFC 3986 §3.2.2: only IPv6 addresses have brackets
		"[v1.a]":             "",
		"[:::1]":             "",
		"[fe80::1%]":         "",
		"[" + "::1" + "]:80": "",
		"example.com":        "",
		"[example.com]":      "",
	} {
		addr, ok := IPv6(host)
		if ok != (want != "") || ok && addr.String() != want {
			t.Errorf("%q: %v, %v, want %q", host, addr, ok, want)
		}
	}
}

// RFC 3986 §3.2.2: reg-name = *( unreserved / pct-encoded / sub-delims )
func TestRegName(t *testing.T) {
	const unreserved, subDelims = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", "!$&'()*+,;="
	for c := range RegName {
		if want := strings.IndexByte(unreserved+subDelims, byte(c)) >= 0; RegName[c] != want {
			t.Errorf("%q: %v", rune(c), RegName[c])
		}
	}
}

// Package url cuts where we do.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"example.com:80", "[::1]:80", "a:b:", "[::1", "::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, port := Split(s)
		if s != host && s != host+":"+port {
			t.Errorf("%q: cut into %q and %q", s, host, port)
		}
		u := url.URL{Host: s}
		bare := host
		if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
			bare = host[1 : len(host)-1]
		}
		if u.Port() != port || u.Hostname() != bare {
			t.Errorf("%q: %q and %q, package url says %q and %q", s, host, port, u.Hostname(), u.Port())
		}
	})
}
