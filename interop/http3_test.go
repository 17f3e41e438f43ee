package interop

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

// serveHTTP3 is serve by quic-go's server of HTTP/3.
func serveHTTP3(t *testing.T, ctx context.Context, accept acceptFunc, wrap func(http.Handler) http.Handler) (*server, *identity) {
	t.Helper()
	s := serve(t, ctx, accept)
	s.Server.Close()
	id := newIdentity()
	over := &h3.Server{TLSConfig: id.server(), Handler: wrap(s.mux)}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- over.Serve(socket) }()
	t.Cleanup(func() {
		_ = over.Close()
		<-served
		_ = socket.Close()
	})
	s.Server = &httptest.Server{URL: "https://" + socket.LocalAddr().String()}
	return s, id
}

// acceptHTTP3 is acceptOurs, over HTTP/3 alone.
func acceptHTTP3(t *testing.T, noted *closings) acceptFunc {
	ours := acceptWith(&websocket.AcceptOptions{Timeouts: patient, Trace: noted.trace()})
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request) (party, error) {
		if r.Header.Get("Sec-WebSocket-Version") != "" && (r.ProtoMajor != 3 || r.Method != http.MethodConnect) {
			t.Errorf("%s of %s, want a stream of HTTP/3", r.Method, r.Proto)
		}
		return ours(ctx, w, r)
	}
}

// A browser opens WebSockets as streams of the HTTP/3 connection that has carried the page, if it
// is told to (RFC 9220). Accept recognises them without the module for HTTP/3 as well.
func TestChromiumHTTP3(t *testing.T) {
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"Accept": func(h http.Handler) http.Handler { return h }, "http3.Handler": http3.Handler,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := bounded(t)
			closings := newClosings(t, "Chromium, HTTP/3, "+name)
			s, id := serveHTTP3(t, ctx, acceptHTTP3(t, closings), wrap)
			leaf, err := x509.ParseCertificate(id.cert.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			key := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
			got := conversesWithPage(t, ctx, s, askSockets(),
				"--enable-quic", "--enable-features=EnableWebsocketsOverHttp3", "--origin-to-force-quic-on="+strings.TrimPrefix(s.URL, "https://"),
				"--ignore-certificate-errors-spki-list="+base64.StdEncoding.EncodeToString(key[:]))
			checkSockets(t, got, passesClose)
			closings.settle(t)
		})
	}
}

// Our own two ends, and quic-go between them.
func TestHTTP3(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	served := newClosings(t, "a server of HTTP/3")
	s, id := serveHTTP3(t, ctx, acceptHTTP3(t, served), http3.Handler)
	pool := &http3.Pool{}
	t.Cleanup(pool.Close)
	closings := newClosings(t, "Dial over HTTP/3")
	dial := dialWith(&websocket.DialOptions{TLSConfig: id.trusting(), HTTP3: pool, Timeouts: patient, Trace: closings.trace()})
	converse(t, ctx, dial, "wss"+strings.TrimPrefix(s.URL, "https"))
	wantEndings(t, ctx, s)
	closeOften(t, ctx, dial, "wss"+strings.TrimPrefix(s.URL, "https"))
	closings.settle(t)
	served.settle(t)
}

// caddy takes HTTP/2 and HTTP/3 from clients, and forwards to our server over HTTP/1.1.
var caddy = template.Must(template.New("caddy").Parse(`{
	"admin": {"disabled": true, "config": {"persist": false}},
	"apps": {
		"http": {"grace_period": "1s", "servers": {"front": {
			"listen": ["{{.TLS}}"], "protocols": ["h1", "h2", "h3"],
			"automatic_https": {"disable": true}, "tls_connection_policies": [{}],
			"routes": [{"handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": "{{.Backend}}"}]}]}]
		}}},
		"tls": {"certificates": {"load_files": [{"certificate": "{{.PEM}}", "key": "{{.PEM}}"}]}}
	}
}`))

// Dial talks to our server through Caddy, over HTTP/3, HTTP/2 and HTTP/1.1.
func TestCaddy(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "caddy")
	build := exec.Command("go", "-C", "caddy", "build", "-ldflags=-s -w", "-o", program, ".")
	build.Env = append(build.Environ(), "GOWORK=off")
	began := time.Now()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("built in %v", time.Since(began))
	ctx := bounded(t)
	s := serve(t, ctx, acceptOurs)
	front := newFront(t, strings.TrimPrefix(s.URL, "http://"))
	// Caddy offers WebSockets over HTTP/2 where net/http does.
	p := start(t, ctx, "", "/usr/bin/env", "GODEBUG=http2xconnect=1", "HOME="+front.params["Dir"], program, "run", "--config", front.config(t, caddy))
	p.await(ctx, "serving initial configuration")
	http2 := &websocket.HTTP2Pool{Require: true}
	t.Cleanup(http2.Close)
	quic := &http3.Pool{}
	t.Cleanup(quic.Close)
	over := t
	var again []websocket.DialOptions
	var settle []func(*testing.T)
	for name, opts := range map[string]websocket.DialOptions{"HTTP/1.1": {}, "HTTP/2": {HTTP2: http2}, "HTTP/3": {HTTP3: quic}} {
		t.Run(name, func(t *testing.T) {
			opts.TLSConfig, opts.Timeouts = front.trusting(), patient
			closings := newClosings(over, "Dial to Caddy over "+name)
			settle = append(settle, closings.settle)
			opts.Trace = closings.trace()
			// Like Apache, Caddy may keep a stream whose back end has vanished.
			opts.KeepAlive = websocket.KeepAlive{Interval: 200 * time.Millisecond, Timeout: 2 * time.Second}
			converse(t, ctx, dialWith(&opts), "wss://"+front.params["TLS"])
			wantEndings(t, ctx, s)
			again = append(again, opts)
		})
	}
	for i, opts := range again { // Caddy is killed at the end of the test, and UDP tells nobody
		closeOften(t, ctx, dialWith(&opts), "wss://"+front.params["TLS"])
		settle[i](t)
	}
}
