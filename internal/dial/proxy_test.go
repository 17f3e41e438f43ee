package dial

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// tinyProxy is an HTTP or SOCKS5 proxy that leads everywhere to one server.
type tinyProxy struct {
	server      string // where it leads
	credentials string // "user:password"; empty: none wanted
	glue        string // comes with the reply that opens the tunnel

	asked  string // where it was asked to lead to
	header http.Header
}

// tunnel copies until either side ends.
func (x *tinyProxy) tunnel(p *dialPeer) {
	s, err := net.Dial("tcp", x.server)
	if err != nil {
		return
	}
	defer s.Close()
	go func() {
		defer s.Close()
		_, _ = io.Copy(s, p.br)
	}()
	_, _ = io.Copy(p, s)
}

func (x *tinyProxy) basic() string {
	user, password, _ := strings.Cut(x.credentials, ":")
	return basicAuth(url.UserPassword(user, password))
}

// http is the script of an HTTP proxy.
func (x *tinyProxy) http(p *dialPeer) {
	req := p.request()
	if req == nil {
		return
	}
	x.asked, x.header = req.Method+" "+req.RequestURI+" "+req.Host, req.Header
	if x.credentials != "" && req.Header.Get("Proxy-Authorization") != x.basic() {
		_, _ = io.WriteString(p, "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nwho?")
		return
	}
	_, _ = io.WriteString(p, "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"+x.glue)
	x.tunnel(p)
}

// socks is the script of a SOCKS5 proxy (RFC 1928, RFC 1929).
func (x *tinyProxy) socks(p *dialPeer) {
	var in [512]byte
	read := func(n int) []byte { _, _ = io.ReadFull(p.br, in[:n]); return in[:n] }
	methods := string(read(int(read(2)[1])))
	if x.credentials == "" {
		_, _ = p.Write([]byte{5, 0})
	} else if !strings.Contains(methods, "\x02") {
		_, _ = p.Write([]byte{5, 0xff})
		return
	} else {
		_, _ = p.Write([]byte{5, 2})
		user := string(read(int(read(2)[1])))
		password := string(read(int(read(1)[0])))
		if user+":"+password != x.credentials {
			_, _ = p.Write([]byte{1, 1})
			return
		}
		_, _ = p.Write([]byte{1, 0})
	}
	host := ""
	switch read(4)[3] {
	case 1:
		host = net.IP(read(4)).String()
	case 3:
		host = string(read(int(read(1)[0])))
	case 4:
		host = net.IP(read(16)).String()
	}
	x.asked = net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(read(2)))))
	_, _ = io.WriteString(p, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"+x.glue)
	x.tunnel(p)
}

func greetingTLS(t *testing.T) (addr string, trust, own *tls.Config) {
	s := httptest.NewTLSServer(nil)
	s.Close()
	addr = dialScript(t, func(p *dialPeer) {
		c := tls.Server(p, &tls.Config{Certificates: s.TLS.Certificates})
		greeting(nil)(&dialPeer{Conn: c, br: bufio.NewReader(c)})
		_, _ = io.Copy(io.Discard, c)
	})
	return addr, s.Client().Transport.(*http.Transport).TLSClientConfig, s.TLS
}

func TestDialProxies(t *testing.T) {
	noLeaks(t)
	plain := dialScript(t, greeting(nil))
	secure, trust, own := greetingTLS(t)

	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		for _, test := range []struct {
			u, asked string
		}{
			{"ws://a.example.com/", "a.example.com:80"},
			{"wss://a.example.com/", "a.example.com:443"},
			{"ws://bücher.example.com:81/", "xn--bcher-kva.example.com:81"},
			{"ws://[fe80::1%25eth0]/", "[fe80::1]:80"},
			{"ws://192.0.2.1/", "192.0.2.1:80"},
		} {
			for _, credentials := range []string{"", "user:p%40ss"} {
				x := &tinyProxy{server: plain, credentials: strings.Replace(credentials, "%40", "@", 1)} // in a URL encoded
				if strings.HasPrefix(test.u, "wss") {
					x.server = secure
				}
				script, asked := x.http, "CONNECT "+test.asked+" "+test.asked
				switch scheme {
				case "https":
					script = func(p *dialPeer) {
						c := tls.Server(p, own)
						x.http(&dialPeer{Conn: c, br: bufio.NewReader(c)})
					}
				case "socks5", "socks5h":
					script, asked = x.socks, test.asked
				}
				addr := dialScript(t, script)
				u := scheme + "://" + addr
				if credentials != "" {
					u = scheme + "://" + credentials + "@" + addr
				}
				r := &routed{to: map[string]string{addr: addr}} // the way there is by DialContext too
				config := trust.Clone()
				config.NextProtos = nil
				wantGreeted(t, test.u, &Options{
					Proxy: fixedProxy(u), DialContext: r.dial, TLSConfig: config,
					ProxyHeader: http.Header{"X-Proxy": {"1"}}, HTTPHeader: http.Header{"X-Server": {"1"}},
				})
				if x.asked != asked {
					t.Errorf("%s to %s: asked %q, want %q", scheme, test.u, x.asked, asked)
				}
				if x.header != nil && (x.header.Get("X-Proxy") != "1" || x.header.Get("X-Server") != "" || x.header.Get("Sec-WebSocket-Key") != "") {
					t.Errorf("%s: header of CONNECT: %v", scheme, x.header)
				}
			}
		}
	}
}

// DialTLSContext stands in for connecting and TLS where that comes first: at a wss server
// without a proxy, and at an https proxy.
func TestDialTLSContext(t *testing.T) {
	noLeaks(t)
	plain := dialScript(t, greeting(nil))
	secure, trust, own := greetingTLS(t)
	for _, test := range []struct {
		u, proxy string
		by       string // who dials
	}{
		{"ws://example.com/", "", "plain example.com:80"},
		{"wss://example.com/", "", "TLS example.com:443"},
		{"wss://example.com/", "http", "plain proxy"},
		{"wss://example.com/", "socks5", "plain proxy"},
		{"wss://example.com/", "https", "TLS proxy"},
		{"ws://example.com/", "https", "TLS proxy"},
	} {
		server := plain
		if strings.HasPrefix(test.u, "wss") {
			server = secure
		}
		x, proxy := &tinyProxy{server: server}, ""
		switch test.proxy {
		case "http":
			proxy = dialScript(t, x.http)
		case "socks5":
			proxy = dialScript(t, x.socks)
		case "https":
			proxy = dialScript(t, func(p *dialPeer) {
				c := tls.Server(p, own)
				x.http(&dialPeer{Conn: c, br: bufio.NewReader(c)})
			})
		}
		by := ""
		dialed := func(how, addr string) (net.Conn, error) {
			to := server
			if addr == proxy {
				to, addr = proxy, "proxy"
			}
			by += how + " " + addr
			return net.Dial("tcp", to)
		}
		opts := &Options{
			Proxy:     noProxy,
			TLSConfig: trust,
			DialContext: func(_ context.Context, _, addr string) (net.Conn, error) {
				return dialed("plain", addr)
			},
			DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
				nc, err := dialed("TLS", addr)
				if err != nil {
					return nil, err
				}
				config := trust.Clone()
				config.ServerName = "example.com"
				c := tls.Client(nc, config)
				return c, c.HandshakeContext(ctx)
			},
		}
		if proxy != "" {
			opts.Proxy = fixedProxy(test.proxy + "://" + proxy)
		}
		wantGreeted(t, test.u, opts)
		if by != test.by {
			t.Errorf("%s by a proxy of %q: dialed %q, want %q", test.u, test.proxy, by, test.by)
		}
	}
}

func TestDialTLSContextFails(t *testing.T) {
	noLeaks(t)
	no := errors.New("no")
	_, err := dialFailed(t, t.Context(), "wss://example.com/", &Options{
		Proxy:          noProxy,
		DialContext:    unreachable(t),
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return nil, no },
	})
	step, ok := errors.AsType[*StepError](err)
	if !ok || step.Step != "connecting" || step.Err != no || step.Raw != no {
		t.Errorf("%+v, %v", step, err)
	}
}

// A server name that the caller demands is the server's, not the proxy's.
func TestDialProxyServerName(t *testing.T) {
	noLeaks(t)
	secure, trust, own := greetingTLS(t)
	x := &tinyProxy{server: secure}
	addr := dialScript(t, func(p *dialPeer) {
		c := tls.Server(p, own)
		x.http(&dialPeer{Conn: c, br: bufio.NewReader(c)})
	})
	config := trust.Clone()
	config.ServerName = "example.org"
	_, err := dialFailed(t, t.Context(), "wss://example.com/", &Options{Proxy: fixedProxy("https://" + addr), TLSConfig: config})
	if kindOf(err) != "transport" || err == nil || !strings.Contains(err.Error(), "example.org") {
		t.Error(err)
	}
}

// What comes glued to the reply of the proxy is what the server said first.
func TestDialProxyGlued(t *testing.T) {
	noLeaks(t)
	plain := dialScript(t, greeting(nil))
	early := "HTTP/1.1 103 x\r\nA: " + strings.Repeat("b", 9000) + "\r\n\r\n"
	x := &tinyProxy{server: plain, glue: early}
	for scheme, script := range map[string]func(*dialPeer){"http": x.http, "socks5": x.socks} {
		addr := dialScript(t, script)
		wantGreeted(t, "ws://example.com/", &Options{Proxy: fixedProxy(scheme + "://" + addr)})
		x.glue = "this is no TLS"
		_, err := dialFailed(t, t.Context(), "wss://example.com/", &Options{Proxy: fixedProxy(scheme + "://" + addr)})
		var record tls.RecordHeaderError
		if !errors.As(err, &record) || string(record.RecordHeader[:]) != "this " {
			t.Errorf("%s: %v", scheme, err)
		}
		x.glue = early
	}
}

func TestDialProxyRefuses(t *testing.T) {
	noLeaks(t)
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	x := &tinyProxy{server: "127.0.0.1:1", credentials: "user:pass"}
	reply := func(s string) func(*dialPeer) {
		return func(p *dialPeer) { p.request(); _, _ = io.WriteString(p, s) }
	}
	for _, test := range []struct {
		name, scheme string
		user         string
		script       func(*dialPeer)
		err          string
		status       int
	}{
		{"no credentials", "http", "", x.http, "answered 407 Proxy Authentication Required", 407},
		{"wrong credentials", "http", "user:secret@", x.http, "answered 407 Proxy Authentication Required", 407},
		{"no such host", "http", "", reply("HTTP/1.1 502 x\r\nContent-Length: 4\r\n\r\nwho?"), "answered 502 Bad Gateway", 502},
		{"101", "http", "", reply("HTTP/1.1 101 x\r\n\r\n"), "answered 101 Switching Protocols", 101},
		{"not HTTP", "http", "", reply("SSH-2.0\r\n\r\n"), "malformed HTTP response", 0},
		{"endless", "http", "", reply("HTTP/1.1 200 x\r\n" + strings.Repeat("a: b\r\n", 20000)), "larger than 65536 bytes", 0},
		{"no TLS", "https", "", func(p *dialPeer) { _, _ = io.WriteString(p, "HTTP/1.1 400 x\r\n\r\n") }, "TLS: ", 0},
		{"SOCKS, no credentials", "socks5", "", x.socks, "SOCKS greeting: no acceptable authentication methods", 0},
		{"SOCKS, wrong credentials", "socks5", "user:secret@", x.socks, "SOCKS authentication: username/password authentication failed", 0},
		{"half a reply", "http", "", func(p *dialPeer) { p.request(); _, _ = io.WriteString(p, "HTTP/1.1 2"); _ = p.Close() }, "unexpected EOF", 0},
		{"nobody there", "http", "user:secret@", nil, "connection refused", 0},
	} {
		addr := dead.Addr().String()
		if test.script != nil {
			addr = dialScript(t, test.script)
		}
		resp, err := dialFailed(t, t.Context(), "ws://example.com/", &Options{Proxy: fixedProxy(test.scheme + "://" + test.user + addr)})
		var proxy *ProxyError
		if resp != nil || kindOf(err) != "proxy" || !errors.As(err, &proxy) || proxy.Proxy != test.scheme+"://"+addr {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, test.err) || strings.Contains(text, "secret") {
			t.Errorf("%s: %q, want %q", test.name, text, test.err)
		}
		if proxy.Response == nil != (test.status == 0) {
			t.Errorf("%s: response %v", test.name, proxy.Response)
		}
		if proxy.Response != nil {
			body, _ := io.ReadAll(proxy.Response.Body)
			if proxy.Response.StatusCode != test.status || test.status > 400 && string(body) != "who?" {
				t.Errorf("%s: %d with %q", test.name, proxy.Response.StatusCode, body)
			}
		}
	}
}

func TestDialProxyChoice(t *testing.T) {
	sorry := errors.New("sorry")
	for _, test := range []struct {
		proxy func(*http.Request) (*url.URL, error)
		err   string
	}{
		{func(*http.Request) (*url.URL, error) { return nil, sorry }, "choosing the proxy: sorry"},
		{fixedProxy("ftp://p/"), `choosing the proxy: its scheme is "ftp"`},
		{fixedProxy("http://a\"b/"), "choosing the proxy: host"},
	} {
		_, err := dialFailed(t, t.Context(), "ws://example.com/", &Options{Proxy: test.proxy, DialContext: unreachable(t)})
		if err == nil || kindOf(err) != "transport" || !strings.Contains(err.Error(), test.err) {
			t.Errorf("%v, want %q", err, test.err)
		}
	}
}

func TestDialProxyFromEnvironment(t *testing.T) {
	for _, name := range []string{"http_proxy", "https_proxy", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	t.Setenv("HTTP_PROXY", "http://plain.proxy:3128")
	t.Setenv("HTTPS_PROXY", "socks5://secure.proxy")
	t.Setenv("NO_PROXY", "direct.example")
	for _, test := range []struct{ u, dialed string }{
		{"ws://example.com/", "plain.proxy:3128"},
		{"http://example.com/", "plain.proxy:3128"},
		{"wss://example.com/", "secure.proxy:1080"},
		{"ws://direct.example/", "direct.example:80"},
		{"ws://localhost/", "localhost:80"},
	} {
		r := &routed{}
		_, err := dialFailed(t, t.Context(), test.u, &Options{DialContext: r.dial})
		if err == nil || len(r.dialed()) != 1 || r.dialed()[0] != test.dialed {
			t.Errorf("%s: dialed %v, want %s", test.u, r.dialed(), test.dialed)
		}
	}
	r := &routed{}
	_, _ = dialFailed(t, t.Context(), "ws://example.com/", &Options{DialContext: r.dial, Proxy: noProxy})
	if r.dialed()[0] != "example.com:80" {
		t.Error("dialed", r.dialed())
	}
}

// The stream is the socket itself, whatever the route.
func TestDialProxySocket(t *testing.T) {
	noLeaks(t)
	plain := dialScript(t, greeting(nil))
	x := &tinyProxy{server: plain}
	for scheme, script := range map[string]func(*dialPeer){"http": x.http, "socks5": x.socks} {
		r, err := Dial(context.Background(), "ws://example.com/", &Options{Proxy: fixedProxy(scheme + "://" + dialScript(t, script))})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := r.Stream.(*net.TCPConn); !ok {
			t.Errorf("%s: %T", scheme, r.Stream)
		}
		_ = r.Stream.Close()
	}
}
