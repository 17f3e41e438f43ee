package dial

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// pipePeer gives a dial function to a peer in memory. Ended is closed when the
// script has ended.
func pipePeer(script func(*dialPeer)) (ended chan struct{}, dial func(context.Context, string, string) (net.Conn, error)) {
	ended = make(chan struct{})
	return ended, func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		gone := &goneConn{Conn: client, gone: make(chan struct{})}
		go func() {
			defer close(ended)
			defer server.Close()
			script(&dialPeer{Conn: server, br: bufio.NewReader(server), gone: gone.gone})
		}()
		return gone, nil
	}
}

// goneConn tells when it is closed.
type goneConn struct {
	net.Conn
	once sync.Once
	gone chan struct{}
}

func (c *goneConn) Close() error {
	c.once.Do(func() { close(c.gone) })
	return c.Conn.Close()
}

// Whatever the peer does not do, Dial ends with its context or its timeout, and
// closes what it has opened.
func TestDialStalls(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	config := server.TLS
	trust := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	server.Close()

	until := func(p *dialPeer) { <-p.gone }
	for _, test := range []struct {
		name, u, proxy string
		script         func(*dialPeer) // nil: the dialing itself stalls
		doing          string
	}{
		{"dialing", "ws://h/", "", nil, "connecting"},
		{"TLS", "wss://h/", "", until, "TLS"},
		{"TLS half", "wss://h/", "", func(p *dialPeer) {
			_, _ = p.br.ReadByte()
			_, _ = io.WriteString(p, "\x16\x03\x03")
			<-p.gone
		}, "TLS"},
		{"request", "ws://h/", "", until, "sending the request"},
		{"response", "ws://h/", "", func(p *dialPeer) { p.request(); <-p.gone }, "reading the response"},
		{"half a response", "ws://h/", "", func(p *dialPeer) {
			p.request()
			_, _ = io.WriteString(p, "HTTP/1.1 101 x\r\nA")
			<-p.gone
		}, "reading the response"},
		{"response over TLS", "wss://example.com/", "", func(p *dialPeer) {
			s := tls.Server(p, config)
			_, _ = http.ReadRequest(bufio.NewReader(s))
			<-p.gone
		}, "reading the response"},
		{"dialing the proxy", "ws://h/", "http://p", nil, "proxy http://p:80: connecting"},
		{"CONNECT", "ws://h/", "http://p", until, "sending CONNECT"},
		{"response to CONNECT", "wss://h/", "http://p", func(p *dialPeer) { p.request(); <-p.gone }, "reading the response to CONNECT"},
		{"TLS to the proxy", "ws://h/", "https://p", until, "proxy https://p:443: TLS"},
		{"SOCKS", "ws://h/", "socks5://p", until, "proxy socks5://p:1080: SOCKS greeting: context"},
		{"TLS through the proxy", "wss://h/", "http://p", func(p *dialPeer) {
			p.request()
			_, _ = io.WriteString(p, "HTTP/1.1 200 x\r\n\r\n")
			<-p.gone
		}, "TLS"},
	} {
		for _, end := range []struct {
			name string
			ctx  func() (context.Context, context.CancelFunc)
			opts time.Duration
			is   error
			text string
		}{
			{"cancelled", func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(context.Background())
				time.AfterFunc(time.Minute, cancel)
				return ctx, cancel
			}, time.Hour, context.Canceled, "context canceled"},
			{"cancelled for a reason", func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(context.Background())
				time.AfterFunc(time.Minute, func() { cancel(io.ErrNoProgress) })
				return ctx, func() { cancel(nil) }
			}, time.Hour, io.ErrNoProgress, "context canceled: multiple Read"},
			{"deadline", func() (context.Context, context.CancelFunc) {
				return context.WithTimeout(context.Background(), time.Minute)
			}, 0, context.DeadlineExceeded, "context deadline exceeded"},
			{"timeout", func() (context.Context, context.CancelFunc) {
				return context.WithCancel(context.Background())
			}, time.Minute, context.DeadlineExceeded, "longer than the handshake timeout of 1m0s"},
		} {
			t.Run(test.name+"/"+end.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ended := make(chan struct{})
					dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
						<-ctx.Done()
						close(ended)
						return nil, ctx.Err()
					}
					if test.script != nil {
						ended, dial = pipePeer(test.script)
					}
					ctx, cancel := end.ctx()
					defer cancel()
					before := time.Now()
					resp, err := dialFailed(t, ctx, test.u, &Options{
						DialContext: dial,
						Proxy:       fixedProxy(test.proxy),
						TLSConfig:   &tls.Config{RootCAs: trust},
						Timeout:     end.opts,
					})
					if took := time.Since(before); took != time.Minute {
						t.Error("took", took)
					}
					if resp != nil || !errors.Is(err, end.is) {
						t.Errorf("got %v, want %v", err, end.is)
					}
					var timeout net.Error
					if errors.Is(end.is, context.DeadlineExceeded) && (!errors.As(err, &timeout) || !timeout.Timeout()) {
						t.Error("not a timeout:", err)
					}
					if text := err.Error(); !strings.Contains(text, test.doing) || !strings.Contains(text, end.text) || strings.Contains(text, "websocket:") {
						t.Errorf("%s: no %q or no %q", text, test.doing, end.text)
					}
					if step, ok := errors.AsType[*StepError](err); !ok || step.Raw == nil {
						t.Errorf("no step in %v", err)
					}
					<-ended
				})
			})
		}
	}
}

// The context may end when everything is done but the return.
func TestDialCancelledLast(t *testing.T) {
	noLeaks(t)
	addr := dialScript(t, func(p *dialPeer) { _, _ = io.WriteString(p, switching(p.request(), "Set-Cookie: a=b")) })
	sorry := errors.New("sorry")
	for _, viaHTTPClient := range []bool{false, true} {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		jar := cancellingJar(func() { cancel(sorry) })
		opts := &Options{Jar: jar}
		if viaHTTPClient {
			opts = &Options{HTTPClient: &http.Client{Jar: jar, Transport: &http.Transport{}}}
		}
		_, err := dialFailed(t, ctx, "ws://"+addr, opts)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, sorry) {
			t.Error(err)
		}
	}
}

// cancellingJar calls a function when there are cookies for it.
type cancellingJar func()

func (cancellingJar) Cookies(*url.URL) []*http.Cookie       { return nil }
func (j cancellingJar) SetCookies(*url.URL, []*http.Cookie) { j() }

func TestDialUnreachable(t *testing.T) {
	noLeaks(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	resp, err := dialFailed(t, t.Context(), "ws://"+l.Addr().String(), nil)
	var op *net.OpError
	if resp != nil || !errors.As(err, &op) || kindOf(err) != "transport" {
		t.Error(kindOf(err), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dialFailed(t, ctx, "ws://"+l.Addr().String(), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, err = dialFailed(t, t.Context(), "ws://h/", &Options{
		Proxy:       noProxy,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, nil },
	})
	if kindOf(err) != "transport" {
		t.Error(err)
	}
}

// What was read too early comes first, and then the rest.
func TestDialPrefixed(t *testing.T) {
	client, server := net.Pipe()
	go func() {
		_, _ = io.WriteString(server, "rest")
		_ = server.Close()
	}()
	all, err := io.ReadAll(iotest.OneByteReader(&prefixed{Conn: client, early: []byte("early")}))
	if err != nil || string(all) != "earlyrest" {
		t.Errorf("%q, %v", all, err)
	}
}

func TestDialCertificate(t *testing.T) {
	noLeaks(t)
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	s.Config.ErrorLog = quiet
	_, err := dialFailed(t, t.Context(), s.URL, nil)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) || kindOf(err) != "transport" || !strings.Contains(err.Error(), ": TLS: ") {
		t.Error(err)
	}
	r := &routed{to: map[string]string{"*": s.Listener.Addr().String()}}
	trust := s.Client().Transport.(*http.Transport).TLSClientConfig
	_, err = dialFailed(t, t.Context(), "wss://example.org/", &Options{DialContext: r.dial, TLSConfig: trust, Proxy: noProxy})
	var wrong x509.HostnameError
	if !errors.As(err, &wrong) {
		t.Error(err)
	}
}

func TestDialClientTrace(t *testing.T) {
	noLeaks(t)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, switching(r)+hello)
		_, _ = c.Read(make([]byte, 1))
	}))
	defer s.Close()
	var said []string
	say := func(what string) { said = append(said, what) }
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn:           func(hostPort string) { say("get " + hostPort) },
		ConnectStart:      func(string, string) { say("connect") },
		ConnectDone:       func(string, string, error) { say("connected") },
		TLSHandshakeStart: func() { say("TLS") },
		TLSHandshakeDone:  func(s tls.ConnectionState, err error) { say("TLS done " + s.NegotiatedProtocol) },
		GotConn:           func(i httptrace.GotConnInfo) { say("got"); _ = i.Conn.(*tls.Conn) },
		WroteHeaderField: func(name string, _ []string) {
			if name == "Sec-Websocket-Key" {
				say("key")
			}
		},
		WroteHeaders:         func() { say("headers") },
		WroteRequest:         func(i httptrace.WroteRequestInfo) { say("request"); _ = i.Err },
		GotFirstResponseByte: func() { say("byte") },
	})
	trust := s.Client().Transport.(*http.Transport).TLSClientConfig
	r, err := Dial(ctx, s.URL, &Options{TLSConfig: trust})
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Stream.Close()
	want := "get " + s.Listener.Addr().String() + ", connect, connected, TLS, TLS done http/1.1, got, key, headers, request, byte"
	if got := strings.Join(said, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
