package dial

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/handshake"
)

func TestDialClient(t *testing.T) {
	noLeaks(t)
	s := newRedirectSite(t)
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{DialContext: s.routed.dial, TLSClientConfig: s.options().TLSConfig, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Jar: jar, Timeout: time.Hour}
	opts := &Options{HTTPClient: client, Host: "virtual.example", HTTPHeader: http.Header{"X-A": {"1"}}, Subprotocols: []string{"a"}}
	for _, u := range []string{"ws://user:pass@[fe80::1%25eth0]:81/x", "ws://user:pass@a.example.com/x", "http://user:pass@a.example.com/x", "wss://user:pass@a.example.com/x"} {
		wantGreeted(t, u, opts)
		r := s.requests()[0]
		user, pass, _ := r.BasicAuth()
		if r.Host != "virtual.example" || user != "user" || pass != "pass" || r.Header.Get("X-A") != "1" || r.Header.Get("Sec-WebSocket-Protocol") != "a" {
			t.Errorf("%s: %s %v", u, r.Host, r.Header)
		}
	}
	for _, to := range []string{"ws://b.example.com/x", "wss://b.example.com/x", "/x"} {
		wantGreeted(t, redirectTo("ws://a.example.com", 302, to), opts)
		if seen := s.requests(); len(seen) != 2 {
			t.Errorf("to %s: %d requests", to, len(seen))
		}
	}
	if jar.Cookies(&url.URL{Scheme: "http", Host: "b.example.com", Path: "/"}) == nil {
		t.Error("the jar of the client was left out")
	}
	if client.Timeout != time.Hour || client.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}

func TestDialClientFails(t *testing.T) {
	noLeaks(t)
	s := newRedirectSite(t)
	transport := &http.Transport{DialContext: s.routed.dial, TLSClientConfig: s.options().TLSConfig}
	defer transport.CloseIdleConnections()
	stop := errors.New("stop")
	loop := "/to?status=302&u=" + url.QueryEscape("http://loop.example/")
	s.routed.to["loop.example:80"] = dialScript(t, func(p *dialPeer) {
		for p.request() != nil {
			_, _ = io.WriteString(p, "HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: /\r\n\r\n")
		}
	})
	s.routed.to["bad.example:80"] = dialScript(t, answer("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"))
	s.routed.to["no.example:80"] = dialScript(t, answer("HTTP/1.1 403 x\r\nContent-Length: 2000\r\n\r\n"+strings.Repeat("x", 2000)))
	for _, test := range []struct {
		name, u string
		check   func(*http.Request, []*http.Request) error
		kind    string
		err     string
		is      error
		body    int
	}{
		{"refused", "ws://user:secret@no.example/?secret", nil, "refused", "ws://no.example/: server answered 403 Forbidden", nil, 1024},
		{"bad 101", "ws://bad.example/", nil, "protocol", "Sec-WebSocket-Accept comes 0 times", nil, 0},
		{"wss to ws", redirectTo("wss://a.example.com", 302, "ws://b.example.com/x"), nil, "refused", "redirect from wss to ws", errDowngrade, 0},
		{"loop", "ws://a.example.com" + loop, nil, "refused", "redirected more than 10 times", nil, 0},
		{"CheckRedirect", "ws://a.example.com" + loop, func(*http.Request, []*http.Request) error { return stop }, "refused", "stop", stop, 0},
		{"ErrUseLastResponse", "ws://a.example.com" + loop, func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, "refused", "server answered 302 Found", nil, 5},
	} {
		client := &http.Client{Transport: transport, CheckRedirect: test.check}
		resp, err := dialFailed(t, t.Context(), test.u, &Options{HTTPClient: client})
		if kindOf(err) != test.kind || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %s, %v", test.name, kindOf(err), err)
			continue
		}
		if test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: %v does not match %v", test.name, err, test.is)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || len(body) != test.body {
			t.Errorf("%s: body of %d, %v", test.name, len(body), err)
		}
	}
}

// bodyOnly is a transport whose 101 cannot be written to.
type bodyOnly struct{ closed chan struct{} }

func (b bodyOnly) Read([]byte) (int, error) { return 0, io.EOF }
func (b bodyOnly) Close() error             { close(b.closed); return nil }

func (b bodyOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(switching(r))), r)
	resp.Body = b
	return resp, err
}

func TestDialClientWithoutWritableBody(t *testing.T) {
	b := bodyOnly{make(chan struct{})}
	_, err := dialFailed(t, t.Context(), "ws://example.com/", &Options{HTTPClient: &http.Client{Transport: b}})
	if err == nil || !strings.Contains(err.Error(), "cannot be written to: dial.bodyOnly") {
		t.Error(err)
	}
	<-b.closed
}

// A RoundTripper that makes its response itself may leave the version of HTTP out.
func TestDialClientWithoutVersion(t *testing.T) {
	for _, proto := range []string{"", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0"} {
		near, far := net.Pipe()
		client := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			key := handshake.AcceptKey(req.Header.Get("Sec-WebSocket-Key"))
			resp := &http.Response{StatusCode: 101, Proto: proto, Body: near, Header: http.Header{
				"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {string(key[:])},
			}}
			resp.ProtoMajor, resp.ProtoMinor, _ = http.ParseHTTPVersion(proto)
			return resp, nil
		})}
		result, err := Dial(t.Context(), "ws://example.com/", &Options{HTTPClient: client})
		if good := proto == "" || proto == "HTTP/1.1"; good != (err == nil) {
			t.Errorf("%q: %v", proto, err)
		}
		if err == nil && result.Stream != io.ReadWriteCloser(near) {
			t.Errorf("%q: stream %v", proto, result.Stream)
		}
		_, _ = near.Close(), far.Close()
	}
}

// With an http.Transport the stream is the connection itself, and what came behind the response
// is kept.
func TestDialClientLeadsToTheConnection(t *testing.T) {
	noLeaks(t)
	for _, behind := range []string{"", hello, strings.Repeat(hello, 2000)} {
		addr := dialScript(t, answer(accepting+"\r\n"+behind))
		transport := &http.Transport{DisableKeepAlives: true}
		r, err := Dial(t.Context(), "ws://"+addr, &Options{HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := r.Stream.(*net.TCPConn); !ok {
			t.Errorf("the stream is a %T", r.Stream)
		}
		got := make([]byte, len(behind))
		if _, err := io.ReadFull(io.MultiReader(bytes.NewReader(r.Buffered), r.Stream), got); string(got) != behind || err != nil {
			t.Errorf("%d bytes: %d are behind the response, %v", len(behind), len(got), err)
		}
		_ = r.Stream.Close()
	}
}

// ownConn is a connection of the application's: nobody knows what its deadlines do.
type ownConn struct{ net.Conn }

func (ownConn) SetDeadline(time.Time) error      { return nil }
func (ownConn) SetReadDeadline(time.Time) error  { return nil }
func (ownConn) SetWriteDeadline(time.Time) error { return nil }

// Where the deadlines may not work, also beneath TLS, the stream is the body.
func TestDialClientOfOwnConnections(t *testing.T) {
	near, far := net.Pipe()
	_ = far.Close()
	defer near.Close()
	for _, nc := range []net.Conn{ownConn{near}, tls.Client(ownConn{near}, nil)} {
		if hasDeadlines(nc) {
			t.Errorf("%T is taken for one whose deadlines work", nc)
		}
	}
	for _, nc := range []net.Conn{&net.TCPConn{}, &net.UnixConn{}, tls.Client(&net.TCPConn{}, nil)} {
		if !hasDeadlines(nc) {
			t.Errorf("%T is taken for one whose deadlines do not work", nc)
		}
	}
	noLeaks(t)
	addr := dialScript(t, answer(accepting+"\r\n"+hello))
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, addr)
		return ownConn{nc}, err
	}}
	r, err := Dial(t.Context(), "ws://"+addr, &Options{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Stream.(net.Conn); ok {
		t.Errorf("the stream is a %T", r.Stream)
	}
	got := make([]byte, len(hello))
	if _, err := io.ReadFull(io.MultiReader(bytes.NewReader(r.Buffered), r.Stream), got); string(got) != hello || err != nil {
		t.Errorf("%q is behind the response, %v", got, err)
	}
	_ = r.Stream.Close()
}

func TestDialClientStalls(t *testing.T) {
	for _, test := range []struct {
		name    string
		client  time.Duration
		ours    time.Duration
		context time.Duration
		is      error
		text    string
	}{
		{"timeout of the client", time.Minute, 2 * time.Minute, time.Hour, context.DeadlineExceeded, "handshake timeout of 1m0s"},
		{"timeout of ours", time.Hour, time.Minute, time.Hour, context.DeadlineExceeded, "handshake timeout of 1m0s"},
		{"no timeout of ours", time.Minute, 0, time.Hour, context.DeadlineExceeded, "handshake timeout of 1m0s"},
		{"context", 0, 0, time.Minute, context.Canceled, "context canceled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended, dial := pipePeer(func(p *dialPeer) { p.request(); <-p.gone })
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				defer time.AfterFunc(test.context, cancel).Stop()
				before := time.Now()
				_, err := dialFailed(t, ctx, "ws://h/", &Options{
					HTTPClient: &http.Client{
						Timeout:   test.client,
						Transport: &http.Transport{DialContext: dial},
					},
					Timeout: test.ours,
				})
				if took := time.Since(before); took != time.Minute {
					t.Error("took", took)
				}
				if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.text) ||
					errors.Is(err, context.Canceled) != (test.is == context.Canceled) {
					t.Error(err)
				}
				<-ended
			})
		})
	}
}

// net/http says of the context of a request that it "controls the entire lifetime
// of a request and its response", so a transport may close the body when it ends.
func TestDialClientContextOfBody(t *testing.T) {
	noLeaks(t)
	client, server := net.Pipe()
	defer server.Close()
	closed := make(chan struct{})
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(switching(r))), r)
		resp.Body = client
		context.AfterFunc(r.Context(), func() { close(closed) })
		return resp, err
	})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Dial(ctx, "ws://h/", &Options{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	go func() { _, _ = io.WriteString(server, hello) }()
	wantFrames(t, &r, hello)
	select {
	case <-closed:
		t.Error("the context of the request has ended")
	default:
	}
	_ = r.Stream.Close()
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
