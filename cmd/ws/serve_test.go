package main

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/hawser-ws/websocket"
)

// eachWay runs a test with the flags of each way to serve connections.
func eachWay(t *testing.T, test func(t *testing.T, flags ...string)) {
	for name, flags := range map[string][]string{
		"goroutines":    nil,
		"loop":          {"-loop"},
		"loop over TLS": {"-loop", "-tls"},
	} {
		t.Run(name, func(t *testing.T) { test(t, flags...) })
	}
}

// anyCertificate has a client trust every server.
var anyCertificate = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// SIGTERM: 1001 to everybody who is connected, and then a good end.
func TestServeShutdown(t *testing.T) { eachWay(t, testServeShutdown) }

func testServeShutdown(t *testing.T, flags ...string) {
	url, server := start(t, flags...)
	c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPClient: anyCertificate})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("here")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.Read(t.Context()); string(p) != "here" || err != nil {
		t.Fatalf("echo %q, %v", p, err)
	}
	terminate(t, server)
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the client's read: %v", err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("the server: %v", err)
	}
}

func terminate(t *testing.T, server *exec.Cmd) {
	t.Helper()
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

func TestServeOptions(t *testing.T) { eachWay(t, testServeOptions) }

func testServeOptions(t *testing.T, flags ...string) {
	url, server := start(t, append(flags, "-subprotocols", "chat,echo", "-origin", "*.example.com", "-max-message", "1000", "-v")...)
	c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{
		HTTPClient:   anyCertificate,
		Subprotocols: []string{"echo"},
		HTTPHeader:   http.Header{"Origin": {"https://www.example.com"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if c.Subprotocol() != "echo" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	fits := bytes.Repeat([]byte("x"), 1000)
	if err := c.Write(t.Context(), websocket.MessageBinary, fits); err != nil {
		t.Fatal(err)
	}
	if typ, p, err := c.Read(t.Context()); typ != websocket.MessageBinary || !bytes.Equal(p, fits) || err != nil {
		t.Errorf("%v of %d bytes, %v", typ, len(p), err)
	}
	if err := c.Write(t.Context(), websocket.MessageBinary, append(fits, 'x')); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("above the limit: %v", err)
	}
	log := logOf(t, server)
	for _, line := range []string{"msg=accepted socket=1 over=HTTP/1.1 peer=127.0.0.1:", "msg=read socket=1", "msg=ended socket=1"} {
		if !strings.Contains(log, line) {
			t.Errorf("the server does not say %q", line)
		}
	}
}

// Large messages come back whole, several under way.
func TestServeLarge(t *testing.T) { eachWay(t, testServeLarge) }

func testServeLarge(t *testing.T, flags ...string) {
	url, _ := start(t, flags...)
	c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPClient: anyCertificate, Limits: websocket.Limits{Message: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	sizes := []int{0, 100_000, 1, 16 << 20, 125}
	go func() {
		for _, n := range sizes {
			if err := c.Write(t.Context(), websocket.MessageText, bytes.Repeat([]byte("a"), n)); err != nil {
				t.Error(err)
			}
		}
	}()
	for _, n := range sizes {
		if _, p, err := c.Read(t.Context()); len(p) != n || err != nil {
			t.Fatalf("%d bytes, %v; want %d", len(p), err, n)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

// On a loop, too, browsers get the page, and other requests an answer.
func TestServeLoopPage(t *testing.T) {
	url, _ := start(t, "-loop")
	url = "http" + strings.TrimPrefix(url, "ws")
	if resp, body := get(t, http.DefaultClient, url, browser); resp.StatusCode != 200 || body != string(page) {
		t.Errorf("a browser gets %s, %.100q", resp.Status, body)
	}
	if resp, body := get(t, http.DefaultClient, url, "*/*"); resp.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("another client gets %s, %.100q", resp.Status, body)
	}
}

// Streams of HTTP/2 and HTTP/3 have goroutines.
func TestServeLoopAlone(t *testing.T) {
	for _, other := range []string{"-http2", "-http3"} {
		ws(t, "", "serve", "-loop", "-tls", other).want(t, "", "-loop is for connections of HTTP/1.1: ", exitUsage)
	}
}

func TestServeFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ws(t, "", "serve", "-listen", l.Addr().String()).want(t, "", "in use", exitFailed)
	ws(t, "", "serve", "-tls-cert", "nonsense", "-tls-key", "nonsense").want(t, "", "nonsense", exitFailed)
}

func TestReachable(t *testing.T) {
	for addr, want := range map[string]string{"0.0.0.0:80": "localhost:80", "[::]:80": "localhost:80", "[::1]:80": "[::1]:80"} {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(a); got != want {
			t.Errorf("%s is reachable at %s, want %s", strings.TrimSpace(addr), got, want)
		}
	}
}
