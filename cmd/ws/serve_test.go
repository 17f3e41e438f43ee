package main

import (
	"bytes"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/hawser-ws/websocket"
)

// SIGTERM: 1001 to everybody who is connected, and then a good end.
func TestServeShutdown(t *testing.T) {
	url, server := start(t)
	c, _, err := websocket.Dial(t.Context(), url, nil)
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

func TestServeOptions(t *testing.T) {
	url, _ := start(t, "-subprotocols", "chat,echo", "-origin", "*.example.com", "-max-message", "1000", "-v")
	c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{
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
}

// Large messages come back whole, several under way.
func TestServeLarge(t *testing.T) {
	url, _ := start(t)
	c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Limits: websocket.Limits{Message: -1}})
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
