package connect_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// tunnels is an HTTP proxy. It returns its address and the credentials of each tunnel.
func tunnels(t *testing.T) (address string, credentials func() []string) {
	t.Helper()
	var mu sync.Mutex
	var got []string
	address = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = append(got, r.Header.Get("Proxy-Authorization"))
		mu.Unlock()
		server, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		client, _, _ := w.(http.Hijacker).Hijack()
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		var ways sync.WaitGroup
		for a, b := range map[net.Conn]net.Conn{client: server, server: client} {
			ways.Go(func() { _, _ = io.Copy(a, b); _ = a.Close() })
		}
		ways.Wait()
	}))
	return address, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

// Who does not say the same to the proxy does not get the tunnel of another; and the application
// is asked once for the proxy of a request, because the next one may be another.
func TestDialPoolProxies(t *testing.T) {
	address := serve(t, websocket.Handler(echo, nil))
	proxy, credentials := tunnels(t)
	p := &websocket.HTTP2Pool{PriorKnowledge: true}
	defer p.Close()
	asked := 0
	dial := func(user *url.Userinfo, header http.Header) {
		c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: p, ProxyHeader: header, Proxy: func(*http.Request) (*url.URL, error) {
			asked++
			return &url.URL{Scheme: "http", Host: proxy, User: user}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		exchange(t, c)
	}
	for range 2 {
		dial(url.UserPassword("alice", "a"), nil)
		dial(url.UserPassword("bob", "b"), nil)
		dial(nil, http.Header{"Proxy-Authorization": {"Bearer carol"}})
	}
	if got := credentials(); len(got) != 3 || got[0] == got[1] || got[2] != "Bearer carol" || asked != 6 {
		t.Errorf("tunnels of %q; the proxy was asked for %d times", got, asked)
	}
}

// Limits.HeaderBytes bounds the head of a response as it does over HTTP/1.1, and a head that is
// too large costs nobody else.
func TestDialPoolHeaderBytes(t *testing.T) {
	handler := func(n int) http.Handler {
		return websocket.Handler(echo, &websocket.AcceptOptions{HTTPHeader: http.Header{"X-Policy": {strings.Repeat("p", n)}}})
	}
	mux := http.NewServeMux()
	mux.Handle("/small", handler(1))
	mux.Handle("/large", handler(60_000))
	address := serve(t, mux)
	dial := func(path string, p *websocket.HTTP2Pool, limit int) (*websocket.Conn, error) {
		c, _, err := websocket.Dial(t.Context(), "ws://"+address+path, &websocket.DialOptions{HTTP2: p, Limits: websocket.Limits{HeaderBytes: limit}})
		return c, err
	}
	p := pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})
	sibling, err := dial("/small", p, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*websocket.HTTP2Pool{nil, p} {
		c, err := dial("/large", p, 0)
		if err != nil {
			t.Fatalf("HTTP2 %v: %v", p != nil, err)
		}
		exchange(t, c)
		if _, err = dial("/large", p, 1000); err == nil || !strings.Contains(err.Error(), "response head is larger than 1000 bytes (RFC 9110 §5.4)") {
			t.Errorf("HTTP2 %v: %v", p != nil, err)
		}
	}
	exchange(t, sibling)
}

// A server may want a request over HTTP/1.1 (RFC 9113 §7).
func TestDialHTTP11Required(t *testing.T) {
	address := serve(t, websocket.Handler(echo, nil), func(s *http.Server) {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate(t)}, NextProtos: []string{"h2", "http/1.1"}}
		s.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){"h2": func(_ *http.Server, nc *tls.Conn, _ http.Handler) {
			play(nc, enabled, func(f *http2.Framer, id uint32) { _ = f.WriteRSTStream(id, http2.ErrCodeHTTP11Required) })
		}}
		s.Protocols = nil
	})
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{}), TLSConfig: &tls.Config{InsecureSkipVerify: true}}
	c, resp, err := websocket.Dial(t.Context(), "wss://"+address+"/", opts)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ProtoMajor != 1 {
		t.Errorf("over %s", resp.Proto)
	}
	exchange(t, c)
	opts.HTTP2 = pool(t, &websocket.HTTP2Pool{Require: true})
	if _, _, err := websocket.Dial(t.Context(), "wss://"+address+"/", opts); !errors.Is(err, websocket.ErrNoHTTP2) || !strings.Contains(err.Error(), "HTTP_1_1_REQUIRED") {
		t.Error(err)
	}
}

// A handler that takes CONNECT for any request may answer 200 and be done: that opens nothing.
func TestDialAnswerEndsStream(t *testing.T) {
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})}
	_, resp, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts)
	if bad, ok := errors.AsType[*handshake.BadResponse](err); !ok || bad.Section != "RFC 8441 §5" || resp == nil {
		t.Errorf("%+v, %v", resp, err)
	}
}

// A server that turns out to have no HTTP/1.1 either is asked for HTTP/2 again.
func TestDialPoolTriesAgain(t *testing.T) {
	var conns atomic.Int32
	settings := make(chan []http2.Setting, 3)
	settings <- nil // an instance without WebSockets
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			serving.Go(func() {
				defer nc.Close()
				s := enabled
				select {
				case s = <-settings:
				default:
				}
				play(nc, s, func(f *http2.Framer, id uint32) {
					_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0x88}, EndHeaders: true})
				})
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})}
	u := "ws://" + l.Addr().String() + "/"
	if _, _, err := websocket.Dial(t.Context(), u, opts); err == nil {
		t.Error("HTTP/1.1 from a server that has none")
	}
	c, _, err := websocket.Dial(t.Context(), u, opts)
	if err != nil {
		t.Fatalf("after %d connections: %v", conns.Load(), err)
	}
	_ = c.CloseNow()
}

// A space around a value, which HTTP/1.1 ignores, makes a message of HTTP/2 malformed (RFC 9113
// §8.2.1): neither end sends one.
func TestSpaceAroundValues(t *testing.T) {
	padded := http.Header{"X-Padded": {" value\t"}}
	refused := &websocket.Refusal{Status: http.StatusTeapot, Header: padded}
	refuse := func(r *handshake.Request) error {
		if r.Target == "/refused" {
			return refused
		}
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("/refused", websocket.RequestHandler(func(r *http.Request) (websocket.ServeFunc, error) { return nil, refused }, nil))
	mux.Handle("/", websocket.RequestHandler(func(r *http.Request) (websocket.ServeFunc, error) {
		if got := r.Header.Get("X-Padded"); got != "value" {
			t.Errorf("%q", got)
		}
		return echo, nil
	}, &websocket.AcceptOptions{HTTPHeader: padded}))
	ours, _ := own(t, echo, &websocket.AcceptOptions{HTTPHeader: padded, OnRequest: refuse, OnError: func(*websocket.HandlerError) {}})
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true}), HTTPHeader: padded}
	for _, address := range []string{serve(t, mux), ours} {
		c, resp, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Header.Get("X-Padded"); got != "value" {
			t.Errorf("%q", got)
		}
		exchange(t, c)
		if _, resp, err := websocket.Dial(t.Context(), "ws://"+address+"/refused", opts); resp == nil || resp.StatusCode != http.StatusTeapot || resp.Header.Get("X-Padded") != "value" {
			t.Errorf("%+v, %v", resp, err)
		}
	}
}

// A connection that ends for want of streams while a Dial is about to use it costs that Dial
// nothing.
func TestDialPoolIdleRace(t *testing.T) {
	const idle = 2 * time.Millisecond
	address := serve(t, websocket.Handler(func(context.Context, *websocket.Conn) error { return nil }, nil))
	opts := &websocket.DialOptions{HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true, IdleTimeout: idle})}
	var dials sync.WaitGroup
	for range 4 {
		dials.Go(func() {
			for i := range 50 {
				c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts)
				if err != nil {
					t.Error(err)
					return
				}
				_, _, _ = c.Read(t.Context())
				time.Sleep(time.Duration(i%3) * idle / 2)
			}
		})
	}
	dials.Wait()
}

// Of a server that has no HTTP/2 for WebSockets the others learn at once, and not when the first
// Dial has its connection of HTTP/1.1.
func TestDialFallbackHoldsNobodyUp(t *testing.T) {
	address := script(t, nil, func(int, *http2.Framer, uint32) { t.Error("it was asked") })
	var dials atomic.Int32
	second := make(chan bool)
	opts := &websocket.DialOptions{
		HTTP2: pool(t, &websocket.HTTP2Pool{PriorKnowledge: true}),
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			switch dials.Add(1) {
			case 1:
				return new(net.Dialer).DialContext(ctx, network, addr)
			case 2:
				close(second)
				<-ctx.Done()
			}
			return nil, errors.New("as expected")
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	var first sync.WaitGroup
	first.Go(func() { _, _, _ = websocket.Dial(ctx, "ws://"+address+"/", opts) })
	await(t, second)
	if _, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", opts); err == nil || !strings.Contains(err.Error(), "as expected") {
		t.Error(err)
	}
	cancel()
	first.Wait()
}
