package http3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
	"github.com/hawser-ws/websocket/hub"
)

// What the handshake agrees on, what the application adds to both heads, and what the server's
// side sees.
func TestNegotiated(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		seen := make(chan *http.Request, 1)
		h := websocket.RequestHandler(func(r *http.Request) (websocket.ServeFunc, error) {
			seen <- r.Clone(context.Background())
			return func(ctx context.Context, c *websocket.Conn) error {
				if _, ok := c.Compression(); !ok || c.Subprotocol() != "chat" {
					t.Errorf("compressed %v, subprotocol %q", ok, c.Subprotocol())
				}
				if addr, _ := ctx.Value(http.LocalAddrContextKey).(net.Addr); addr == nil {
					t.Error("no address in the context")
				}
				return echo(ctx, c)
			}, nil
		}, &websocket.AcceptOptions{
			Subprotocols: []string{"chat"}, CompressionMode: websocket.CompressionContextTakeover, HTTPHeader: http.Header{"X-Option": {"a"}},
		})
		url := serve(t, wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Middleware", "b")
			w.Header().Set("Content-Length", "5") // of nothing that we send
			h.ServeHTTP(w, r)
		})))
		c, resp := dialed(t, url+"/a/b?q=1", &websocket.DialOptions{
			Subprotocols: []string{"other", "chat"}, CompressionMode: websocket.CompressionContextTakeover,
			HTTPHeader: http.Header{"X-Own": {"1", "2"}, "Cookie": {"a=b"}}, Host: "front.example",
		})
		r := await(t, seen)
		if r.URL.String() != "/a/b?q=1" || r.Host != "front.example" || strings.Join(r.Header["X-Own"], ",") != "1,2" || r.Header.Get("Cookie") != "a=b" {
			t.Errorf("%+v", r)
		}
		for name, want := range map[string]string{"X-Option": "a", "X-Middleware": "b", "Content-Length": "", "Sec-Websocket-Protocol": "chat"} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if _, ok := c.Compression(); !ok || c.Subprotocol() != "chat" {
			t.Errorf("compressed %v, subprotocol %q", ok, c.Subprotocol())
		}
		for range 3 {
			say(t, c, strings.Repeat("compressed ", 5000))
		}
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
	})
}

// Refusals reach the client as they do over HTTP/1.1.
func TestRefusal(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		reported := make(chan *websocket.HandlerError, 1)
		mux := http.NewServeMux()
		mux.Handle("/denied", websocket.RequestHandler(func(*http.Request) (websocket.ServeFunc, error) {
			return nil, &websocket.Refusal{Status: http.StatusUnauthorized, Reason: "who are you?", Header: http.Header{"WWW-Authenticate": {"Basic"}}}
		}, &websocket.AcceptOptions{OnError: func(e *websocket.HandlerError) { reported <- e }}))
		mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/chat", http.StatusFound) })
		mux.Handle("/chat", websocket.Handler(echo, nil))
		mux.Handle("GET /get", websocket.Handler(echo, nil))
		url := serve(t, wrap(mux))
		for path, status := range map[string]int{"/denied": 401, "/nowhere": 404, "/get": 405} {
			_, resp, err := http3.Dial(within(t), url+path, &websocket.DialOptions{TLSConfig: trusting()})
			failed, ok := errors.AsType[*websocket.HandshakeError](err)
			if !ok || failed.Response.StatusCode != status || resp != failed.Response || !strings.HasPrefix(failed.URL, "wss://") {
				t.Fatalf("%s: %v", path, err)
			}
			if strings.Contains(err.Error(), "is the route for GET only?") != (status == 405) {
				t.Errorf("%s: %v", path, err)
			}
			if text, _ := io.ReadAll(resp.Body); path == "/denied" && (!strings.Contains(string(text), "who are you?") || resp.Header.Get("WWW-Authenticate") != "Basic") {
				t.Errorf("%q, %v", text, resp.Header)
			}
		}
		if e := await(t, reported); !e.Ordinary() || e.RemoteAddr == "" {
			t.Errorf("%+v", e)
		}
		c, resp := dialed(t, url+"/moved", nil)
		if resp.Request.URL.Path != "/chat" {
			t.Errorf("%v", resp.Request.URL)
		}
		say(t, c, "moved")
		_ = c.Close(websocket.StatusNormalClosure, "")
	})
}

// Limits hold, and the end says why.
func TestLimits(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		done := make(chan error, 1)
		url := serve(t, wrap(websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
			_, _, err := c.Read(ctx)
			done <- err
			return err
		}, &websocket.AcceptOptions{Limits: websocket.Limits{Message: 1000}, OnError: func(*websocket.HandlerError) {}})))
		c := dial(t, url, nil)
		if err := c.Write(within(t), websocket.MessageBinary, make([]byte, 1001)); err != nil {
			t.Error(err)
		}
		if err := await(t, done); !errors.As(err, new(*websocket.LimitError)) {
			t.Error(err)
		}
		if _, _, err := c.Read(within(t)); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
			t.Error(err)
		}
	})
}

// Several connections on streams of one, in a Hub, a Registry, by a Batch and as net.Conn.
func TestTogether(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		var (
			h        hub.Hub
			registry websocket.Registry
		)
		joined := make(chan bool, 8)
		url := serve(t, wrap(websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
			h.Add(c)
			joined <- true
			nc := websocket.NetConn(ctx, c, websocket.MessageBinary)
			p := make([]byte, 5)
			if _, err := io.ReadFull(nc, p); err != nil {
				return err
			}
			b := c.Batch()
			for range 3 {
				if err := b.Write(ctx, websocket.MessageBinary, p); err != nil {
					return err
				}
			}
			if err := b.Flush(ctx); err != nil {
				return err
			}
			_, _, err := c.Read(ctx)
			return err
		}, &websocket.AcceptOptions{Registry: &registry})))
		p := pool(t, &http3.Pool{})
		var clients []*websocket.Conn
		for range 5 {
			clients = append(clients, dial(t, url, &websocket.DialOptions{HTTP3: p}))
			await(t, joined)
		}
		for _, c := range clients {
			if err := c.Write(within(t), websocket.MessageBinary, []byte("abcde")); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, p, err := c.Read(within(t)); !bytes.Equal(p, []byte("abcde")) || err != nil {
					t.Fatalf("%q, %v", p, err)
				}
			}
		}
		if err := h.Broadcast(websocket.Prepare(websocket.MessageText, []byte("to all"))); err != nil {
			t.Error(err)
		}
		read := make(chan error, len(clients))
		for _, c := range clients {
			if _, p, err := c.Read(within(t)); string(p) != "to all" || err != nil {
				t.Errorf("%q, %v", p, err)
			}
			go func() { _, _, err := c.Read(context.Background()); read <- err }()
		}
		if n := registry.Len(); n != len(clients) {
			t.Errorf("%d registered", n)
		}
		if err := registry.Shutdown(within(t)); err != nil {
			t.Error(err)
		}
		for range clients {
			if err := await(t, read); websocket.CloseStatus(err) != websocket.StatusGoingAway {
				t.Error(err)
			}
		}
		_, _, err := http3.Dial(within(t), url, &websocket.DialOptions{TLSConfig: trusting()})
		if failed, ok := errors.AsType[*websocket.HandshakeError](err); !ok || failed.Response.StatusCode != http.StatusServiceUnavailable {
			t.Error(err)
		}
	})
}

// A keepalive pings, and hears the pongs, at both ends.
func TestKeepAlive(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		pongs := make(chan bool, 100)
		hear := func(context.Context, []byte) {
			select {
			case pongs <- true:
			default:
			}
		}
		often := websocket.KeepAlive{Interval: 5 * time.Millisecond, Timeout: patience}
		url := serve(t, wrap(websocket.Handler(echo, &websocket.AcceptOptions{KeepAlive: often, OnPongReceived: hear})))
		c := dial(t, url, &websocket.DialOptions{KeepAlive: often, OnPongReceived: hear})
		read := make(chan error, 1)
		go func() { _, _, err := c.Read(context.Background()); read <- err }()
		for range 10 {
			await(t, pongs)
		}
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
		await(t, read)
	})
}

// Trace tells of the connection's life, and where it is.
func TestConnTrace(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		lives := make(chan string, 20)
		trace := func(who string) *websocket.Trace {
			return &websocket.Trace{
				HandshakeDone: func(*websocket.Conn) { lives <- who + " opened" },
				Closed: func(_ *websocket.Conn, e *websocket.ClosedError) {
					if !e.Clean() {
						t.Errorf("%s: %v", who, e)
					}
					lives <- who + " closed"
				},
			}
		}
		url := serve(t, wrap(websocket.Handler(echo, &websocket.AcceptOptions{Trace: trace("server")})))
		c := dial(t, url, &websocket.DialOptions{Trace: trace("client")})
		_ = c.Close(websocket.StatusNormalClosure, "")
		seen := map[string]bool{}
		for range 4 {
			seen[await(t, lives)] = true
		}
		if len(seen) != 4 {
			t.Error(seen)
		}
	})
}

// Middleware between Handler and Accept is passed by.
type unwrapper struct{ http.ResponseWriter }

func (w *unwrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }
func (w *unwrapper) Write(p []byte) (int, error) { return w.ResponseWriter.Write(bytes.ToUpper(p)) }

func TestMiddleware(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		h := websocket.Handler(echo, nil)
		c := dial(t, serve(t, wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(&unwrapper{w}, r)
		}))), nil)
		say(t, c, "small")
		_ = c.Close(websocket.StatusNormalClosure, "")
	})
}

// Other requests pass Handler untouched.
func TestOtherRequests(t *testing.T) {
	url := serve(t, http3.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(h3.HTTPStreamer); !ok {
			t.Errorf("%T", w)
		}
		if r.Proto == "websocket" { // a handler that is no WebSocket
			control := http.NewResponseController(w)
			if err := errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{}), control.Flush()); err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(w, "mine")
			return
		}
		_, _ = io.WriteString(w, "plain")
	})))
	client := &h3.Transport{TLSClientConfig: trusting()}
	defer client.Close()
	resp, err := client.RoundTrip(must(http.NewRequestWithContext(within(t), http.MethodGet, "https"+strings.TrimPrefix(url, "wss"), nil)))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := io.ReadAll(resp.Body); string(p) != "plain" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	_ = resp.Body.Close()
	s := request(t, connect(t, url), sample())
	if status, _ := s.answer(); status != http.StatusOK {
		t.Error(status)
	}
	p := make([]byte, 4)
	if _, err := io.ReadFull(s, p); string(p) != "mine" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The server's own stream, for a handler that wants it, is there behind Handler as well.
func TestHTTPStreamer(t *testing.T) {
	s := request(t, connect(t, serve(t, http3.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		stream, err := w.(h3.HTTPStreamer).HTTPStream()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(stream, "raw")
		stream.CancelRead(0)
		_ = stream.Close()
	})))), sample())
	_, _ = s.answer()
	if p, err := io.ReadAll(s); string(p) != "raw" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}

// Where the caller of Accept returns before the connection has ended, nothing panics. Without
// Handler the connection is lost; with it it lives.
func TestAcceptReturnsEarly(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		conns := make(chan *websocket.Conn, 1)
		returned := make(chan bool)
		url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(returned)
			wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, err := websocket.Accept(w, r, nil)
				if err != nil {
					t.Error(err)
				}
				conns <- c
			})).ServeHTTP(w, r)
		}))
		c := dial(t, url, nil)
		server := await(t, conns)
		<-returned
		if strings.HasSuffix(t.Name(), "Handler") {
			go func() { _ = echo(context.Background(), server) }()
			say(t, c, "still here")
			_ = c.Close(websocket.StatusNormalClosure, "")
			return
		}
		if _, _, err := c.Read(within(t)); !errors.As(err, new(*websocket.ClosedError)) {
			t.Error(err)
		}
		for range 10 {
			if err := server.Write(within(t), websocket.MessageText, []byte("too late")); err != nil {
				break
			}
		}
		_ = server.CloseNow()
	})
}

// However serve ends, the stream ends, with its code, and the handler returns.
func TestServeEnds(t *testing.T) {
	quiet := &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}, Timeouts: long}
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		for name, row := range map[string]struct {
			serve func(ctx context.Context, c *websocket.Conn) error
			code  websocket.StatusCode
		}{
			"nil":          {func(context.Context, *websocket.Conn) error { return nil }, websocket.StatusNormalClosure},
			"an error":     {func(context.Context, *websocket.Conn) error { return io.ErrShortWrite }, websocket.StatusInternalError},
			"a CloseError": {func(context.Context, *websocket.Conn) error { return websocket.CloseError{Code: 4000} }, 4000},
			"a panic":      {func(context.Context, *websocket.Conn) error { panic("on purpose") }, websocket.StatusInternalError},
			"CloseNow": {func(ctx context.Context, c *websocket.Conn) error {
				if _, p, err := c.Read(ctx); err != nil || c.Write(ctx, websocket.MessageText, p) != nil {
					return err
				}
				_, _, _ = c.Read(ctx) // a reset may overtake what was sent
				return c.CloseNow()
			}, -1},
		} {
			t.Run(name, func(t *testing.T) {
				c := dial(t, serve(t, wrap(websocket.Handler(row.serve, quiet))), &websocket.DialOptions{Timeouts: long})
				if row.code < 0 {
					say(t, c, "here")
					_ = c.Write(within(t), websocket.MessageText, []byte("and here"))
				}
				if _, _, err := c.Read(within(t)); websocket.CloseStatus(err) != row.code {
					t.Errorf("%v, want %d", err, row.code)
				}
				await(t, c.Context().Done())
			})
		}
	})
}

// Shutdown says GOAWAY, and waits for WebSockets, which a Registry ends. The pool dials elsewhere.
func TestShutdown(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		var (
			registry websocket.Registry
			s        *h3.Server
		)
		url := serve(t, wrap(websocket.Handler(echo, &websocket.AcceptOptions{Registry: &registry})), func(server *h3.Server) { s = server })
		p := pool(t, &http3.Pool{IdleTimeout: time.Millisecond})
		c := dial(t, url, &websocket.DialOptions{HTTP3: p})
		say(t, c, "before")
		down := make(chan error, 1)
		go func() { down <- s.Shutdown(within(t)) }()
		say(t, c, "going")
		read := make(chan error, 1)
		go func() { _, _, err := c.Read(context.Background()); read <- err }()
		if err := registry.Shutdown(within(t)); err != nil {
			t.Error(err)
		}
		if err := await(t, read); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Error(err)
		}
		if err := await(t, down); err != nil {
			t.Error(err)
		}
	})
}
