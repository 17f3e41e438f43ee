package connect_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
)

// T1: a network that swallows everything from some moment on.
type swallowing struct {
	net.Conn
	dead *atomic.Bool
}

func (s swallowing) Write(p []byte) (int, error) {
	if s.dead.Load() {
		return len(p), nil
	}
	return s.Conn.Write(p)
}

func TestZZDeadConn(t *testing.T) {
	address := serve(t, websocket.Handler(echo, nil))
	var mu sync.Mutex
	var last *atomic.Bool
	dials := 0
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true}),
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			mu.Lock()
			defer mu.Unlock()
			dials++
			last = new(atomic.Bool)
			return swallowing{nc, last}, err
		}}
	c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts)
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, c)
	last.Store(true)
	for i := range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		c, _, err := websocket.Dial(ctx, "ws://"+address+"/", opts)
		cancel()
		t.Logf("dial %d: %v (%d connections)", i, err, dials)
		if err == nil {
			exchange(t, c)
		} else if i > 0 {
			t.Errorf("dial %d hands out a dead connection again", i)
		}
	}
}

// T2
func TestZZOriginsLeak(t *testing.T) {
	address := serveTLS(t, websocket.Handler(echo, nil), "h2")
	p := pool(t, &websocket.HTTP2Pool{IdleTimeout: 50*time.Millisecond})
	before := heap()
	for range 300 {
		c, _, err := websocket.Dial(t.Context(), "wss://"+address+"/", &websocket.DialOptions{HTTP2: p,
			TLSConfig: &tls.Config{InsecureSkipVerify: true, ServerName: strings.Repeat("x", 10000)[:10] + ".example", NextProtos: []string{"h2"}, SessionTicketKey: [32]byte{1}}})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	}
	time.Sleep(200 * time.Millisecond)
	t.Logf("%d bytes per origin", (heap()-before)/300)
	runtime.KeepAlive(p)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// connectProxy is an HTTP proxy; it notes credentials of each tunnel.
func connectProxy(t *testing.T) (address string, auths func() []string) {
	var mu sync.Mutex
	var got []string
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = append(got, r.Header.Get("Proxy-Authorization"))
		mu.Unlock()
		up, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(502)
			return
		}
		nc, _, _ := w.(http.Hijacker).Hijack()
		_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(up, nc); _ = up.Close() }()
		_, _ = io.Copy(nc, up)
		_ = nc.Close()
	})}
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return l.Addr().String(), func() []string { mu.Lock(); defer mu.Unlock(); return got }
}

// T3
func TestZZProxyCredentials(t *testing.T) {
	address := serve(t, websocket.Handler(echo, nil))
	paddr, auths := connectProxy(t)
	p := pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})
	for _, user := range []string{"alice", "bob"} {
		c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: p, Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: paddr, User: url.UserPassword(user, "secret")})})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	}
	if n := len(auths()); n != 2 {
		t.Errorf("bob went through alice's tunnel: %q", auths())
	}
	p.Close()
}

// T4
func TestZZRotatingProxy(t *testing.T) {
	address := serve(t, websocket.Handler(echo, nil))
	paddr, a1 := connectProxy(t)
	paddr2, a2 := connectProxy(t)
	p := pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})
	var n atomic.Int32
	c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: p, Proxy: func(*http.Request) (*url.URL, error) {
		return &url.URL{Scheme: "http", Host: []string{paddr, paddr2}[(n.Add(1)-1)%2]}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close(websocket.StatusNormalClosure, "")
	t.Logf("asked %d times; first proxy %d tunnels, second %d", n.Load(), len(a1()), len(a2()))
	if n.Load() != 1 {
		t.Error("Proxy asked more than once per request")
	}
	p.Close()
}

// T5
func TestZZHeaderBytes(t *testing.T) {
	for _, n := range []int{20_000, 60_000} {
		address := serve(t, websocket.Handler(echo, &websocket.AcceptOptions{HTTPHeader: http.Header{"X-Policy": {strings.Repeat("p", n)}}}))
		for _, p := range []*websocket.HTTP2Pool{nil, {PriorKnowledge: true}} {
			opts := &websocket.DialOptions{HTTP2: p}
			c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts)
			if err != nil {
				t.Errorf("%d, HTTP2 %v: %v", n, p != nil, err)
			} else {
				_ = c.Close(websocket.StatusNormalClosure, "")
			}
			if p != nil {
				p.Close()
			}
		}
		c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true}), Limits: websocket.Limits{HeaderBytes: 100}})
		if err == nil {
			t.Errorf("HeaderBytes 100 has no effect")
			_ = c.CloseNow()
		}
	}
	address := serve(t, websocket.Handler(echo, &websocket.AcceptOptions{HTTPHeader: http.Header{"X-Policy": {strings.Repeat("p", 5000)}}}))
	c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true}), Limits: websocket.Limits{HeaderBytes: 100}})
	if err == nil {
		t.Errorf("HeaderBytes 100 has no effect")
		_ = c.CloseNow()
	}
}

// T6
func TestZZHTTP11Required(t *testing.T) {
	// h2 TLS server that resets with HTTP_1_1_REQUIRED.
	cert := certificate(t)
	h := websocket.Handler(echo, nil)
	s := &http.Server{Handler: h, TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}},
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){"h2": func(_ *http.Server, nc *tls.Conn, _ http.Handler) {
			f := http2.NewFramer(nc, nc)
			if _, err := io.ReadFull(nc, make([]byte, len(http2.ClientPreface))); err != nil {
				return
			}
			_ = f.WriteSettings(enabled...)
			for {
				frame, err := f.ReadFrame()
				if err != nil {
					return
				}
				switch frame := frame.(type) {
				case *http2.SettingsFrame:
					if !frame.IsAck() {
						_ = f.WriteSettingsAck()
					}
				case *http2.HeadersFrame:
					_ = f.WriteRSTStream(frame.StreamID, http2.ErrCodeHTTP11Required)
				}
			}
		}}}
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	done := make(chan struct{})
	go func() { defer close(done); _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	p := pool(t, &websocket.HTTP2Pool{})
	c, resp, err := websocket.Dial(t.Context(), "wss://"+l.Addr().String()+"/", &websocket.DialOptions{HTTP2: p, TLSConfig: &tls.Config{InsecureSkipVerify: true}})
	if err != nil {
		t.Error(err)
	} else {
		t.Log(resp.Proto)
		_ = c.CloseNow()
	}
	p.Close()
}

// T7
func TestZZFieldSpace(t *testing.T) {
	got := make(chan string, 10)
	h := websocket.RequestHandler(func(r *http.Request) (websocket.ServeFunc, error) {
		got <- r.Header.Get("X-Pad")
		return echo, nil
	}, &websocket.AcceptOptions{HTTPHeader: http.Header{"X-Answer": {" padded "}}})
	address := serve(t, h)
	back, _ := own(t, echo, &websocket.AcceptOptions{HTTPHeader: http.Header{"X-Answer": {" padded "}}})
	for name, o := range map[string]*websocket.DialOptions{"1": {}, "2": {HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})}} {
		o.HTTPHeader = http.Header{"X-Pad": {" a\t"}}
		for _, a := range []string{address, back} {
			if name == "1" && a == back {
				continue
			}
			c, resp, err := websocket.Dial(t.Context(), "ws://"+a+"/", o)
			if err != nil {
				t.Errorf("HTTP/%s %v: %v %v", name, a == back, err, resp)
				continue
			}
			t.Logf("%q", resp.Header["X-Answer"])
			_ = c.CloseNow()
		}
	}
}

// T8: the server ends the connection just before the next Dial.
func TestZZServerEndsIdle(t *testing.T) {
	var failed, n, late atomic.Int32
	address := script(t, enabled, func(conn int, f *http2.Framer, id uint32) {
		if id > 1 { // behind our GOAWAY
			late.Add(1)
			return
		}
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0x88}, EndHeaders: true})
		_ = f.WriteRSTStream(id, http2.ErrCodeNo)
		_ = f.WriteGoAway(1, http2.ErrCodeNo, nil)
	})
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})}
	for range 500 {
		c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts)
		n.Add(1)
		if err != nil {
			if failed.Add(1) < 5 {
				t.Log(err)
			}
			continue
		}
		_ = c.CloseNow()
	}
	t.Logf("%d requests behind the GOAWAY", late.Load())
	if failed.Load() > 0 {
		t.Errorf("%d of %d failed", failed.Load(), n.Load())
	}
}

// T8b: idle timeouts of the server (closing with GOAWAY then FIN) racing dials.
func TestZZIdleRace(t *testing.T) {
	for _, side := range []string{"server", "pool", "serverEOF"} {
		t.Run(side, func(t *testing.T) {
			p := &websocket.HTTP2Pool{PriorKnowledge: true}
			idle := time.Duration(0)
			if side == "pool" {
				p.IdleTimeout = 2 * time.Millisecond
			} else {
				idle = 2 * time.Millisecond
			}
			address := serve(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error { return nil }, nil), func(s *http.Server) { s.IdleTimeout = idle })
			pool(t, p)
			var failed atomic.Int32
			var first atomic.Pointer[error]
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for i := range 300 {
						c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: p})
						if err != nil {
							failed.Add(1)
							first.CompareAndSwap(nil, &err)
							continue
						}
						_, _, _ = c.Read(t.Context())
						time.Sleep(time.Duration(i%5) * time.Millisecond)
					}
				})
			}
			wg.Wait()
			if n := failed.Load(); n > 0 {
				t.Errorf("%d of 1200 failed: %v", n, *first.Load())
			}
		})
	}
}

// T9: a server without extended CONNECT whose second connection hangs.
func TestZZFallbackBlocks(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	defer l.Close()
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				buf := make([]byte, 24)
				if _, err := io.ReadFull(nc, buf); err != nil {
					return
				}
				if !strings.HasPrefix(string(buf), "PRI") {
					_, _ = io.Copy(io.Discard, nc)
					return
				}
				f := http2.NewFramer(nc, nc)
				_ = f.WriteSettings()
				for {
					if _, err := f.ReadFrame(); err != nil {
						return
					}
				}
			}()
		}
	}()
	var n atomic.Int32
	block := make(chan bool)
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true}),
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if n.Add(1) == 2 {
				select {
				case <-block:
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		}}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { _, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String()+"/", opts); first <- err }()
	for n.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	short, c2 := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer c2()
	_, _, err := websocket.Dial(short, "ws://"+l.Addr().String()+"/", opts)
	t.Logf("%v; %d connections", err, n.Load())
	if n.Load() < 3 {
		t.Error("the second Dial waited for the first one's HTTP/1.1 connection")
	}
	cancel()
	<-first
}

var _ = errors.Is
var _ = fmt.Sprint
