package interop

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/hawser-ws/websocket"
)

// Both take HTTP/2 from clients, and forward to our server over HTTP/1.1.
var http2Fronts = struct{ apache, lighttpd *template.Template }{
	template.Must(template.New("apache").Parse(`
ServerRoot {{.Dir}}
DefaultRuntimeDir {{.Dir}}
PidFile {{.Dir}}/httpd.pid
Listen {{.TLS}}
ServerName localhost
ErrorLog /dev/stderr
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
SSLEngine on
SSLCertificateFile {{.PEM}}
SSLCertificateKeyFile {{.PEM}}
SSLSessionCache none
Protocols h2 http/1.1
H2WebSockets on
ProxyPreserveHost on
ProxyPass "/" "http://{{.Backend}}/" upgrade=websocket
`)),
	template.Must(template.New("lighttpd").Parse(`
server.modules = ("mod_openssl", "mod_proxy")
server.document-root = "{{.Dir}}"
server.bind = "{{.TLSHost}}"
server.port = {{.TLSPort}}
ssl.engine = "enable"
ssl.pemfile = "{{.PEM}}"
server.feature-flags += ("server.h2proto" => "enable")
proxy.server = ("" => (("host" => "{{.BackendHost}}", "port" => {{.BackendPort}})))
proxy.header = ("upgrade" => "enable")
`)),
}

func TestDialHTTP2Apache(t *testing.T) {
	t.Parallel()
	dialHTTP2(t, "Apache", http2Fronts.apache, startApache)
}

func startApache(t *testing.T, ctx context.Context, config string) {
	t.Helper()
	start(t, ctx, "apache2", "/usr/sbin/apache2", "-DFOREGROUND", "-f", config).await(ctx, "resuming normal operations")
}

func TestDialHTTP2Lighttpd(t *testing.T) {
	t.Parallel()
	dialHTTP2(t, "lighttpd", http2Fronts.lighttpd, startLighttpd)
}

func startLighttpd(t *testing.T, ctx context.Context, config string) {
	t.Helper()
	start(t, ctx, "lighttpd", "/usr/sbin/lighttpd", "-D", "-f", config).await(ctx, "server started")
}

// dialHTTP2 has our client talk over HTTP/2 to a front, and that over HTTP/1.1 to our server.
func dialHTTP2(t *testing.T, name string, config *template.Template, run func(t *testing.T, ctx context.Context, config string)) {
	t.Helper()
	ctx := bounded(t)
	s := serve(t, ctx, acceptOurs)
	front := newFront(t, strings.TrimPrefix(s.URL, "http://"))
	run(t, ctx, front.config(t, config))
	// Apache keeps a stream whose back end has vanished until something is sent on it.
	alive := websocket.KeepAlive{Interval: 200 * time.Millisecond, Timeout: 2 * time.Second}
	dial, base := front.dialer(t, name, alive), "wss://"+front.params["TLS"]
	converse(t, ctx, dial, base)
	wantEndings(t, ctx, s)
	closeOften(t, ctx, dial, base)
}

// hypercorn is an application that echoes.
const hypercorn = `
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            print("ended with", scope["http_version"], message.get("code"), flush=True)
            return
        await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})
`

func TestDialHTTP2Hypercorn(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	front := newFront(t, "")
	if err := os.WriteFile(filepath.Join(front.params["Dir"], "echo.py"), []byte(hypercorn), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, ctx, "python3-hypercorn", "/usr/bin/env", "PYTHONPATH="+front.params["Dir"], "hypercorn", "--bind", front.params["TLS"], "--certfile", front.params["PEM"], "--keyfile", front.params["PEM"], "echo:app")
	p.await(ctx, "Running on")
	c, err := front.dialer(t, "hypercorn", websocket.KeepAlive{})(ctx, "wss://"+front.params["TLS"]+"/")
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range sizes {
		for _, m := range []message{text(letters(size)), binary(pattern(size))} {
			if err := c.send(m.kind, m.data); err != nil {
				t.Fatal(err)
			}
			if got, err := c.arrivals().next(ctx); err != nil || !got.is(m) {
				t.Fatalf("received %v, %v, want %v", got, err, m)
			}
		}
	}
	if err := c.close(4001, "bye"); err != nil {
		t.Error(err)
	}
	c.drop()
	p.await(ctx, "ended with 2") // and 1006: it says so whenever the client has begun
}
