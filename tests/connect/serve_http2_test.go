package connect_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// own starts a server of ServeHTTP2, and returns its address and what each call has returned.
// At the end of the test every call must have returned.
func own(t *testing.T, serve websocket.ServeFunc, opts *websocket.AcceptOptions) (address string, returned <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), serveAll(t, l, serve, opts)
}

func serveAll(t *testing.T, l net.Listener, serve websocket.ServeFunc, opts *websocket.AcceptOptions) <-chan error {
	returned := make(chan error, 100)
	var calls sync.WaitGroup
	calls.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			calls.Go(func() { returned <- websocket.ServeHTTP2(nc, serve, opts) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); calls.Wait() })
	return returned
}

func TestServeHTTP2(t *testing.T) {
	address, returned := own(t, echo, nil)
	c := connect(t, address)
	ctx := t.Context()
	var sockets sync.WaitGroup
	for range 50 {
		ws, s := c.open()
		sockets.Go(func() {
			for _, n := range []int{0, 1, 100, 5000, 30_000} {
				text := strings.Repeat("x", n)
				if err := ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
					t.Error(err)
				}
				if _, got, err := ws.Read(ctx); string(got) != text || err != nil {
					t.Errorf("%d bytes, want %d, %v", len(got), n, err)
				}
			}
			if err := ws.Close(websocket.StatusNormalClosure, "bye"); err != nil {
				t.Error(err)
			}
			s.ended()
		})
	}
	sockets.Wait()
	_ = c.nc.Close()
	if err := await(t, returned); err != nil {
		t.Error(err)
	}
}

// What the handshake agrees on, what OnRequest sees, and what a ServeFunc has.
func TestServeHTTP2Negotiated(t *testing.T) {
	var local, remote net.Addr
	opts := &websocket.AcceptOptions{
		Subprotocols:    []string{"chat"},
		CompressionMode: websocket.CompressionContextTakeover,
		OriginPatterns:  []string{"pages.example"},
		HTTPHeader:      http.Header{"X-Option": {"a"}, "Connection": {"close"}},
		OnRequest: func(r *handshake.Request) error {
			if r.Target != "/chat" || r.Host != "example.com" || r.TLS || !slices.Contains(r.Header, handshake.Field{Name: "Cookie", Value: "a=1"}) {
				t.Errorf("%+v", r)
			}
			return nil
		},
	}
	address, _ := own(t, func(ctx context.Context, c *websocket.Conn) error {
		if addr := ctx.Value(http.LocalAddrContextKey); addr == nil || addr.(net.Addr).String() != local.String() {
			t.Errorf("the local address is %v", addr)
		}
		if c.Subprotocol() != "chat" || c.NetConn() != nil || ctx.Value(http.ServerContextKey) != nil {
			t.Errorf("subprotocol %q, NetConn %v", c.Subprotocol(), c.NetConn())
		}
		if _, ok := c.Compression(); !ok {
			t.Error("not compressed")
		}
		return websocket.CloseError{Code: 4000, Reason: "seen"}
	}, opts)
	c := connect(t, address)
	local, remote = c.nc.RemoteAddr(), c.nc.LocalAddr()
	_ = remote
	s := c.request(false, sample("sec-websocket-protocol", "other, chat", "origin", "https://pages.example",
		"sec-websocket-extensions", "permessage-deflate; client_max_window_bits", "cookie", "a=1"))
	status, header := s.answer()
	for name, want := range map[string]string{"Sec-Websocket-Protocol": "chat", "X-Option": "a", "Connection": "", "Sec-Websocket-Accept": ""} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if status != http.StatusOK || !strings.HasPrefix(header.Get("Sec-Websocket-Extensions"), "permessage-deflate") {
		t.Fatalf("%d, %v", status, header)
	}
	ws := websocket.NewConn(s, websocket.RoleClient, nil)
	if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != 4000 {
		t.Error(err)
	}
	s.ended()
}

// What is refused is answered and reported, and the connection lives.
func TestServeHTTP2Refuses(t *testing.T) {
	reported := make(chan *websocket.HandlerError, 1)
	address, _ := own(t, echo, &websocket.AcceptOptions{
		OnError: func(e *websocket.HandlerError) { reported <- e },
		OnRequest: func(r *handshake.Request) error {
			switch r.Target {
			case "/secret":
				return &websocket.Refusal{Status: 401, Reason: "who are you?", Header: http.Header{"WWW-Authenticate": {"Basic"}}}
			case "/newer":
				return &websocket.Refusal{Status: 426, Reason: "newer"}
			case "/private":
				return errors.New("a private text")
			case "/panic":
				panic("of OnRequest")
			case "/goexit":
				runtime.Goexit()
			}
			return nil
		},
	})
	c := connect(t, address)
	for _, row := range []struct {
		why      string
		status   int
		changes  []string
		ordinary bool
	}{
		{"another protocol", 501, []string{":protocol", "connect-udp"}, false},
		{"CONNECT to a proxy", 501, []string{":protocol", "", ":scheme", "", ":path", ""}, false},
		{"version", 400, []string{"sec-websocket-version", "8"}, false},
		{"no version", 400, []string{"sec-websocket-version", ""}, false},
		{"origin", 403, []string{"origin", "http://elsewhere.example"}, false},
		{"Host differs", 400, []string{"host", "other.example"}, false},
		{"dot segment", 400, []string{":path", "/a/../b"}, false},
		{"GET", 404, []string{":method", "GET", ":protocol", ""}, true},
		{"GET with :protocol", 400, []string{":method", "GET"}, true},
		{"POST", 404, []string{":method", "POST", ":protocol", ""}, true},
		{"OnRequest", 401, []string{":path", "/secret"}, true},
		{"OnRequest, with fields of HTTP/1.1", 426, []string{":path", "/newer"}, true},
		{"OnRequest, another error", 403, []string{":path", "/private"}, false},
		{"OnRequest panics", 500, []string{":path", "/panic"}, false},
		{"OnRequest does not return", 500, []string{":path", "/goexit"}, false},
	} {
		s := c.request(false, sample(row.changes...))
		status, header := s.answer()
		if status != row.status || header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d, want %d, %v", row.why, status, row.status, header)
		}
		if (status == 401) != (header.Get("Www-Authenticate") == "Basic") || header.Get("Upgrade") != "" {
			t.Errorf("%s: %v", row.why, header)
		}
		s.ended()
		if code := await(t, s.reset); code != http2.ErrCodeNo {
			t.Errorf("%s: reset with %v", row.why, code)
		}
		e := await(t, reported)
		refused, ok := errors.AsType[*websocket.AcceptError](e.Err)
		if !ok || refused.Status != row.status || e.Ordinary() != row.ordinary || e.RemoteAddr != c.nc.LocalAddr().String() {
			t.Errorf("%s: %+v, %v", row.why, e, e.Ordinary())
		}
		if (len(e.Stack) > 0) != strings.Contains(e.Err.Error(), "panic: of OnRequest") {
			t.Errorf("%s: %v, %s", row.why, e.Err, e.Stack)
		}
	}
	head := c.request(true, sample(":method", "HEAD", ":protocol", ""))
	head.ended()
	if text, err := io.ReadAll(head); len(text) > 0 || err != nil {
		t.Errorf("HEAD: %q, %v", text, err)
	}
	if status, _ := head.answer(); status != http.StatusNotFound {
		t.Errorf("HEAD: %d", status)
	}
	await(t, reported)
	if status, _ := c.request(true, sample()).answer(); status != http.StatusBadRequest {
		t.Errorf("END_STREAM: %d", status)
	}
	await(t, reported)
	ws, s := c.open()
	_ = ws.Close(websocket.StatusNormalClosure, "")
	s.ended()
}

// What the options have wrong is the server's fault.
func TestServeHTTP2Misused(t *testing.T) {
	for _, opts := range []*websocket.AcceptOptions{
		{HTTPHeader: http.Header{"a b": {"c"}}},
		{CompressionMode: 77},
	} {
		reported := make(chan *websocket.HandlerError, 1)
		opts.OnError = func(e *websocket.HandlerError) { reported <- e }
		address, _ := own(t, echo, opts)
		status, _ := connect(t, address).request(false, sample()).answer()
		if e := await(t, reported); status != http.StatusInternalServerError || !errors.As(e.Err, new(*websocket.UsageError)) {
			t.Errorf("%d, %v", status, e.Err)
		}
	}
}

// A server that looks at the requests routes and refuses them.
func TestServeHTTP2Requests(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	reported := make(chan *websocket.HandlerError, 1)
	opts := &websocket.AcceptOptions{
		OnError:   func(e *websocket.HandlerError) { reported <- e },
		OnRequest: func(*handshake.Request) error { t.Error("OnRequest was called"); return nil },
	}
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		_ = websocket.ServeHTTP2Requests(nc, func(r *handshake.Request) (websocket.ServeFunc, error) {
			target := r.Target
			switch target {
			case "/nothing":
				return nil, nil
			case "/secret":
				return nil, &websocket.Refusal{Status: 401, Reason: "who are you?"}
			}
			return func(ctx context.Context, c *websocket.Conn) error {
				return websocket.CloseError{Code: 4000, Reason: target}
			}, nil
		}, opts)
	}()
	c := converse(t, dialTCP(t, l.Addr().String()))
	for _, target := range []string{"/a", "/b?c=d"} {
		ws, s := c.open(":path", target)
		_, _, err := ws.Read(t.Context())
		if ended, ok := errors.AsType[*websocket.ClosedError](err); !ok || ended.Received == nil || ended.Received.Reason != target {
			t.Errorf("%s: %v", target, err)
		}
		s.ended()
	}
	for target, want := range map[string]int{"/nothing": 500, "/secret": 401} {
		if status, _ := c.request(false, sample(":path", target)).answer(); status != want {
			t.Errorf("%s: %d, want %d", target, status, want)
		}
		if e := await(t, reported); errors.As(e.Err, new(*websocket.UsageError)) != (want == 500) {
			t.Errorf("%s: %v", target, e.Err)
		}
	}
	_ = l.Close()
}

func dialTCP(t *testing.T, address string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}
