package websocket

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What a client sends together with its request is the first that the server reads.
func TestUpgradeGlued(t *testing.T) {
	read := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := new(Upgrader).Upgrade(w, r, nil)
		if err != nil {
			read <- err.Error()
			return
		}
		defer c.Close()
		kind, p, err := c.ReadMessage()
		read <- fmt.Sprint(kind, " ", string(p), " ", err)
	}))
	defer s.Close()
	nc, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	const frame = "\x81\x85\x00\x00\x00\x00hello"
	_, err = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"+frame)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-read; got != "1 hello <nil>" {
		t.Errorf("read %s", got)
	}
}

// What a server sends together with its response is the first that the client reads. A
// message may be larger than every buffer.
func TestDialGlued(t *testing.T) {
	large := strings.Repeat("x", 60_000)
	d := Dialer{NetDialContext: dialPeer(switchingWith("", "\x81\x05hello\x82\x7e\xea\x60"+large))}
	c, _, err := d.Dial("ws://example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, want := range []string{"hello", large} {
		if _, p, err := c.ReadMessage(); err != nil || string(p) != want {
			t.Errorf("%d bytes, %v; want %d", len(p), err, len(want))
		}
	}
}

// The head of a response is bounded, and a Host has no default port.
func TestDialLimits(t *testing.T) {
	host := ""
	d := Dialer{NetDialContext: dialPeer(func(w io.Writer, r *http.Request) {
		host = r.Host
		_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\n"+strings.Repeat("A: b\r\n", 20_000)+"\r\n")
	})}
	_, resp, err := d.Dial("ws://Example.com:80/", nil)
	if resp != nil || err == nil || !strings.Contains(err.Error(), "larger than 65536 bytes") || !strings.HasPrefix(err.Error(), "websocket: ") {
		t.Errorf("%v, %v", resp, err)
	}
	if host != "example.com" {
		t.Errorf("Host: %s", host)
	}
}
