package connect_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// What the handshake agrees on, and what the application adds to the response.
func TestNegotiated(t *testing.T) {
	opts := &websocket.AcceptOptions{
		Subprotocols:    []string{"chat"},
		CompressionMode: websocket.CompressionContextTakeover,
		OriginPatterns:  []string{"pages.example"},
		HTTPHeader:      http.Header{"X-Option": {"a"}},
	}
	h := websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		if c.Subprotocol() != "chat" || c.NetConn() != nil {
			t.Errorf("subprotocol %q, NetConn %v", c.Subprotocol(), c.NetConn())
		}
		if _, ok := c.Compression(); !ok {
			t.Error("not compressed")
		}
		if server := ctx.Value(http.ServerContextKey); server == nil {
			t.Error("no server in the context")
		}
		if addr := ctx.Value(http.LocalAddrContextKey); addr == nil {
			t.Error("no address in the context")
		}
		return echo(ctx, c)
	}, opts)
	c := connect(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Middleware", "b")
		w.Header().Set("Content-Length", "5") // of nothing that we send
		h.ServeHTTP(w, r)
	})))
	s := c.request(false, sample("sec-websocket-protocol", "other, chat", "origin", "https://pages.example",
		"sec-websocket-extensions", "permessage-deflate; client_max_window_bits"))
	status, header := s.answer()
	for name, want := range map[string]string{"Sec-Websocket-Protocol": "chat", "X-Option": "a", "X-Middleware": "b", "Content-Length": "", "Sec-Websocket-Accept": ""} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if status != http.StatusOK || !strings.HasPrefix(header.Get("Sec-Websocket-Extensions"), "permessage-deflate") {
		t.Fatalf("%d, %v", status, header)
	}
	ws := websocket.NewConn(s, websocket.RoleClient, nil)
	text := strings.Repeat("compressed ", 1000)
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
	// The client did not say that it would inflate: read the frame as it is.
	if _, _, err := ws.Read(t.Context()); !errors.As(err, new(*websocket.ClosedError)) || !strings.Contains(err.Error(), "RSV1") {
		t.Errorf("%v, want a compressed message", err)
	}
	s.ended()
}

// Several connections on streams of one, in a Hub, a Registry, by a Batch and as net.Conn.
func TestTogether(t *testing.T) {
	var (
		h        hub.Hub
		registry websocket.Registry
	)
	joined := make(chan bool, 8)
	address := serve(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
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
	}, &websocket.AcceptOptions{Registry: &registry}))
	c := connect(t, address)
	var clients []*websocket.Conn
	var streams []*stream
	for range 5 {
		ws, s := c.open()
		clients, streams = append(clients, ws), append(streams, s)
		await(t, joined)
	}
	for _, ws := range clients {
		if err := ws.Write(t.Context(), websocket.MessageBinary, []byte("abcde")); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, p, err := ws.Read(t.Context()); !bytes.Equal(p, []byte("abcde")) || err != nil {
				t.Fatalf("%q, %v", p, err)
			}
		}
	}
	if err := h.Broadcast(websocket.Prepare(websocket.MessageText, []byte("to all"))); err != nil {
		t.Error(err)
	}
	for _, ws := range clients {
		if _, p, err := ws.Read(t.Context()); string(p) != "to all" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
		go func() { _, _, _ = ws.Read(context.Background()) }() // answers pings, and the Close frame
	}
	if n := registry.Len(); n != len(clients) {
		t.Errorf("%d registered", n)
	}
	if err := registry.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for i, s := range streams {
		s.ended()
		_ = clients[i].CloseNow()
	}
}

// A keepalive pings over a stream, and hears the pongs while serve reads.
func TestKeepAlive(t *testing.T) {
	pongs := make(chan bool, 100)
	c, done := served(t, &websocket.AcceptOptions{
		KeepAlive: websocket.KeepAlive{Interval: 5 * time.Millisecond, Timeout: patience},
		OnPongReceived: func(context.Context, []byte) {
			select {
			case pongs <- true:
			default:
			}
		},
	}, func(ctx context.Context, c *websocket.Conn) error {
		_, _, err := c.Read(ctx)
		return err
	})
	ws, s := c.open()
	read := wsplay.Go(func() error { _, _, err := ws.Read(context.Background()); return err })
	for range 3 {
		await(t, pongs)
	}
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	if err := await(t, done); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Error(err)
	}
	await(t, read)
	s.ended()
}

// The patterns of a ServeMux decide whether a CONNECT gets to the handler.
func TestServeMux(t *testing.T) {
	for pattern, status := range map[string]int{
		"/chat":            http.StatusOK,
		"/":                http.StatusOK,
		"/{room}":          http.StatusOK,
		"CONNECT /chat":    http.StatusOK,
		"example.com/chat": http.StatusOK,
		"GET /chat":        http.StatusMethodNotAllowed,
		"other.example/":   http.StatusNotFound,
	} {
		mux := http.NewServeMux()
		mux.Handle(pattern, websocket.Handler(echo, nil))
		s := connect(t, serve(t, mux)).request(false, sample())
		if got, _ := s.answer(); got != status {
			t.Errorf("%s: %d, want %d", pattern, got, status)
		} else if got == http.StatusOK {
			_ = websocket.NewConn(s, websocket.RoleClient, nil).Close(websocket.StatusNormalClosure, "")
		}
	}
}

// wrapper is a writer of middleware; it changes what is written.
type wrapper struct {
	http.ResponseWriter
	status int
}

func (w *wrapper) WriteHeader(status int)      { w.status = status; w.ResponseWriter.WriteHeader(status) }
func (w *wrapper) Write(p []byte) (int, error) { return w.ResponseWriter.Write(bytes.ToUpper(p)) }

type unwrapper struct{ wrapper }

func (w *unwrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Middleware sees the status, and does not touch the frames. If it hides net/http's writer, the
// request is refused with the reason.
func TestMiddleware(t *testing.T) {
	statuses := make(chan int, 1)
	c := connect(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := &unwrapper{wrapper{ResponseWriter: w}}
		websocket.Handler(echo, nil).ServeHTTP(u, r)
		statuses <- u.status
	})))
	ws, s := c.open()
	if err := ws.Write(t.Context(), websocket.MessageText, []byte("small")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := ws.Read(t.Context()); string(p) != "small" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	_ = ws.Close(websocket.StatusNormalClosure, "")
	s.ended()
	if status := await(t, statuses); status != http.StatusOK {
		t.Errorf("middleware saw %d", status)
	}

	for name, wrap := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"wrapper":  func(w http.ResponseWriter) http.ResponseWriter { return &wrapper{ResponseWriter: w} },
		"hijacker": func(w http.ResponseWriter) http.ResponseWriter { return &hijacker{wrapper{ResponseWriter: w}} },
	} {
		errs := make(chan error, 1)
		c = connect(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := websocket.Accept(wrap(w), r, nil)
			errs <- err
		})))
		if status, _ := c.request(false, sample()).answer(); status != http.StatusNotImplemented {
			t.Errorf("status %d", status)
		}
		if err := await(t, errs); !errors.Is(err, http.ErrNotSupported) || !strings.Contains(err.Error(), name) {
			t.Error(err)
		}
	}
}

// hijacker is a writer of middleware that knows HTTP/1.1 only.
type hijacker struct{ wrapper }

func (w *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.ResponseWriter.(http.Hijacker).Hijack()
}

// A prepare that takes longer than the server's timeouts leaves a connection that lives, as over
// HTTP/1.1.
func TestSlowPrepare(t *testing.T) {
	const timeout = 50 * time.Millisecond
	prepare := func(*http.Request) (websocket.ServeFunc, error) {
		time.Sleep(3 * timeout)
		return echo, nil
	}
	address := serve(t, websocket.RequestHandler(prepare, nil), func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = timeout, timeout })
	ws, s := connect(t, address).open()
	if err := ws.Write(t.Context(), websocket.MessageText, []byte("late")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := ws.Read(t.Context()); string(p) != "late" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	_ = ws.Close(websocket.StatusNormalClosure, "")
	s.ended()
}

// What bounds the content of requests does not bound a connection, as it does not over HTTP/1.1.
func TestMaxBytesHandler(t *testing.T) {
	c := connect(t, serve(t, http.MaxBytesHandler(websocket.Handler(echo, nil), 1000)))
	ws, s := c.open()
	for range 3 {
		if err := ws.Write(t.Context(), websocket.MessageBinary, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if _, p, err := ws.Read(t.Context()); len(p) != 1000 || err != nil {
			t.Fatalf("%d bytes, %v", len(p), err)
		}
	}
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	s.ended()
}
