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

// Both speak HTTP/2 to their back end, and accept ws, and wss over HTTP/1.1, from clients.
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
	bind {{.TLS}} ssl crt {{.PEM}} alpn http/1.1
	default_backend ours
backend ours
	server ours {{.Backend}} proto h2 ws h2
`)),
	template.Must(template.New("nghttpx").Parse(`
frontend={{.PlainHost}},{{.PlainPort}};no-tls
frontend={{.TLSHost}},{{.TLSPort}}
backend={{.BackendHost}},{{.BackendPort}};;proto=h2
private-key-file={{.PEM}}
certificate-file={{.PEM}}
workers=1
`)),
}

func TestServeHTTP2HAProxy(t *testing.T) {
	t.Parallel()
	throughHTTP2(t, http2Proxies.haproxy, func(ctx context.Context, config string) {
		p := start(t, ctx, "haproxy", "/usr/sbin/haproxy", "-W", "-f", config)
		p.await(ctx, "Loading success")
	})
}

func TestServeHTTP2Nghttpx(t *testing.T) {
	t.Parallel()
	throughHTTP2(t, http2Proxies.nghttpx, func(ctx context.Context, config string) {
		p := start(t, ctx, "nghttp2-proxy", "/usr/sbin/nghttpx", "--conf="+config)
		p.await(ctx, "Worker process") // …, which listens by then
	})
}

// serveBehindHTTP2 is serve for a proxy that speaks HTTP/2 to it.
func serveBehindHTTP2(t *testing.T, ctx context.Context) *server {
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
			select {
			case s.endingsOf(strings.TrimPrefix(u.Path, "/")) <- e:
			default: // nobody asks for this one
			}
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
				_ = websocket.ServeHTTP2Requests(nc, prepare, &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}})
			})
		}
	})
	t.Cleanup(func() { l.Close(); calls.Wait() })
	return s
}

// throughHTTP2 has our client talk to our server through a proxy that speaks HTTP/2 to it.
func throughHTTP2(t *testing.T, config *template.Template, run func(ctx context.Context, config string)) {
	ctx := bounded(t)
	ctx, cancel := context.WithCancel(ctx)
	t.Cleanup(cancel)
	s := serveBehindHTTP2(t, ctx)
	dir := t.TempDir()
	id := newIdentity()
	plain, secure := freeAddress(t), freeAddress(t)
	params := map[string]string{"PEM": filepath.Join(dir, "both.pem"), "Plain": plain, "TLS": secure, "Backend": strings.TrimPrefix(s.URL, "http://")}
	for _, name := range []string{"Plain", "TLS", "Backend"} {
		params[name+"Host"], params[name+"Port"], _ = net.SplitHostPort(params[name])
	}
	if err := os.WriteFile(params["PEM"], id.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := config.Execute(&text, params); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "proxy.conf")
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(ctx, name)
	for _, tt := range []struct {
		name, url string
		opts      websocket.DialOptions
	}{
		{"ws", "ws://" + plain, websocket.DialOptions{}},
		{"wss", "wss://" + secure, websocket.DialOptions{TLSConfig: id.trusting()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			converse(t, ctx, dialWith(&tt.opts), tt.url)
			wantEndings(t, ctx, s)
		})
	}
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
