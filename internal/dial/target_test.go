package dial

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestDialTarget(t *testing.T) {
	for _, test := range []struct {
		raw                           string
		host, name, addr, uri, string string
	}{
		{"ws://example.com", "example.com", "example.com", "example.com:80", "/", "ws://example.com/"},
		{"wss://example.com", "example.com", "example.com", "example.com:443", "/", "wss://example.com/"},
		{"http://example.com:80/a", "example.com", "example.com", "example.com:80", "/a", "ws://example.com/a"},
		{"https://example.com:80", "example.com:80", "example.com", "example.com:80", "/", "wss://example.com:80/"},
		{"ws://Example.COM:/a/b?c=d&e", "example.com", "example.com", "example.com:80", "/a/b?c=d&e", "ws://example.com/a/b"},
		{"ws://example.com:0080?", "example.com", "example.com", "example.com:80", "/?", "ws://example.com/"},
		{"ws://example.com.:8080/", "example.com.:8080", "example.com", "example.com.:8080", "/", "ws://example.com.:8080/"},
		{"ws://user:secret@my_service/", "my_service", "my_service", "my_service:80", "/", "ws://my_service/"},
		{"ws://h/a%2Fb/ü?q=a b\u00fc%20", "h", "h", "h:80", "/a%2Fb/%C3%BC?q=a%20b%C3%BC%20", "ws://h/a%2Fb/%C3%BC"},
		{"ws://h//x", "h", "h", "h:80", "//x", "ws://h//x"},
		{"ws://Bücher.example/", "xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example:80", "/", "ws://xn--bcher-kva.example/"},
		{"ws://b%C3%BCcher.example/", "xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example:80", "/", "ws://xn--bcher-kva.example/"},
		{"ws://日本語。ＪＰ:81/", "xn--wgv71a119e.jp:81", "xn--wgv71a119e.jp", "xn--wgv71a119e.jp:81", "/", "ws://xn--wgv71a119e.jp:81/"},
		{"ws://[::1]", "[::1]", "::1", "[::1]:80", "/", "ws://[::1]/"},
		{"ws://[2001:DB8:0::1]:81/", "[2001:db8::1]:81", "2001:db8::1", "[2001:db8::1]:81", "/", "ws://[2001:db8::1]:81/"},
		// RFC 6874 §3: a zone is not sent, since it means something here only.
		{"wss://[fe80::1%25eth0]/", "[fe80::1]", "fe80::1", "[fe80::1%eth0]:443", "/", "wss://[fe80::1]/"},
	} {
		got, err := parseTarget(test.raw)
		if err != nil {
			t.Errorf("%s: %v", test.raw, err)
			continue
		}
		for _, is := range [][3]string{
			{"Host", got.host, test.host}, {"name", got.name, test.name}, {"addr", got.addr, test.addr},
			{"target", got.url.RequestURI(), test.uri}, {"text", got.String(), test.string},
		} {
			if is[1] != is[2] {
				t.Errorf("%s: %s is %q, want %q", test.raw, is[0], is[1], is[2])
			}
		}
	}
}

func TestDialURLMisuse(t *testing.T) {
	for _, test := range []struct{ raw, problem string }{
		{"", "no scheme"},
		{"example.com/", "no scheme"},
		{"ftp://example.com/", `scheme "ftp"`},
		{"localhost:8080", `scheme "localhost"`},
		// RFC 6455 §3: "Fragment identifiers are meaningless in the context of
		// WebSocket URIs and MUST NOT be used on these URIs."
		{"ws://example.com/#x", "fragment (§3)"},
		{"ws://example.com/#", "fragment (§3)"},
		{"ws:", "no host"}, {"ws:x", "no host"}, {"ws:///x", "no host"}, {"ws://:80/", "no host"}, {"ws://./", "no host"},
		{"ws://h:65536/", "port 65536 is not below 65536"},
		{"ws://h:x/", "malformed URL: invalid port"},
		{"ws://h/\r\n", "malformed URL: "},
		{"ws://h%20x/", "malformed URL: "},
		{"ws://a b/", "malformed URL: "},
		{"ws://a\"b/", "has the character '\"'"},
		{"ws://a<b/", "has the character '<'"},
		{"ws://1::2/", ""},
		{"ws://[1.2.3.4]/", ""},
		{"ws://[::x]/", ""},
		{"ws://[fe80::1%25a\x8d]/", "zone a? has the character"},
		{"ws://-ü-.example/", "no international domain name"},
		{"ws://user:sec/ret@h/", "malformed URL"},
		{"ws://user:secret@h:x/", "malformed URL"},
		{"ws://user:secret@h%zz/", "malformed URL"},
	} {
		_, err := dialFailed(t, t.Context(), test.raw, &Options{DialContext: unreachable(t)})
		wantMisuse(t, err, test.problem)
		if err != nil && strings.Contains(err.Error(), "sec") {
			t.Errorf("%s: the error tells the password: %v", test.raw, err)
		}
	}
}

// Whatever the URL, what stands in the request has no byte that could end a line
// or divide it otherwise.
func FuzzDialTarget(f *testing.F) {
	for _, raw := range []string{
		"ws://h/a%2Fb/ü?q=a b", "wss://user:secret@Bücher.example.:81/", "ws://[fe80::1%25eth0]:0080/x?", "ws://h?a\"<>", "http://h/%0d%0a",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := parseTarget(raw)
		if err != nil {
			return
		}
		for _, s := range []string{got.url.RequestURI(), got.host, got.name, got.proxyAddr(), got.String()} {
			for i := range len(s) {
				if s[i] <= ' ' || s[i] >= 0x7f {
					t.Errorf("%q: %q", raw, s)
				}
			}
		}
		if strings.ContainsAny(got.host+got.name, "/?#@%\\") || !strings.HasPrefix(got.url.RequestURI(), "/") {
			t.Errorf("%q: host %q, request %q", raw, got.host, got.url.RequestURI())
		}
		again, err := parseTarget(got.withUser().String())
		if err != nil || again.addr != got.addr || again.host != got.host || again.url.RequestURI() != got.url.RequestURI() {
			t.Errorf("%q: read again: %v, %+v, %+v", raw, err, again, got)
		}
	})
}

// The name of a certificate and of SNI is that of the URL in ASCII.
func TestDialServerName(t *testing.T) {
	noLeaks(t)
	asked := make(chan string, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = c.Write([]byte(switching(r) + hello))
		_, _ = c.Read(make([]byte, 1))
	}))
	s.TLS = &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		asked <- strings.Join(append(h.SupportedProtos, h.ServerName), " ")
		return nil, nil
	}}
	s.StartTLS()
	defer s.Close()
	trust := s.Client().Transport.(*http.Transport).TLSClientConfig
	for _, test := range []struct {
		u, name string
		protos  []string
		alpn    string
	}{
		{"wss://bücher.example.com/", "xn--bcher-kva.example.com", []string{"h2", "http/1.1"}, "http/1.1"}, // as net/http leaves it
		{"wss://example.com./", "example.com", []string{"h2"}, "http/1.1"},
		{"wss://127.0.0.1/", "", nil, "http/1.1"},
		{"wss://example.com/", "example.com", []string{"route-b", "h2", "http/1.1"}, "route-b http/1.1"},
	} {
		trust.NextProtos = slices.Clone(test.protos)
		r := &routed{to: map[string]string{"*": s.Listener.Addr().String()}}
		wantGreeted(t, test.u, &Options{DialContext: r.dial, TLSConfig: trust, Proxy: noProxy})
		if got := strings.TrimSpace(<-asked); got != strings.TrimSpace(test.alpn+" "+test.name) {
			t.Errorf("%s: protocols and SNI %q, want %s and %q", test.u, got, test.alpn, test.name)
		}
		if !slices.Equal(trust.NextProtos, test.protos) || trust.ServerName != "" {
			t.Error("the caller's TLS configuration was changed")
		}
	}
}

func TestDialIPv6(t *testing.T) {
	noLeaks(t)
	host := make(chan string, 1)
	addr := dialScript(t, greeting(func(r *http.Request) { host <- r.Host }))
	r := &routed{to: map[string]string{"*": addr}}
	wantGreeted(t, "ws://[fe80::1%25lo]:8080/", &Options{DialContext: r.dial})
	if got := <-host; got != "[fe80::1]:8080" || r.dialed()[0] != "[fe80::1%lo]:8080" {
		t.Errorf("Host %q, dialed %q", got, r.dialed())
	}
}
