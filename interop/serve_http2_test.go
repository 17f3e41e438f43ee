package interop

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/template"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// Both speak HTTP/2 to their back end, and accept ws, and wss over HTTP/1.1 and HTTP/2, from
// clients.
var http2Proxies = struct{ haproxy, nghttpx *template.Template }{
	template.Must(template.New("haproxy").Parse(`
global
	maxconn 64
defaults
	mode http
	timeout connect 5s
	timeout client 30s
	timeout server 30s
	timeout tunnel 30s
frontend proxy
	bind {{.Plain}}
	bind {{.TLS}} ssl crt {{.PEM}} alpn h2,http/1.1
	use_backend page if { path /page.html /saw }
	default_backend ours
backend page
	server page {{.Page}}
backend ours
	server ours {{.Backend}} proto h2 ws h2
`)),
	template.Must(template.New("nghttpx").Parse(`
frontend={{.PlainHost}},{{.PlainPort}};no-tls
frontend={{.TLSHost}},{{.TLSPort}}
backend={{.BackendHost}},{{.BackendPort}};;proto=h2
backend={{.PageHost}},{{.PagePort}};/page.html:/saw
private-key-file={{.PEM}}
certificate-file={{.PEM}}
workers=1
`)),
}

func TestServeHTTP2HAProxy(t *testing.T) {
	t.Parallel()
	throughHTTP2(t, "haproxy", http2Proxies.haproxy, startHAProxy)
}

func startHAProxy(t *testing.T, ctx context.Context, config string) {
	t.Helper()
	start(t, ctx, "haproxy", "/usr/sbin/haproxy", "-W", "-f", config).await(ctx, "Loading success")
}

func TestServeHTTP2Nghttpx(t *testing.T) {
	t.Parallel()
	throughHTTP2(t, "nghttpx", http2Proxies.nghttpx, startNghttpx)
}

func startNghttpx(t *testing.T, ctx context.Context, config string) {
	t.Helper()
	p := start(t, ctx, "nghttp2-proxy", "/usr/sbin/nghttpx", "--conf="+config)
	p.await(ctx, "Worker process") // …, which listens by then
}

// serveBehindHTTP2 is serve for a proxy that speaks HTTP/2 to it.
func serveBehindHTTP2(t *testing.T, ctx context.Context, opts *websocket.AcceptOptions) *server {
	t.Helper()
	s := &server{endings: map[string]chan ending{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Server = &httptest.Server{URL: "http://" + l.Addr().String()}
	prepare := func(r *handshake.Request) (websocket.ServeFunc, error) {
		u, err := url.ParseRequestURI(strings.Clone(r.Target))
		if err != nil {
			return nil, err
		}
		return func(_ context.Context, c *websocket.Conn) error {
			p := newOurs(ctx, c)
			e := answer(ctx, p, u)
			p.drop()
			s.ended(u, e)
			return nil
		}, nil
	}
	var calls sync.WaitGroup
	calls.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { nc.Close() })
			calls.Go(func() {
				defer stop()
				_ = websocket.ServeHTTP2Requests(nc, prepare, opts)
			})
		}
	})
	t.Cleanup(func() { l.Close(); calls.Wait() })
	return s
}

// throughHTTP2 has our client talk to our server through a proxy that speaks HTTP/2 to it.
func throughHTTP2(t *testing.T, name string, config *template.Template, run func(t *testing.T, ctx context.Context, config string)) {
	t.Helper()
	ctx := bounded(t)
	ctx, cancel := context.WithCancel(ctx)
	t.Cleanup(cancel)
	closings := newClosings(t, "ServeHTTP2 behind "+name)
	s := serveBehindHTTP2(t, ctx, &websocket.AcceptOptions{
		OnError:  func(*websocket.HandlerError) {},
		Timeouts: patient, Trace: closings.trace(),
	})
	front := newFront(t, strings.TrimPrefix(s.URL, "http://"))
	run(t, ctx, front.config(t, config))
	plain, secure := front.params["Plain"], front.params["TLS"]
	over := front.dialer(t, name, websocket.KeepAlive{})
	for _, tt := range []struct {
		name, url string
		dial      dialFunc
	}{
		{"ws", "ws://" + plain, dialOurs},
		{"wss", "wss://" + secure, dialWith(&websocket.DialOptions{TLSConfig: front.trusting()})},
		{"wss over HTTP/2", "wss://" + secure, over},
	} {
		t.Run(tt.name, func(t *testing.T) {
			converse(t, ctx, tt.dial, tt.url)
			wantEndings(t, ctx, s)
		})
	}
	closeOften(t, ctx, over, "wss://"+secure)
	closings.settle(t)
	t.Run("foreign origin", func(t *testing.T) {
		_, response, err := websocket.Dial(ctx, "ws://"+plain+"/echo", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://example.com"}}})
		if err == nil || response == nil || response.StatusCode != http.StatusForbidden {
			t.Errorf("Dial = %v, %v, want our server's 403", response, err)
		}
	})
	t.Run("no WebSocket", func(t *testing.T) {
		response, err := http.Get("http://" + plain + "/")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("GET: %v", response.Status)
		}
	})
}

// front is what a program needs that takes connections for another.
type front struct {
	*identity
	params map[string]string // of its configuration
}

func newFront(t *testing.T, backend string) *front {
	t.Helper()
	dir := t.TempDir()
	f := &front{newIdentity(), map[string]string{"Dir": dir, "PEM": filepath.Join(dir, "both.pem")}}
	f.set("Plain", freeAddress(t))
	f.set("TLS", freeAddress(t))
	f.set("Backend", backend)
	f.set("Page", "127.0.0.1:9") // where a browser gets its page, if there is one
	if err := os.WriteFile(f.params["PEM"], f.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// set names an address in the configuration.
func (f *front) set(name, address string) {
	f.params[name] = address
	f.params[name+"Host"], f.params[name+"Port"], _ = net.SplitHostPort(address)
}

// dialer is our client over a pool of HTTP/2 connections to the front. Its closings are noted.
func (f *front) dialer(t *testing.T, whose string, alive websocket.KeepAlive) dialFunc {
	t.Helper()
	pool := &websocket.HTTP2Pool{Require: true}
	t.Cleanup(pool.Close)
	return dialWith(&websocket.DialOptions{
		TLSConfig: f.trusting(), HTTP2: pool, KeepAlive: alive,
		Timeouts: patient, Trace: newClosings(t, "Dial to "+whose).trace(),
	})
}

// config writes the configuration, and returns the name of its file.
func (f *front) config(t *testing.T, config *template.Template) string {
	t.Helper()
	var text strings.Builder
	if err := config.Execute(&text, f.params); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(f.params["Dir"], "front.conf")
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
