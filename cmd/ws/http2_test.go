package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

// The server speaks both versions on one port, and each client gets the one that it asks for.
func TestServeHTTP2(t *testing.T) {
	for name, test := range map[string]struct {
		serve, trust []string
		scheme       string
	}{
		"clear": {nil, nil, "ws://"},
		"TLS":   {[]string{"-tls"}, []string{"-insecure"}, "wss://"},
	} {
		t.Run(name, func(t *testing.T) {
			url, server := start(t, append(test.serve, "-http2", "-v")...)
			if !strings.HasPrefix(url, test.scheme) {
				t.Fatalf("the server is at %s", url)
			}
			dial := append([]string{"dial", "-v", url}, test.trust...)
			e := ws(t, "two\nlines\n", append(dial, "-http2")...)
			e.want(t, "two\nlines\n", "* connected (HTTP/2, permessage-deflate)\n", exitFine)
			for _, line := range []string{"*   :method: CONNECT\n", "*   :protocol: websocket\n", "*   HTTP/2 200 OK\n", "* ended: closed by us: 1000\n"} {
				if !strings.Contains(e.stderr, line) {
					t.Errorf("-v does not say %q:\n%s", line, e.stderr)
				}
			}
			e = ws(t, "one\n", dial...)
			e.want(t, "one\n", "* connected (permessage-deflate)\n", exitFine)
			for _, line := range []string{"* request:\n", "*   Sec-Websocket-Version: 13\n", "*   HTTP/1.1 101 Switching Protocols\n"} {
				if !strings.Contains(e.stderr, line) {
					t.Errorf("-v does not say %q:\n%s", line, e.stderr)
				}
			}
			log := logOf(t, server)
			for _, line := range []string{"msg=accepted socket=1 over=HTTP/2 peer=127.0.0.1:", "msg=accepted socket=2 over=HTTP/1.1 peer=127.0.0.1:", "msg=ended socket=1 over=HTTP/2"} {
				if !strings.Contains(log, line) {
					t.Errorf("the server does not say %q", line)
				}
			}
		})
	}
}

// Without -http2 the server speaks HTTP/1.1, whatever the client likes.
func TestServeHTTP1(t *testing.T) {
	secure, _ := start(t, "-tls")
	ws(t, "", "dial", "-http2", "-insecure", secure).want(t, "", `the server has chosen "http/1.1", and not h2 (ALPN)`+"\nWithout -http2, ws dial uses HTTP/1.1.\n", exitFailed)
	ws(t, "safe\n", "dial", "-insecure", secure).want(t, "safe\n", "", exitFine)
	clear, _ := start(t)
	ws(t, "", "dial", "-http2", clear).want(t, "", "no WebSocket over HTTP/2: the server answers in HTTP/1.1\nWithout -http2, ws dial uses HTTP/1.1.\n", exitFailed)
}

// SIGTERM closes the streams as it closes connections.
func TestServeHTTP2Shutdown(t *testing.T) {
	url, server := start(t, "-http2")
	pool := &websocket.HTTP2Pool{Require: true, PriorKnowledge: true}
	defer pool.Close()
	var streams []*websocket.Conn
	for range 3 {
		c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTP2: pool})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		streams = append(streams, c)
	}
	terminate(t, server)
	for _, c := range streams {
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("a client's read: %v", err)
		}
	}
	if err := server.Wait(); err != nil {
		t.Errorf("the server: %v", err)
	}
}

// browser is what one accepts.
const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

// get asks for a page.
func get(t *testing.T, client *http.Client, url, accept string) (resp *http.Response, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	if resp, err = client.Do(r); err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// A browser that opens the address gets a page; whoever does not browse gets what a WebSocket
// server has to say.
func TestServePage(t *testing.T) {
	url, _ := start(t, "-http2", "-tls")
	url = "https" + strings.TrimPrefix(url, "wss")
	for _, http2 := range []bool{true, false} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: http2}}
		if resp, body := get(t, client, url, browser); resp.StatusCode != 200 || body != string(page) || (resp.ProtoMajor == 2) != http2 {
			t.Errorf("%s, %s, %.100q", resp.Proto, resp.Status, body)
		}
		for path, accept := range map[string]string{"": "*/*", "favicon.ico": browser} {
			if resp, body := get(t, client, url+path, accept); resp.StatusCode < 400 {
				t.Errorf("/%s for %s: %s, %.100q", path, accept, resp.Status, body)
			}
		}
		client.CloseIdleConnections()
	}
}

// The certificate of -tls is for this machine, by its name and its addresses.
func TestServeTLS(t *testing.T) {
	url, _ := start(t, "-tls", "-listen", ":0")
	isFor := func(host string) error {
		t.Helper()
		c, err := tls.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "wss://"), "/"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].VerifyHostname(host)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := isFor(host); err != nil {
			t.Error(err)
		}
	}
	if isFor("a.example") == nil {
		t.Error("it is for others as well")
	}
}

// http2Serving is serving for clients that begin with HTTP/2.
func http2Serving(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http:", "ws:", 1)
}

// What stops people who try HTTP/2 for the first time is told with what mends it.
func TestDialHTTP2Hints(t *testing.T) {
	// Settings without that of RFC 8441, as of most servers.
	plain := tcpServer(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "\x00\x00\x00\x04\x00\x00\x00\x00\x00")
		_, _ = io.Copy(io.Discard, c)
	})
	hangsUp := tcpServer(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) })
	alert := tcpServer(t, answering("\x15\x03\x01\x00\x02\x02\x46\x00\x00\x00\x00\x00"))
	mute := tcpServer(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	onlyHTTP2 := tcpServer(t, func(c net.Conn) { _ = websocket.ServeHTTP2(c, echo, nil) })
	onlyALPN := tcpServer(t, func(c net.Conn) {
		// With "h2" Go would go on without ALPN. Most send this alert.
		_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate(t)}, NextProtos: []string{"not http/1.1"}}).Handshake()
	})
	mux := http.NewServeMux()
	mux.Handle("GET /ws", websocket.Handler(echo, nil))
	mux.Handle("/other", http.NotFoundHandler())
	routes := http2Serving(t, mux)
	for _, test := range []struct{ name, args, hint string }{
		{"no RFC 8441", "-http2 ws://" + plain, "no WebSocket over HTTP/2: the server does not offer extended CONNECT (RFC 8441 §3: SETTINGS_ENABLE_CONNECT_PROTOCOL)\nWithout -http2, ws dial uses HTTP/1.1. Servers that can often have it switched off: http2xconnect in Go, H2WebSockets in Apache.\n"},
		{"hangs up", "-http2 ws://" + hangsUp, "the connection has ended before SETTINGS came: connection closed\nIs it wss://" + hangsUp + "/? Without -http2, ws dial uses HTTP/1.1.\n"},
		{"TLS that sends an alert", "-http2 ws://" + alert, "\nIs it wss://" + alert + "/? Without -http2, ws dial uses HTTP/1.1.\n"},
		{"no answer", "-http2 -t 50ms ws://" + mute, "waiting for the settings of HTTP/2: no answer within 50ms (-t)\n"},
		{"only HTTP/2", "ws://" + onlyHTTP2, "the server answers in HTTP/2, and not in HTTP/1.1 (RFC 9112 §2)\n-http2 speaks it.\n"},
		{"only HTTP/2 over TLS", "-insecure wss://" + onlyALPN, "TLS: the server says: no application protocol\nDoes it speak only HTTP/2? That is -http2.\n"},
		{"a route for GET", "-http2 " + routes + "/ws", "server answered 405 Method Not Allowed: since HTTP/2 the method of a WebSocket is CONNECT; is the route for GET only?\n"},
		{"no route", "-http2 " + routes + "/other", "server answered 404 Not Found\nThe server says:\n  404 page not found\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := ws(t, "", append([]string{"dial"}, strings.Fields(test.args)...)...)
			e.want(t, "", test.hint, exitFailed)
			if found := identifier.FindString(e.stderr); found != "" {
				t.Errorf("%q is for programmers:\n%s", found, e.stderr)
			}
		})
	}
}

// A stream ends in its own ways.
func TestDialHTTP2Endings(t *testing.T) {
	vanishes := func(_ context.Context, c *websocket.Conn) error { return c.CloseNow() }
	url := http2Serving(t, websocket.Handler(vanishes, nil))
	ws(t, "", "dial", "-http2", "-wait", "10s", url).want(t, "", "the server ended the stream without a Close frame\n", exitFailed)
	says := func(context.Context, *websocket.Conn) error {
		return websocket.CloseError{Code: 1001, Reason: "restart"}
	}
	url = http2Serving(t, websocket.Handler(says, nil))
	ws(t, "", "dial", "-http2", "-wait", "10s", url).want(t, "", `ws dial: closed by the server: 1001 "restart"`+"\n", exitFine)

	// Without net/http, a stream is reset.
	resets := tcpServer(t, func(c net.Conn) { _ = websocket.ServeHTTP2(c, vanishes, nil) })
	ws(t, "", "dial", "-http2", "-wait", "10s", "ws://"+resets).want(t, "", "ws dial: the server reset the stream: RST_STREAM with CANCEL, without a Close frame\n", exitFailed)
	hangsUp := tcpServer(t, func(c net.Conn) {
		_ = websocket.ServeHTTP2(c, func(ctx context.Context, stream *websocket.Conn) error {
			return errors.Join(stream.Ping(ctx), c.(*net.TCPConn).CloseWrite()) // the client has the response then
		}, nil)
	})
	ws(t, "", "dial", "-http2", "-wait", "10s", "ws://"+hangsUp).want(t, "", "ws dial: the HTTP/2 connection has ended: the server ended TCP, without a Close frame\n", exitFailed)
}

// certificate is one that somebody has made for themselves.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	c, err := selfSigned(nil)
	if err != nil {
		t.Error(err)
	}
	return c
}
