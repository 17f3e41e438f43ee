package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// An invalid command line exits with 2, says what to do, and connects to nobody.
func TestConformUsage(t *testing.T) {
	t.Parallel()
	var came atomic.Int32
	url := serving(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	for _, test := range []struct{ args, stderr string }{
		{"-cases 99.*", `no case matches "99.*"`},
		{"-cases 1.1.1,nonsense", `no case matches "nonsense"`},
		{"-exclude 1.1.1.1", `no case matches "1.1.1.1"`},
		{"-exclude *", "no case is left"},
		{"-cases 21.*", `the cases of -cases "21.*" are about HTTP/2: -http2`},
		{"-http2 -cases 20.1.*", `are about the opening handshake of HTTP/1.1, and not played over HTTP/2`},
		{"-quick -cases 1.*", "exclude each other"},
		{"-server localhost:9000", "is it ws://localhost:9000?"},
		{"-server wss:/host", "is it wss://host?"},
		{"-server x=host:1/path", "is it ws://host:1/path?"},
		{"-server htp://host/", "ws:// or wss://"},
		{"-server ws:///", "no host"},
		{"-server ws://host/#a", "fragment"},
		{"-server ws://host:port/", "port"},
		{"-testee localhost", "is it ws://localhost?"},
		{"-server URL -server nonsense", "is it ws://nonsense?"},
		{"-server a=URL -server a=URL", `two servers are called "a"`},
		{"-server URL -server URL -agent a", "-server NAME=URL"},
		{"-server b=URL -agent a", "-server NAME=URL"},
		{"-server URL -listen 127.0.0.1:0", "exclude each other"},
		{"-testee URL -listen 127.0.0.1:0", "exclude each other"},
		{"-testee URL -cases 1.*", "-cases makes no sense with -testee"},
		{"-testee URL -list", "-list makes no sense with -testee"},
		{"-testee URL -o x", "-o makes no sense with -testee"},
		{"-listen 127.0.0.1:0 -parallel 2", "-parallel makes no sense with -listen"},
		{"-listen 127.0.0.1:0 -agent x", "-agent makes no sense with -listen"},
		{"-server URL -tls", "-tls makes no sense with -server"},
		{"-listen 127.0.0.1:0 -tls -tls-cert x -tls-key y", "give one of the two"},
		{"-insecure", "-insecure makes no sense without -server"},
		{"-compress off", "-compress makes no sense without -testee"},
		{"-server URL -level 9", "-level makes no sense with -server"},
		{"-testee URL -window-bits 8", "-window-bits must be 9 to 15"},
		{"-H A:b", "-H makes no sense without -server"},
		{"-listen 127.0.0.1:0 -subprotocol a", "-subprotocol makes no sense with -listen"},
		{"-server URL -H nonsense", "want 'Name: value'"},
		{"-server URL -H Upgrade:h2c", "-H has Upgrade, which the handshake writes itself"},
		{"-server URL -H sec-websocket-key:x", "-H has Sec-Websocket-Key"},
		{"-server URL -H Sec-WebSocket-Protocol:x", "use -subprotocol"},
		{"-server URL -H Host:x", "-H has Host, which the suite takes from the URL"},
		{"-server URL -H a/b:x", "a/b, which is not the name of a header field"},
		{"-server URL -H A:\x01", "-H has a value of A that cannot be sent"},
		{"-server URL -subprotocol a/b", "-subprotocol a/b is not a token"},
		{"-server URL -ca main.go", "no certificate"},
		{"-testee URL -baseline x", "-baseline makes no sense with -testee"},
		{"-baseline x -write-baseline x", "-baseline and -write-baseline exclude each other"},
		{"-baseline nonsense", "there is no nonsense"},
		{"-junit .", "-junit: . is a directory"},
		{"-markdown main.go/x", "-markdown: mkdir main.go"},
		{"-parallel 0", "at least 1"},
		{"-server URL -wait -1s", "must not be negative"},
		{"-wait 1s", "-wait makes no sense without -server"},
		{"-markdown -", "-markdown: - is no file; /dev/stdout is"},
		{"-timeout 0s", "must be positive"},
		{"URL", "is it -server URL?"},
		{"nonsense", `unexpected argument "nonsense"`},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields("conform " + strings.ReplaceAll(test.args, "URL", url))
			ws(t, "", args...).want(t, "", strings.ReplaceAll(test.stderr, "-server URL?", "-server "+url+"?"), exitUsage)
		})
	}
	t.Cleanup(func() {
		if came.Load() > 0 {
			t.Errorf("somebody connected")
		}
	})
}

// What cannot be written is told before anything is judged.
func TestConformOutputFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ws(t, "", "conform", "-cases", "1.1.1", "-o", filepath.Join(file, "dir")).want(t, "", "ws conform: mkdir", exitUsage)
}
