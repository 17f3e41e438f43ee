package dial

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/h2/session"
)

// http2Server answers requests by their paths. It counts connections.
func http2Server(t *testing.T, conns *atomic.Int32) (addr string) {
	return dialScript(t, func(p *dialPeer) { conns.Add(1); serveHTTP2(p) })
}

func serveHTTP2(nc net.Conn) {
	var asked atomic.Int32
	s := session.New(nc, session.Config{Role: h2.Server, Handle: func(x *session.Stream, head *h2.Head) {
		defer x.Served()
		answer := &h2.Head{Status: 200, Fields: []h2.Field{{Name: "set-cookie", Value: "a=b"}}}
		switch head.Path {
		case "/elsewhere":
			_ = x.Refuse(&h2.Head{Status: 302, Fields: []h2.Field{{Name: "location", Value: "/"}}}, nil)
			return
		case "/refused":
			_ = x.Refuse(&h2.Head{Status: 403}, []byte("no"))
			return
		case "/get":
			_ = x.Refuse(&h2.Head{Status: 405}, nil)
			return
		case "/wrong":
			answer.Fields = []h2.Field{{Name: "sec-websocket-protocol", Value: "never-offered"}}
		case "/reset":
			_ = x.Close()
			return
		case "/twice":
			if asked.Add(1) == 1 {
				return // until the client gives up
			}
		}
		if got := head.Values("sec-websocket-key"); head.Method != "CONNECT" || head.Protocol != "websocket" || len(got) > 0 || len(head.Values("upgrade")) > 0 {
			answer.Status = 400
		}
		_ = x.Respond(answer)
		_, _ = x.Write([]byte(hello), nil)
	}})
	_ = s.Run()
}

// wantStream dials, and reads what the server says.
func wantStream(t *testing.T, u string, opts *Options) Result {
	t.Helper()
	r, err := Dial(t.Context(), u, opts)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(hello))
	if r.HTTP2 == nil || r.Stream != nil || r.Response.ProtoMajor != 2 {
		t.Fatalf("%+v", r)
	}
	for n := 0; n < len(got); {
		m, err := r.HTTP2.Read(got[n:])
		if n += m; err != nil {
			t.Fatal(err)
		}
	}
	if string(got) != hello {
		t.Errorf("%q", got)
	}
	return r
}

func TestPool(t *testing.T) {
	noLeaks(t)
	var conns, reused atomic.Int32
	var said []string
	addr := http2Server(t, &conns)
	pool := &Pool{PriorKnowledge: true, MaxStreams: 2, MaxConns: 1, IdleTimeout: -1}
	t.Cleanup(pool.Close)
	jar, _ := cookiejar.New(nil)
	opts := &Options{HTTP2: pool, Proxy: noProxy, Jar: jar}
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn: func(string) {},
		GotConn: func(info httptrace.GotConnInfo) {
			if info.Reused {
				reused.Add(1)
			}
		},
		WroteHeaderField:     func(name string, values []string) { said = append(said, name+" "+strings.Join(values, ",")) },
		WroteHeaders:         func() { said = append(said, "headers") },
		WroteRequest:         func(info httptrace.WroteRequestInfo) { said = append(said, fmt.Sprint("request ", info.Err)) },
		GotFirstResponseByte: func() { said = append(said, "byte") },
	})
	first := wantStream(t, "ws://"+addr+"/elsewhere", opts)
	if second, err := Dial(ctx, "ws://"+addr, opts); err != nil {
		t.Error(err)
	} else {
		defer second.HTTP2.Close()
	}
	want := ":method CONNECT, :protocol websocket, :scheme http, :authority " + addr + ", :path /, sec-websocket-version 13, user-agent hawser-websocket, cookie a=b, headers, request <nil>, byte"
	if got := strings.Join(said, ", "); got != want {
		t.Errorf("hooks: %s\nwant %s", got, want)
	}
	if _, err := dialFailed(t, t.Context(), "ws://"+addr, opts); !errors.Is(err, ErrPoolFull) {
		t.Error(err)
	}
	_ = first.HTTP2.Close()
	resp, err := dialFailed(t, t.Context(), "ws://"+addr+"/refused", opts)
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != 403 || string(text) != "no" || !strings.Contains(err.Error(), "answered 403 Forbidden") {
		t.Errorf("%+v, %v", resp, err)
	}
	for path, part := range map[string]string{"/get": "is the route for GET only?", "/wrong": "never-offered", "/reset": "RST_STREAM with CANCEL"} {
		if _, err := dialFailed(t, t.Context(), "ws://"+addr+path, opts); !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", path, err)
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := dialFailed(t, short, "ws://"+addr+"/twice", opts); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if u, _ := url.Parse("http://" + addr); conns.Load() != 1 || reused.Load() != 1 || len(jar.Cookies(u)) != 1 {
		t.Errorf("%d connections, one of %d dials has been told of it", conns.Load(), reused.Load())
	}
	opts.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("no proxy today") }
	if _, err := dialFailed(t, t.Context(), "ws://"+addr, opts); !strings.Contains(err.Error(), "no proxy today") {
		t.Error(err)
	}
	opts.HTTP2 = &Pool{Require: true}
	if _, err := dialFailed(t, t.Context(), "ws://"+addr, &Options{HTTP2: opts.HTTP2, Proxy: noProxy}); !errors.Is(err, ErrNoHTTP2) {
		t.Error(err)
	}
	_, err = Dial(t.Context(), "ws://"+addr, &Options{HTTP2: pool, HTTPClient: http.DefaultClient})
	wantMisuse(t, err, "HTTP2 has no effect with HTTPClient")
}

// ALPN decides, and what it has decided is remembered.
func TestPoolALPN(t *testing.T) {
	noLeaks(t)
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	certificate := certificates.TLS.Certificates
	certificates.Close()
	for _, protocols := range [][]string{{"h2"}, {"http/1.1"}, nil} {
		speaksHTTP2 := slices.Contains(protocols, "h2")
		var conns atomic.Int32
		addr := dialScript(t, func(p *dialPeer) {
			conns.Add(1)
			c := tls.Server(p, &tls.Config{Certificates: certificate, NextProtos: protocols})
			if c.Handshake() != nil {
				return
			}
			if speaksHTTP2 {
				serveHTTP2(c)
				return
			}
			req, err := http.ReadRequest(bufio.NewReader(c))
			if err == nil {
				_, _ = io.WriteString(c, switching(req)+hello)
			}
		})
		pool := &Pool{}
		t.Cleanup(pool.Close)
		opts := &Options{HTTP2: pool, Proxy: noProxy, TLSConfig: &tls.Config{InsecureSkipVerify: true}}
		for range 2 {
			if speaksHTTP2 {
				r := wantStream(t, "wss://"+addr, opts)
				if r.Response.TLS == nil || r.Response.TLS.NegotiatedProtocol != "h2" {
					t.Errorf("%+v", r.Response.TLS)
				}
				continue
			}
			wantGreeted(t, "wss://"+addr, opts)
		}
		if n := conns.Load(); speaksHTTP2 && n != 1 || !speaksHTTP2 && n != 2 {
			t.Errorf("%d connections for %v", n, protocols)
		}
		if pool.Require = true; speaksHTTP2 {
			continue
		}
		if _, err := dialFailed(t, t.Context(), "wss://"+addr, opts); !errors.Is(err, ErrNoHTTP2) {
			t.Error(err)
		}
		fresh := &Pool{Require: true}
		t.Cleanup(fresh.Close)
		opts.HTTP2 = fresh
		if _, err := dialFailed(t, t.Context(), "wss://"+addr, opts); !strings.HasSuffix(err.Error(), "and not h2 (ALPN)") && !strings.HasSuffix(err.Error(), "no protocol, and so not h2 (ALPN)") {
			t.Error(err)
		}
	}
}

// A server without extended CONNECT, and one that says nothing.
func TestPoolWithoutConnect(t *testing.T) {
	noLeaks(t)
	addr := dialScript(t, func(p *dialPeer) { _ = http2.NewFramer(p, nil).WriteSettings() })
	pool := &Pool{PriorKnowledge: true, Require: true}
	t.Cleanup(pool.Close)
	opts := &Options{HTTP2: pool, Proxy: noProxy}
	for range 2 {
		if _, err := dialFailed(t, t.Context(), "ws://"+addr, opts); !errors.Is(err, ErrNoHTTP2) {
			t.Error(err)
		}
	}
	for says, text := range map[string]string{
		"HTTP/1.1 400 Bad Request\r\n\r\n": "no WebSocket over HTTP/2: the server answers in HTTP/1.1",
		"":                                 "before SETTINGS came: EOF",
	} {
		other := dialScript(t, func(p *dialPeer) {
			_, _ = io.ReadFull(p, make([]byte, len(h2.Preface)))
			_, _ = io.WriteString(p, says)
			_ = p.Conn.(*net.TCPConn).CloseWrite()
		})
		if _, err := dialFailed(t, t.Context(), "ws://"+other, opts); !errors.Is(err, ErrNoHTTP2) || !strings.Contains(err.Error(), text) {
			t.Errorf("a server that says %q: %v", says, err)
		}
	}
	silent := dialScript(t, func(*dialPeer) {})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	done := make(chan error, 2)
	for range 2 { // one connects, the other waits for that
		go func() {
			_, err := Dial(ctx, "ws://"+silent, opts)
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	if _, err := dialFailed(t, t.Context(), "ws://"+closedAddr(t), opts); err == nil {
		t.Error("nobody was there")
	}
}

// Close ends a Dial that waits for the server, and none begins after it.
func TestPoolCloses(t *testing.T) {
	noLeaks(t)
	var conns atomic.Int32
	connected := make(chan bool, 1)
	silent := dialScript(t, func(*dialPeer) { connected <- true })
	pool := &Pool{PriorKnowledge: true}
	done := make(chan error, 1)
	go func() {
		_, err := Dial(t.Context(), "ws://"+silent, &Options{HTTP2: pool, Proxy: noProxy})
		done <- err
	}()
	<-connected
	for len(sessionsOf(pool)) == 0 {
		runtime.Gosched()
	}
	pool.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := dialFailed(t, t.Context(), "ws://"+http2Server(t, &conns), &Options{HTTP2: pool, Proxy: noProxy}); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}

func sessionsOf(p *Pool) (all []*pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.origins {
		all = append(all, o.sessions...)
	}
	return all
}

// closedAddr is where nobody listens.
func closedAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A pool keeps nothing of origins of which nothing is known, and of those without HTTP/2 so many
// and for so long.
func TestPoolForgets(t *testing.T) {
	noLeaks(t)
	var conns atomic.Int32
	pool := &Pool{PriorKnowledge: true, IdleTimeout: time.Millisecond}
	t.Cleanup(pool.Close)
	opts := &Options{HTTP2: pool, Proxy: noProxy}
	r := wantStream(t, "ws://"+http2Server(t, &conns), opts)
	_ = r.HTTP2.Close()
	for len(sessionsOf(pool)) > 0 {
		time.Sleep(time.Millisecond)
	}
	_, _ = dialFailed(t, t.Context(), "ws://"+closedAddr(t), opts)
	pool.mu.Lock()
	if n := len(pool.origins); n != 0 {
		t.Errorf("%d origins", n)
	}
	pool.mu.Unlock()
	synctest.Test(t, func(t *testing.T) {
		var p Pool
		learn := func() *tls.Config {
			key := originKey{tls: new(tls.Config)}
			_, made, err := p.find(t.Context(), key, nil)
			if err != nil || made == nil {
				t.Fatal(err)
			}
			p.rememberHTTP1(key)
			made()
			return key.tls
		}
		first := learn()
		for range maxHTTP1 {
			learn()
		}
		if p.origins[originKey{tls: first}] != nil || len(p.origins) != maxHTTP1 {
			t.Errorf("%d origins", len(p.origins))
		}
		time.Sleep(http1Memory)
		learn()
		if len(p.origins) != 1 || len(p.http1) != 1 {
			t.Errorf("%d origins, %d in the list", len(p.origins), len(p.http1))
		}
	})
}

// A server that takes nothing more, as soon as it is asked, is not asked for ever.
func TestPoolGivesUp(t *testing.T) {
	noLeaks(t)
	var conns atomic.Int32
	addr := dialScript(t, func(p *dialPeer) {
		conns.Add(1)
		f := http2.NewFramer(p, p)
		_ = f.WriteSettings(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})
		_, _ = io.ReadFull(p, make([]byte, len(h2.Preface)))
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if _, ok := frame.(*http2.HeadersFrame); ok {
				_ = f.WriteGoAway(0, http2.ErrCodeNo, nil)
			}
		}
	})
	pool := &Pool{PriorKnowledge: true}
	t.Cleanup(pool.Close)
	if _, err := dialFailed(t, t.Context(), "ws://"+addr, &Options{HTTP2: pool, Proxy: noProxy}); !strings.Contains(err.Error(), "GOAWAY") || conns.Load() != maxTries {
		t.Errorf("%d connections: %v", conns.Load(), err)
	}
}

// A request that a server has refused for want of room is sent again on another connection.
func TestPoolRetriesElsewhere(t *testing.T) {
	for _, row := range []struct{ maxConns, want int }{{0, maxTries}, {2, 2}} {
		noLeaks(t)
		var conns, asked atomic.Int32
		addr := dialScript(t, func(p *dialPeer) {
			conns.Add(1)
			f := http2.NewFramer(p, p)
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1})
			_, _ = io.ReadFull(p, make([]byte, len(h2.Preface)))
			for {
				frame, err := f.ReadFrame()
				if err != nil {
					return
				}
				if _, ok := frame.(*http2.HeadersFrame); ok {
					asked.Add(1)
					_ = f.WriteRSTStream(frame.Header().StreamID, http2.ErrCodeRefusedStream)
				}
			}
		})
		pool := &Pool{PriorKnowledge: true, MaxConns: row.maxConns}
		t.Cleanup(pool.Close)
		for dials := range int32(2) {
			_, err := dialFailed(t, t.Context(), "ws://"+addr, &Options{HTTP2: pool, Proxy: noProxy})
			if !strings.Contains(err.Error(), "REFUSED_STREAM") || int(conns.Load()) != row.want || asked.Load() != (dials+1)*conns.Load() {
				t.Errorf("%d connections, asked %d times: %v", conns.Load(), asked.Load(), err)
			}
		}
	}
}
