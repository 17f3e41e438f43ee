//lint:file-ignore SA1019 what is deprecated has users as well

package scenarios

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// accepting answers handshakes of any request, and closes when the client does.
func accepting(responseHeader http.Header) http.Handler {
	u := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, EnableCompression: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := u.Upgrade(w, r, responseHeader)
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(io.Discard, c.NetConn())
	})
}

// seeing is h, and shows each request to see.
func seeing(h http.Handler, see func(*http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		see(r)
		h.ServeHTTP(w, r)
	})
}

func serve(t *testing.T, h http.Handler) (s *httptest.Server, u string) {
	t.Helper()
	s = httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s, "ws" + strings.TrimPrefix(s.URL, "http")
}

func serveTLS(t *testing.T, h http.Handler) (s *httptest.Server, u string, trust *tls.Config) {
	t.Helper()
	s = httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, "wss" + strings.TrimPrefix(s.URL, "https"), &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
}

// script listens and answers the first bytes of each connection with text. Once that is
// sent it closes, unless the text is empty: then it waits for the client.
func script(t *testing.T, text string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer nc.Close()
				if _, err := http.ReadRequest(bufio.NewReader(nc)); err != nil {
					return
				}
				if text == "" {
					_, _ = io.Copy(io.Discard, nc)
				}
				_, _ = io.WriteString(nc, text)
			})
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	return l.Addr().String()
}

// dialed closes what a dial has led to, or fails the test.
func dialed(t *testing.T, c *websocket.Conn, resp *http.Response, err error) *http.Response {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	return resp
}

func TestDialRequest(t *testing.T) {
	var got *http.Request
	_, u := serve(t, seeing(accepting(nil), func(r *http.Request) { got = r }))
	_, host, _ := strings.Cut(u, "//")
	for _, test := range []struct {
		name   string
		d      websocket.Dialer
		url    string
		header http.Header
		want   map[string]string // fields and Host and path; empty: not there
	}{
		{"plain", websocket.Dialer{}, u, nil, map[string]string{
			"Host": host, "path": "/", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-Websocket-Version": "13",
			"User-Agent": "Go-http-client/1.1", "Origin": "", "Cookie": "", "Sec-Websocket-Protocol": "", "Sec-Websocket-Extensions": "",
		}},
		{"path", websocket.Dialer{}, u + "/a%2Fb/c?d=e%20f&g#fragment", nil, map[string]string{"path": "/a%2Fb/c?d=e%20f&g"}},
		{"header", websocket.Dialer{}, u, http.Header{
			"Origin": {"http://x"}, "Host": {"other.example"}, "Authorization": {"Bearer x\n"}, "User-Agent": {"me"}, "X-Two": {"1", "2"}, "Cookie": {"a=b"},
		}, map[string]string{
			"Origin": "http://x", "Host": "other.example", "Authorization": "Bearer x", "User-Agent": "me", "X-Two": "1|2", "Cookie": "a=b",
		}},
		{"no User-Agent", websocket.Dialer{}, u, http.Header{"User-Agent": {""}}, map[string]string{"User-Agent": ""}},
		{"subprotocols", websocket.Dialer{Subprotocols: []string{"a", "b"}}, u, nil, map[string]string{"Sec-Websocket-Protocol": "a, b"}},
		{"a subprotocol of Kubernetes'", websocket.Dialer{Subprotocols: []string{"SPDY/3.1+portforward.k8s.io"}}, u, nil, map[string]string{"Sec-Websocket-Protocol": "SPDY/3.1+portforward.k8s.io"}},
		{"subprotocols in one string", websocket.Dialer{Subprotocols: []string{"a, b"}}, u, nil, map[string]string{"Sec-Websocket-Protocol": "a, b"}},
		{"subprotocols in the header", websocket.Dialer{}, u, http.Header{"Sec-Websocket-Protocol": {"a, b"}}, map[string]string{"Sec-Websocket-Protocol": "a, b"}},
		{"what a proxy has cloned", websocket.Dialer{}, u, http.Header{"Content-Length": {"0"}, "Transfer-Encoding": {"chunked"}}, map[string]string{"Content-Length": "", "Transfer-Encoding": ""}},
	} {
		c, resp, err := test.d.Dial(test.url, test.header)
		dialed(t, c, resp, err)
		for name, want := range test.want {
			value := strings.Join(got.Header[name], "|")
			switch name {
			case "Host":
				value = got.Host
			case "path":
				value = got.RequestURI
			case "Transfer-Encoding":
				value = strings.Join(got.TransferEncoding, "|")
			}
			if value != want {
				t.Errorf("%s: %s is %q, want %q", test.name, name, value, want)
			}
		}
	}
}

func TestDialCompression(t *testing.T) {
	offered := ""
	_, u := serve(t, seeing(accepting(nil), func(r *http.Request) { offered = r.Header.Get("Sec-Websocket-Extensions") }))
	d := websocket.Dialer{EnableCompression: true}
	c, resp, err := d.Dial(u, nil)
	dialed(t, c, resp, err)
	if !strings.HasPrefix(offered, "permessage-deflate; server_no_context_takeover; client_no_context_takeover") {
		t.Errorf("offered %q", offered)
	}
	if answer := resp.Header.Get("Sec-Websocket-Extensions"); !strings.HasPrefix(answer, "permessage-deflate") {
		t.Errorf("answered %q", answer)
	}
}

func TestDialResponse(t *testing.T) {
	_, u := serve(t, accepting(http.Header{"Set-Cookie": {"a=b"}, "Sec-Websocket-Protocol": {"p2"}}))
	d := websocket.Dialer{Subprotocols: []string{"p1", "p2"}}
	c, resp, err := d.Dial(u, nil)
	dialed(t, c, resp, err)
	if resp.StatusCode != 101 || resp.Header.Get("Set-Cookie") != "a=b" || c.Subprotocol() != "p2" {
		t.Errorf("%v %v, subprotocol %q", resp.Status, resp.Header, c.Subprotocol())
	}
	if body, err := io.ReadAll(resp.Body); err != nil || len(body) > 0 || resp.Body.Close() != nil {
		t.Errorf("body %q, %v", body, err)
	}
}

func TestDialHeaderTwice(t *testing.T) {
	for _, name := range []string{"Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol"} {
		d := websocket.Dialer{Subprotocols: []string{"a"}}
		_, resp, err := d.Dial("ws://127.0.0.1:1/", http.Header{name: {"x"}})
		if want := "websocket: duplicate header not allowed: " + name; err == nil || err.Error() != want || resp != nil {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestDialURL(t *testing.T) {
	for u, want := range map[string]string{
		"http://example.com":         "malformed ws or wss URL",
		"https://example.com":        "malformed ws or wss URL",
		"example.com":                "malformed ws or wss URL",
		"ws://user:pass@example.com": "malformed ws or wss URL",
		"ws://a b":                   `parse "ws://a b": invalid character " " in host name`,
	} {
		if _, _, err := new(websocket.Dialer).Dial(u, nil); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", u, err, want)
		}
	}
}

// Whatever is not a handshake comes back as it is.
func TestDialBadHandshake(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer string
		status int
		body   string
	}{
		{"refused", "HTTP/1.1 403 No\r\nContent-Length: 5\r\nX-Why: y\r\n\r\nsorry", 403, "sorry"},
		{"long body", "HTTP/1.1 500 No\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000), 500, strings.Repeat("x", 1024)},
		{"without length", "HTTP/1.1 401 No\r\n\r\nuntil the end", 401, "until the end"},
		{"redirect", "HTTP/1.1 302 There\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, ""},
		{"no upgrade", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
	} {
		c, resp, err := new(websocket.Dialer).Dial("ws://"+script(t, test.answer), nil)
		if c != nil || err != websocket.ErrBadHandshake || resp == nil || resp.StatusCode != test.status {
			t.Errorf("%s: %v, %v, %v", test.name, c, resp, err)
			continue
		}
		if body, err := io.ReadAll(resp.Body); string(body) != test.body || err != nil || resp.Body.Close() != nil {
			t.Errorf("%s: body %q, %v", test.name, body, err)
		}
	}
	// A 101 that does not answer the key.
	_, resp, err := new(websocket.Dialer).Dial("ws://"+script(t, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"), nil)
	if !errors.Is(err, websocket.ErrBadHandshake) || resp == nil || resp.StatusCode != 101 {
		t.Errorf("%v, %v", resp, err)
	}
	if websocket.ErrBadHandshake.Error() != "websocket: bad handshake" {
		t.Error(websocket.ErrBadHandshake)
	}
}

// A server that names other protocols beside websocket is accepted.
func TestDialUpgradeList(t *testing.T) {
	_, u := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := upgrade(t, &websocket.Upgrader{}, r, nil)
		w.Header()["Sec-Websocket-Accept"] = got.response.Header["Sec-Websocket-Accept"]
		w.Header().Set("Upgrade", "foo, websocket")
		w.Header().Set("Connection", "upgrade, keep-alive")
		w.WriteHeader(http.StatusSwitchingProtocols)
	}))
	c, resp, err := new(websocket.Dialer).Dial(u, nil)
	dialed(t, c, resp, err)
}

func TestDialJar(t *testing.T) {
	sent := ""
	_, u := serve(t, seeing(accepting(http.Header{"Set-Cookie": {"received=2"}}), func(r *http.Request) { sent = r.Header.Get("Cookie") }))
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	site, _ := url.Parse("http" + strings.TrimPrefix(u, "ws"))
	jar.SetCookies(site, []*http.Cookie{{Name: "sent", Value: "1"}})
	d := websocket.Dialer{Jar: jar}
	c, resp, err := d.Dial(u, nil)
	dialed(t, c, resp, err)
	if got := fmt.Sprint(jar.Cookies(site)); sent != "sent=1" || !strings.Contains(got, "received=2") {
		t.Errorf("sent %q, and the jar has %s", sent, got)
	}
	c, resp, err = d.Dial(u, http.Header{"Cookie": {"own=3"}})
	dialed(t, c, resp, err)
	if sent != "own=3" {
		t.Errorf("the caller's cookie was to be sent, not %q", sent)
	}
}

// Nothing but DefaultDialer looks at the environment.
func TestDialDefaults(t *testing.T) {
	d := websocket.DefaultDialer
	if d.HandshakeTimeout != 45*time.Second || d.Proxy == nil {
		t.Errorf("%+v", d)
	}
	_, u := serve(t, accepting(nil))
	var none *websocket.Dialer
	c, resp, err := none.Dial(u, nil)
	dialed(t, c, resp, err)
	c, resp, err = none.DialContext(t.Context(), u, nil)
	dialed(t, c, resp, err)
	// What a nil Dialer means does not change with the variable.
	own := &websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return nil, errors.New("mine") }}
	websocket.DefaultDialer = own
	defer func() { websocket.DefaultDialer = d }()
	c, resp, err = none.Dial(u, nil)
	dialed(t, c, resp, err)
}

func TestDialTrace(t *testing.T) {
	_, u, trust := serveTLS(t, accepting(nil))
	var seen []string
	note := func(what string) { seen = append(seen, what) }
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn:              func(string) { note("GetConn") },
		ConnectDone:          func(string, string, error) { note("ConnectDone") },
		TLSHandshakeStart:    func() { note("TLSHandshakeStart") },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { note("TLSHandshakeDone") },
		GotConn:              func(httptrace.GotConnInfo) { note("GotConn") },
		WroteHeaders:         func() { note("WroteHeaders") },
		WroteRequest:         func(httptrace.WroteRequestInfo) { note("WroteRequest") },
		GotFirstResponseByte: func() { note("GotFirstResponseByte") },
	})
	d := websocket.Dialer{TLSClientConfig: trust}
	c, resp, err := d.DialContext(ctx, u, nil)
	dialed(t, c, resp, err)
	slices.Sort(seen)
	want := "ConnectDone GetConn GotConn GotFirstResponseByte TLSHandshakeDone TLSHandshakeStart WroteHeaders WroteRequest"
	if got := strings.Join(slices.Compact(seen), " "); got != want {
		t.Errorf("seen %s, want %s", got, want)
	}
}

func TestNewClient(t *testing.T) {
	s, u := serve(t, accepting(http.Header{"X-Here": {"1"}}))
	nc, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse(u + "/path")
	c, resp, err := websocket.NewClient(nc, at, http.Header{"Origin": {"http://x"}}, 1024, 1024)
	if dialed(t, c, resp, err).Header.Get("X-Here") != "1" || c.NetConn() != nc {
		t.Error("another connection or response")
	}
}
