package interop

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/template"

	"github.com/hawser-ws/websocket"
)

// The proxies listen for ws and for wss, end TLS, and forward both to Backend.
var proxyConfigs = struct{ nginx, haproxy *template.Template }{
	template.Must(template.New("nginx").Parse(`
daemon off;
master_process off;
pid {{.Dir}}/nginx.pid;
error_log stderr notice;
events {}
http {
	access_log off;
	client_body_temp_path {{.Dir}}/body;
	proxy_temp_path {{.Dir}}/proxy;
	fastcgi_temp_path {{.Dir}}/fastcgi;
	uwsgi_temp_path {{.Dir}}/uwsgi;
	scgi_temp_path {{.Dir}}/scgi;
	server {
		listen {{.Plain}};
		listen {{.TLS}} ssl {{block "protocols" .}}{{end}};
		ssl_certificate {{.PEM}};
		ssl_certificate_key {{.PEM}};
		location / {
			proxy_pass http://{{.Backend}};
			proxy_http_version 1.1;
			proxy_set_header Host $http_host;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection "upgrade";
		}
	}
}
`)),
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
	server ours {{.Backend}}
`)),
}

func TestNginx(t *testing.T) {
	t.Parallel()
	throughProxy(t, proxyConfigs.nginx, startNginx)
}

func startNginx(t *testing.T, ctx context.Context, config string) {
	t.Helper()
	p := start(t, ctx, "nginx", "/usr/sbin/nginx", "-e", "stderr", "-p", filepath.Dir(config), "-c", config)
	p.await(ctx, "getrlimit(") // the last notice before it serves; it listens by then
}

func TestHAProxy(t *testing.T) {
	t.Parallel()
	throughProxy(t, proxyConfigs.haproxy, startHAProxy)
}

// nginx chooses HTTP/2 and does not offer WebSockets over it: a pool goes back to HTTP/1.1, and
// remembers that.
func TestNginxHTTP2(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	s := serve(t, ctx, acceptOurs)
	front := newFront(t, strings.TrimPrefix(s.URL, "http://"))
	config := template.Must(proxyConfigs.nginx.Clone())
	template.Must(config.New("protocols").Parse("http2"))
	startNginx(t, ctx, front.config(t, config))
	relay := newRelay(t, front.params["TLS"])

	pool := new(websocket.HTTP2Pool)
	t.Cleanup(pool.Close)
	converse(t, ctx, dialWith(&websocket.DialOptions{TLSConfig: front.trusting(), HTTP2: pool}), "wss://"+relay.address)
	wantEndings(t, ctx, s)
	if n := relay.accepted(); n != 6 {
		t.Errorf("%d connections, want one to ask, and one for each of five WebSockets", n)
	}

	required := &websocket.HTTP2Pool{Require: true}
	t.Cleanup(required.Close)
	for range 2 {
		_, _, err := websocket.Dial(ctx, "wss://"+relay.address+"/echo", &websocket.DialOptions{TLSConfig: front.trusting(), HTTP2: required})
		if err == nil || !strings.Contains(err.Error(), "SETTINGS_ENABLE_CONNECT_PROTOCOL") {
			t.Errorf("Dial = %v, want an error that says what nginx lacks", err)
		}
	}
}

// throughProxy has our client talk to our server, in the clear and over TLS,
// as a page of the proxy's own origin does.
func throughProxy(t *testing.T, config *template.Template, run func(t *testing.T, ctx context.Context, config string)) {
	t.Helper()
	ctx := bounded(t)
	s := serve(t, ctx, acceptOurs)
	front := newFront(t, strings.TrimPrefix(s.URL, "http://"))
	run(t, ctx, front.config(t, config))
	id, plain, secure := front.identity, front.params["Plain"], front.params["TLS"]

	ws, wss := "ws://"+plain, "wss://"+secure
	origin := func(s string) http.Header { return http.Header{"Origin": {s}} }
	for _, tt := range []struct {
		name, url string
		opts      websocket.DialOptions
	}{
		{"ws", ws, websocket.DialOptions{HTTPHeader: origin("http://" + plain)}},
		{"wss", wss, websocket.DialOptions{HTTPHeader: origin("https://" + secure), TLSConfig: id.trusting()}},
		{"wss by net/http", wss, websocket.DialOptions{HTTPHeader: origin("https://" + secure), HTTPClient: id.client()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			converse(t, ctx, dialWith(&tt.opts), tt.url)
			wantEndings(t, ctx, s)
		})
	}
	t.Run("foreign origin", func(t *testing.T) {
		_, response, err := websocket.Dial(ctx, ws+"/echo", &websocket.DialOptions{HTTPHeader: origin("http://example.com")})
		if err == nil || response == nil || response.StatusCode != http.StatusForbidden {
			t.Errorf("Dial = %v, %v, want our server's 403 for an origin that is not the proxy's", response, err)
		}
		s.ending(t, ctx, "echo")
	})
}

var freeAddresses = struct {
	sync.Mutex
	given map[string]bool
}{given: map[string]bool{}}

// freeAddress returns an address that nobody listens on. It lies below the
// ports that Linux gives to outgoing connections and to listeners on port 0,
// so that none of those takes it before the proxy does.
func freeAddress(t *testing.T) string {
	t.Helper()
	freeAddresses.Lock()
	defer freeAddresses.Unlock()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(20_000+rand.IntN(10_000)))
		if freeAddresses.given[address] {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		l.Close()
		freeAddresses.given[address] = true
		return address
	}
	t.Fatal("no free port on 127.0.0.1")
	return ""
}
