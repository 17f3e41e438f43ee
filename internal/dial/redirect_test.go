package dial

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
)

// redirectSite is a server under every name, plain and with TLS, that redirects
// /to?status=302&u=URL and accepts everything else.
type redirectSite struct {
	plain, secure *httptest.Server
	routed        routed

	mu   sync.Mutex
	seen []*http.Request
}

func newRedirectSite(t *testing.T) *redirectSite {
	s := &redirectSite{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r)
		s.mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "c" + strconv.Itoa(len(s.seen)), Value: "1"})
		if r.URL.Path == "/to" {
			status, _ := strconv.Atoi(r.FormValue("status"))
			w.Header().Set("Location", r.FormValue("u"))
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "moved")
			return
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, switching(r, "Set-Cookie: last=1")+hello)
		_, _ = io.Copy(io.Discard, c)
	})
	s.plain, s.secure = httptest.NewServer(handler), httptest.NewTLSServer(handler)
	t.Cleanup(s.plain.Close)
	t.Cleanup(s.secure.Close)
	plain, secure := s.plain.Listener.Addr().String(), s.secure.Listener.Addr().String()
	s.routed.to = map[string]string{
		"*": plain, "a.example.com:443": secure, "b.example.com:443": secure,
	}
	return s
}

func (s *redirectSite) options() *Options {
	return &Options{
		DialContext: s.routed.dial, Proxy: noProxy,
		TLSConfig: s.secure.Client().Transport.(*http.Transport).TLSClientConfig,
	}
}

// requests returns those seen since the last call.
func (s *redirectSite) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

func redirectTo(from string, status int, to string) string {
	return from + "/to?status=" + strconv.Itoa(status) + "&u=" + url.QueryEscape(to)
}

func TestDialRedirects(t *testing.T) {
	noLeaks(t)
	s := newRedirectSite(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, test := range []struct{ from, to, dialed string }{
			{"ws://a.example.com", "/x", "a.example.com:80"},
			{"ws://a.example.com", "http://b.example.com/x", "b.example.com:80"},
			{"ws://a.example.com", "ws://b.example.com/x", "b.example.com:80"},
			{"ws://a.example.com", "//b.example.com:81/x", "b.example.com:81"},
			{"ws://a.example.com", "wss://a.example.com/x", "a.example.com:443"},
			{"wss://a.example.com", "https://b.example.com/x#fragment", "b.example.com:443"},
			{"ws://a.example.com", redirectTo("ws://b.example.com", 302, "ws://a.example.com/x"), "a.example.com:80"},
		} {
			resp := wantGreeted(t, redirectTo(test.from, status, test.to), s.options())
			dialed := s.routed.dialed()
			if resp.StatusCode != 101 || dialed[len(dialed)-1] != test.dialed || resp.Request.URL.Path != "/x" {
				t.Errorf("%d from %s to %s: dialed %s, %v", status, test.from, test.to, dialed, resp.Request.URL)
			}
			keys := make(map[string]bool)
			seen := s.requests()
			for _, r := range seen {
				keys[r.Header.Get("Sec-WebSocket-Key")] = true
			}
			if len(keys) != len(seen) || len(seen) < 2 {
				t.Errorf("%d requests with %d keys", len(seen), len(keys))
			}
		}
	}
}

// What was meant for one origin is not shown to another, even on the way back.
func TestDialRedirectSecrets(t *testing.T) {
	noLeaks(t)
	s := newRedirectSite(t)
	for _, test := range []struct {
		name, u string
		kept    []bool // at each hop
	}{
		{"same origin", redirectTo("ws://user:pass@a.example.com", 302, "/x"), []bool{true, true}},
		{"same origin, absolute", redirectTo("ws://user:pass@a.example.com:80", 302, "http://A.example.com/x"), []bool{true, true}},
		{"another host", redirectTo("ws://user:pass@a.example.com", 302, "ws://b.example.com/x"), []bool{true, false}},
		{"a host below", redirectTo("ws://user:pass@example.com", 302, "ws://b.example.com/x"), []bool{true, false}},
		{"another port", redirectTo("ws://user:pass@a.example.com", 302, "ws://a.example.com:81/x"), []bool{true, false}},
		{"another scheme", redirectTo("ws://user:pass@a.example.com", 302, "wss://a.example.com/x"), []bool{true, false}},
		{"there and back", redirectTo("ws://user:pass@a.example.com", 302, redirectTo("ws://b.example.com", 302, "ws://a.example.com/x")), []bool{true, false, false}},
		{"a user of the server's", redirectTo("ws://user:pass@a.example.com", 302, "ws://evil:evil@b.example.com/x"), []bool{true, false}},
	} {
		for _, explicit := range []bool{false, true} {
			opts := s.options()
			opts.Host = "virtual.example"
			opts.HTTPHeader = http.Header{"Cookie": {"secret=1"}, "X-Other": {"1"}, "Proxy-Authorization": {"x"}, "Www-Authenticate": {"x"}}
			if explicit {
				opts.HTTPHeader.Set("Authorization", "Bearer secret")
			}
			wantGreeted(t, test.u, opts)
			seen := s.requests()
			if len(seen) != len(test.kept) {
				t.Errorf("%s: %d requests", test.name, len(seen))
				continue
			}
			for i, r := range seen {
				for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Www-Authenticate"} {
					if got := r.Header.Get(name) != ""; got != test.kept[i] {
						t.Errorf("%s: request %d has %s: %v", test.name, i, name, got)
					}
				}
				if (r.Host == "virtual.example") != test.kept[i] || r.Header.Get("X-Other") != "1" {
					t.Errorf("%s: request %d has Host %s, X-Other %q", test.name, i, r.Host, r.Header.Get("X-Other"))
				}
			}
		}
	}
}

func TestDialRedirectRefused(t *testing.T) {
	noLeaks(t)
	s := newRedirectSite(t)
	loop := "ws://a.example.com/to?status=302&u="
	for _, test := range []struct {
		name, u  string
		most     int
		requests int
		err      string
	}{
		{"wss to ws", redirectTo("wss://a.example.com", 302, "ws://b.example.com/x"), 0, 1, "server answered 302 Found: redirect from wss to ws refused to ws://b.example.com/x"},
		{"https to http", redirectTo("https://a.example.com", 307, "http://a.example.com/x"), 0, 1, "redirect from wss to ws refused"},
		{"ws to wss to ws", redirectTo("ws://a.example.com", 302, redirectTo("wss://a.example.com", 302, "ws://a.example.com/x")), 0, 2, "redirect from wss to ws refused"},
		{"loop", loop, 0, 1, "server answered 302 Found"}, // Location is empty
		{"too many", redirectTo("ws://a.example.com", 302, redirectTo("ws://a.example.com", 302, redirectTo("ws://a.example.com", 302, "/x"))), 2, 3, "server answered 302 Found: redirected more than 2 times"},
		{"none wanted", redirectTo("ws://a.example.com", 302, "/x"), -1, 1, "server answered 302 Found"},
		{"another scheme", redirectTo("ws://a.example.com", 302, "ftp://b.example.com/x"), 0, 1, `Location: the URL has the scheme "ftp"`},
		{"no URL", redirectTo("ws://a.example.com", 302, "ws://%zz/"), 0, 1, "Location: malformed URL"},
		{"no redirect", redirectTo("ws://a.example.com", 300, "/x"), 0, 1, "server answered 300 Multiple Choices"},
	} {
		opts := s.options()
		opts.MaxRedirects = test.most
		resp, err := dialFailed(t, t.Context(), test.u, opts)
		if kindOf(err) != "refused" || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %v, want %q", test.name, err, test.err)
			continue
		}
		if body, _ := io.ReadAll(resp.Body); string(body) != "moved" {
			t.Errorf("%s: body %q", test.name, body)
		}
		if got := len(s.requests()); got != test.requests {
			t.Errorf("%s: %d requests, want %d", test.name, got, test.requests)
		}
		var bad *handshake.BadResponse
		if !errors.As(err, &bad) || bad.Status != resp.StatusCode {
			t.Errorf("%s: no BadResponse with the status", test.name)
		}
	}
}

func TestDialRedirectLoop(t *testing.T) {
	noLeaks(t)
	hops := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hops++
		http.Redirect(w, r, "/", http.StatusFound)
	}))
	defer s.Close()
	_, err := dialFailed(t, t.Context(), s.URL, nil)
	if kindOf(err) != "refused" || hops != 11 || !strings.Contains(err.Error(), "more than 10 times") {
		t.Errorf("%d hops, %v", hops, err)
	}
}

// DialContext sees the addresses that redirects lead to, after names were
// resolved: the place to keep off those that are not for the caller.
func TestDialRedirectControl(t *testing.T) {
	noLeaks(t)
	s := newRedirectSite(t)
	private := s.secure.Listener.Addr().String()
	forbidden := errors.New("forbidden")
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		if address == private {
			return forbidden
		}
		return nil
	}}
	opts := &Options{DialContext: dialer.DialContext}
	_, err := dialFailed(t, t.Context(), redirectTo("ws://"+s.plain.Listener.Addr().String(), 302, "ws://"+private), opts)
	if !errors.Is(err, forbidden) || kindOf(err) != "transport" || len(s.requests()) != 1 {
		t.Error(err)
	}
}

// The jar is asked and told at every hop, and when the server refuses.
func TestDialJar(t *testing.T) {
	noLeaks(t)
	s := newRedirectSite(t)
	jar, _ := cookiejar.New(nil)
	opts := s.options()
	opts.Jar = jar
	wantGreeted(t, redirectTo("ws://a.example.com", 302, redirectTo("ws://b.example.com", 302, "ws://a.example.com/x")), opts)
	var sent []string
	for _, r := range s.requests() {
		sent = append(sent, r.Header.Get("Cookie"))
	}
	if got := strings.Join(sent, "|"); got != "||c1=1" {
		t.Error("sent:", got)
	}
	names := ""
	for _, c := range jar.Cookies(&url.URL{Scheme: "http", Host: "a.example.com", Path: "/"}) {
		names += c.Name + " "
	}
	if names != "c1 last " {
		t.Error("kept:", names)
	}

	opts.MaxRedirects = -1
	jar, _ = cookiejar.New(nil)
	opts.Jar = jar
	_, _ = dialFailed(t, t.Context(), redirectTo("wss://a.example.com", 302, "/"), opts)
	if got := jar.Cookies(&url.URL{Scheme: "https", Host: "a.example.com"}); len(got) != 1 {
		t.Error("kept of a refusal:", got)
	}
}
