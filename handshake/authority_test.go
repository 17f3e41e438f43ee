package handshake

import (
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/internal/hostport"
)

func TestSplitAuthority(t *testing.T) {
	for _, row := range []struct {
		in   string
		host string
		port int
	}{
		{"example.com", "example.com", noPort},
		{"example.com.", "example.com", noPort},
		{"example.com.:80", "example.com", 80},
		{"Example.COM:443", "Example.COM", 443},
		{"example.com:", "example.com", noPort}, // RFC 3986 §3.2.3
		{"localhost:0", "localhost", 0},
		{"localhost:65535", "localhost", 65535},
		{"a:00080", "a", 80},
		{"127.0.0.1:7880", "127.0.0.1", 7880},
		{"[::1]", "[::1]", noPort},
		{"[::1]:8080", "[::1]", 8080},
		{"[::ffff:1.2.3.4]:", "[::ffff:1.2.3.4]", noPort},
		{"my_service", "my_service", noPort},
	} {
		got, ok := splitAuthority(row.in, &hostport.RegName)
		if !ok || got.host != row.host || got.port != row.port {
			t.Errorf("%q: %+v, %v", row.in, got, ok)
		}
	}
	for _, in := range []string{
		"", ".", "..", ":80", ".:80", ".example.com", "example..com", "example.com..",
		"a:65536", "a:000080", "a:99999", "a:100000", "a:-1", "a:+1", "a:8o", "a:80:80", "a: 80", "a:0x1",
		"a b", "a/b", "user@a", "a@b:80", "a?b", "a#b", "a\\b", "a\x00", "a,b\r\n", "ä", "%61",
		"[", "[]", "[::1", "[::1]a", "[::1]80", "[::1]:x", "[1.2.3.4]", "[fe80::1%25eth0]", "[fe80::1%eth0]",
		"[v1.a]", "[:::1]", "x[::1]", "::1", "[::1].",
	} {
		if got, ok := splitAuthority(in, &hostport.RegName); ok {
			t.Errorf("%q: %+v", in, got)
		}
	}
}

func TestSameHost(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"a", "A", true},
		{"a", "b", false},
		{"a.", "a", true},
		{"[::1]", "[0:0:0:0:0:0:0:1]", true},
		{"[2001:DB8::1]", "[2001:db8:0::1]", true},
		{"[::1]", "[::2]", false},
		{"[::1]", "a", false},
		{"a", "[::1]", false},
		{"[::ffff:127.0.0.1]", "127.0.0.1", false},
	} {
		a, ok := splitAuthority(row.a, &hostport.RegName)
		b, ok2 := splitAuthority(row.b, &hostport.RegName)
		if got := a.sameHost(b); got != row.want || !ok || !ok2 {
			t.Errorf("%s and %s: %v (%v, %v)", row.a, row.b, got, ok, ok2)
		}
		if SameHost(row.a, row.b) != row.want || SameHost(row.a+":80", row.b+":80") != row.want {
			t.Errorf("SameHost of %s and %s is not %v", row.a, row.b, row.want)
		}
	}
}

func TestSameHostAndPort(t *testing.T) {
	for _, row := range [][2]string{
		{"a:80", "a"}, {"a:80", "a:81"}, {"[::1]:80", "[::1]"},
		{"", ""}, {"a", ""}, {"", "a"}, {"a b", "a b"}, {"a", "a/"}, {"webso\u212aet", "websocket"},
	} {
		if SameHost(row[0], row[1]) {
			t.Errorf("%q and %q are the same", row[0], row[1])
		}
	}
}

func TestAppendHost(t *testing.T) {
	for in, want := range map[string]string{
		"Example.COM":            "example.com",
		"[2001:DB8:0:0:0:0:0:1]": "[2001:db8::1]",
		strings.Repeat("A", 300): strings.Repeat("a", 300),
		"[::FFFF:102:304]":       "[::ffff:1.2.3.4]",
	} {
		a := authority{host: in}
		if got := string(a.appendHost(nil)); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}
