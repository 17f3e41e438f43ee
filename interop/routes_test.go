package interop

import (
	"bytes"
	"context"
	"errors"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	gobwas "github.com/gobwas/ws"
	"github.com/gorilla/mux"
	gorilla "github.com/gorilla/websocket"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/hawser-ws/websocket"
	standin "github.com/hawser-ws/websocket/coder"
)

// echoOnce is a WebSocket handler that answers one message.
func echoOnce(errs chan<- error) http.Handler {
	return websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		kind, p, err := c.Read(ctx)
		if err == nil {
			err = c.Write(ctx, kind, p)
		}
		return err
	}, &websocket.AcceptOptions{OnError: func(e *websocket.HandlerError) {
		if errs != nil {
			errs <- e.Err
		}
	}})
}

// overTLS serves HTTP/1.1 and HTTP/2, and returns Dial by either: the status of the
// answer, 0 if there was none, and why it was refused.
func overTLS(t *testing.T, h http.Handler) (dial func(t *testing.T, proto, path string) (int, error), address string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(new(bytes.Buffer), "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	config := s.Client().Transport.(*http.Transport).TLSClientConfig
	pool := &websocket.HTTP2Pool{Require: true}
	t.Cleanup(pool.Close)
	return func(t *testing.T, proto, path string) (int, error) {
		t.Helper()
		ctx := bounded(t)
		opts := &websocket.DialOptions{TLSConfig: config}
		if proto == "HTTP/2" {
			opts.HTTP2 = pool
		}
		c, response, err := websocket.Dial(ctx, s.URL+path, opts)
		if response == nil {
			return 0, err
		}
		if err != nil {
			return response.StatusCode, err
		}
		defer c.CloseNow()
		if err := c.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
			t.Error(err)
		}
		if _, p, err := c.Read(ctx); string(p) != "ahoy" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
		if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Error(err)
		}
		return response.StatusCode, nil
	}, strings.TrimPrefix(s.URL, "https://")
}

// A WebSocket over HTTP/2 is a CONNECT. Routes for GET do not match it, and ServeMux compares the
// whole authority, port included, with the host of a pattern.
func TestRoutes(t *testing.T) {
	t.Parallel()
	ws := echoOnce(nil)
	serveMux := func(pattern string) http.Handler {
		m := http.NewServeMux()
		m.Handle(pattern, ws)
		return m
	}
	ofChi := func(add func(r chi.Router)) http.Handler {
		r := chi.NewRouter()
		add(r)
		return r
	}
	ofGorilla := func(add func(r *mux.Router)) http.Handler {
		r := mux.NewRouter()
		add(r)
		return r
	}
	for name, row := range map[string]struct {
		h     http.Handler
		http2 int
	}{
		`ServeMux "/ws"`:           {serveMux("/ws"), 200},
		`ServeMux "GET /ws"`:       {serveMux("GET /ws"), 405},
		`ServeMux "127.0.0.1/ws"`:  {serveMux("127.0.0.1/ws"), 404},
		`ServeMux "/{room}"`:       {serveMux("/{room}"), 200},
		`chi Get`:                  {ofChi(func(r chi.Router) { r.Get("/ws", ws.ServeHTTP) }), 405},
		`chi Handle`:               {ofChi(func(r chi.Router) { r.Handle("/ws", ws) }), 200},
		`chi Get and Connect`:      {ofChi(func(r chi.Router) { r.Get("/ws", ws.ServeHTTP); r.Connect("/ws", ws.ServeHTTP) }), 200},
		`gorilla Handle`:           {ofGorilla(func(r *mux.Router) { r.Handle("/ws", ws) }), 200},
		`gorilla Methods GET`:      {ofGorilla(func(r *mux.Router) { r.Handle("/ws", ws).Methods("GET") }), 405},
		`gorilla GET and CONNECT`:  {ofGorilla(func(r *mux.Router) { r.Handle("/ws", ws).Methods("GET", "CONNECT") }), 200},
		`gorilla Host`:             {ofGorilla(func(r *mux.Router) { r.Handle("/ws", ws).Host("127.0.0.1") }), 200},
		`gorilla Headers(Upgrade)`: {ofGorilla(func(r *mux.Router) { r.Handle("/ws", ws).Headers("Upgrade", "websocket") }), 404},
	} {
		t.Run(name, func(t *testing.T) {
			dial, _ := overTLS(t, row.h)
			if status, err := dial(t, "HTTP/1.1", "/ws"); status != http.StatusSwitchingProtocols {
				t.Errorf("HTTP/1.1: %d, %v", status, err)
			}
			if status, err := dial(t, "HTTP/2", "/ws"); status != row.http2 {
				t.Errorf("HTTP/2: %d, %v; want %d", status, err, row.http2)
			}
		})
	}
	t.Run(`ServeMux "127.0.0.1:port/ws"`, func(t *testing.T) {
		m := http.NewServeMux()
		dial, address := overTLS(t, m)
		m.Handle(address+"/ws", ws)
		if status, err := dial(t, "HTTP/2", "/ws"); status != http.StatusOK {
			t.Errorf("HTTP/2: %d, %v", status, err)
		}
		if status, err := dial(t, "HTTP/1.1", "/ws"); status != http.StatusNotFound {
			t.Errorf("HTTP/1.1: %d, %v", status, err)
		}
	})
}

// Middleware whose writer unwraps does no harm to a stream. TimeoutHandler's does not, and the
// request is refused with the reason.
func TestMiddlewareHTTP2(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		around func(http.Handler) http.Handler
		status int
	}{
		"chi": {func(h http.Handler) http.Handler {
			return chi.Chain(middleware.RequestID, middleware.Recoverer, middleware.Compress(5, "text/plain"),
				middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(new(bytes.Buffer), "", 0)})).Handler(h)
		}, 200},
		"otelhttp":        {func(h http.Handler) http.Handler { return otelhttp.NewHandler(h, "ws") }, 200},
		"TimeoutHandler":  {func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") }, 501},
		"StripPrefix":     {func(h http.Handler) http.Handler { return http.StripPrefix("/ws", h) }, 200},
		"MaxBytesHandler": {func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1<<20) }, 200},
	} {
		t.Run(name, func(t *testing.T) {
			errs := make(chan error, 1)
			dial, _ := overTLS(t, row.around(echoOnce(errs)))
			status, err := dial(t, "HTTP/2", "/ws")
			if status != row.status {
				t.Fatalf("%d, %v; want %d", status, err, row.status)
			}
			if status == http.StatusOK {
				return
			}
			if err := <-errs; !errors.Is(err, http.ErrNotSupported) || !strings.Contains(err.Error(), "outside of the middleware") {
				t.Errorf("reported: %v", err)
			}
		})
	}
}

// A ReverseProxy of Go does not pass an extended CONNECT on. Its clients get 502, also where the
// back end accepts WebSockets; over HTTP/1.1 it goes on as before.
func TestReverseProxyHTTP2(t *testing.T) {
	t.Parallel()
	back := httptest.NewServer(echoOnce(nil))
	t.Cleanup(back.Close)
	to, err := url.Parse(back.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var why error
	dial, _ := overTLS(t, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			mu.Lock()
			defer mu.Unlock()
			why = err
			w.WriteHeader(http.StatusBadGateway)
		},
	})
	if status, err := dial(t, "HTTP/1.1", "/ws"); status != http.StatusSwitchingProtocols {
		t.Errorf("HTTP/1.1: %d, %v", status, err)
	}
	if status, err := dial(t, "HTTP/2", "/ws"); status != http.StatusBadGateway {
		t.Errorf("HTTP/2: %d, %v", status, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if why == nil || !strings.Contains(why.Error(), ":protocol") {
		t.Errorf("the proxy says %v", why)
	}
}

// Handlers of other libraries refuse an extended CONNECT: pages of a server that imports xconnect
// then have no WebSocket there. The answer of coder has the field Upgrade, which makes it malformed.
func TestOtherHandlersHTTP2(t *testing.T) {
	t.Parallel()
	upgrader := gorilla.Upgrader{}
	for name, row := range map[string]struct {
		h      http.HandlerFunc
		status int
	}{
		"gorilla": {func(w http.ResponseWriter, r *http.Request) { _, _ = upgrader.Upgrade(w, r, nil) }, 400},
		"coder":   {func(w http.ResponseWriter, r *http.Request) { _, _ = coder.Accept(w, r, nil) }, 0},
		"gobwas":  {func(w http.ResponseWriter, r *http.Request) { _, _, _, _ = gobwas.UpgradeHTTP(r, w) }, 500},
		"our stand-in for coder": {func(w http.ResponseWriter, r *http.Request) {
			c, err := standin.Accept(w, r, nil)
			if err != nil {
				return
			}
			kind, p, err := c.Read(r.Context())
			if err == nil {
				err = c.Write(r.Context(), kind, p)
			}
			if err == nil {
				_ = c.Close(standin.StatusNormalClosure, "")
			}
		}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			dial, _ := overTLS(t, row.h)
			if status, err := dial(t, "HTTP/2", "/ws"); status != row.status {
				t.Errorf("%d, %v; want %d", status, err, row.status)
			}
		})
	}
}
