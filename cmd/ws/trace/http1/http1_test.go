package http1_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/cmd/ws/trace/http1"
)

// A head is complete with its empty line, whatever comes before or after.
func TestHeads(t *testing.T) {
	const request = "GET /a b HTTP/1.1\r\nHost: h\r\nUpgrade: h2c, WebSocket\r\nA:\tx \r\n\r\n"
	for n := range len(request) {
		h, size, err := http1.ParseRequest([]byte(request[:n]))
		if n > 0 && err != nil || h != nil || size != 0 {
			t.Errorf("%q: %v, %d, %v", request[:n], h, size, err)
		}
	}
	h, n, err := http1.ParseRequest([]byte(request + "rest"))
	if err != nil || n != len(request) || h.Method != "GET" || h.Target != "/a b" || h.Proto != "HTTP/1.1" || len(h.Fields) != 3 || h.Values("a")[0] != "x" || !h.Has("upgrade", "websocket") {
		t.Errorf("%+v, %d, %v", h, n, err)
	}
	const response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
	for n := range len(response) {
		h, size, err := http1.ParseResponse([]byte(response[:n]))
		if err != nil || h != nil || size != 0 {
			t.Errorf("%q: %v, %d, %v", response[:n], h, size, err)
		}
	}
	if h, n, err := http1.ParseResponse([]byte(response)); err != nil || n != len(response) || h.Status != 101 {
		t.Errorf("%+v, %d, %v", h, n, err)
	}
}

func TestNotHTTP(t *testing.T) {
	for _, bad := range []string{
		"\x16\x03\x01", "get / HTTP/1.1\r\n\r\n", " GET", "GET / HTTP/2.0\r\n\r\n", "GET\r\n\r\n", "HELLO\r\n\r\n", "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"GET /" + strings.Repeat("x", http1.MaxHead),
	} {
		if _, n, err := http1.ParseRequest([]byte(bad)); !errors.Is(err, http1.ErrNotHTTP) || n != 0 {
			t.Errorf("request %.30q: %d, %v", bad, n, err)
		}
	}
	for _, bad := range []string{"HTTP/2.0 101\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 1010 x\r\n\r\n", "SIP"} {
		if _, n, err := http1.ParseResponse([]byte(bad)); !errors.Is(err, http1.ErrNotHTTP) || n != 0 {
			t.Errorf("response %q: %d, %v", bad, n, err)
		}
	}
}

// However a body is delivered, what follows it is left.
func TestBodies(t *testing.T) {
	for _, test := range []struct{ head, method, body string }{
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", "hello"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", ""},
		{"HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n", "GET", ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "CONNECT", ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "GET", "5\r\nhello\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nB: c\r\n\r\n"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", "0\r\n\r\n"},
	} {
		for step := 1; step <= 7; step++ {
			h, _, err := http1.ParseResponse([]byte(test.head))
			if err != nil {
				t.Fatal(err)
			}
			b := h.ResponseBody(test.method)
			rest := test.body + "NEXT"
			for !b.Done() && rest != "" {
				n := b.Skip([]byte(rest[:min(step, len(rest))]))
				rest = rest[n:]
			}
			if rest != "NEXT" {
				t.Errorf("%q in steps of %d leaves %q", test.head, step, rest)
			}
		}
	}
	h, _, _ := http1.ParseResponse([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	b := h.ResponseBody("GET")
	if n := b.Skip(make([]byte, 1000)); n != 1000 || b.Done() || !b.Lost(1<<40) {
		t.Error("a body to the end of the connection ends before")
	}
	h, _, _ = http1.ParseRequest([]byte("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n"))
	b = h.RequestBody()
	if !b.Lost(9) || b.Done() || b.Lost(2) {
		t.Error("a hole in a body")
	}
}
