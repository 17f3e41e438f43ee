//go:build !race

package websocket

import (
	"net"
	"testing"
	"time"
)

// browserRequest is what a browser sends.
const browserRequest = "GET /chat?room=42 HTTP/1.1\r\n" +
	"Host: chat.example.com\r\n" +
	"Connection: Upgrade\r\n" +
	"Pragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
	"Upgrade: websocket\r\n" +
	"Origin: http://chat.example.com\r\n" +
	"Sec-WebSocket-Version: 13\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-US,en;q=0.9\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"

// requestConn has every read find the same request.
type requestConn struct{ stubConn }

func (*requestConn) SetDeadline(time.Time) error { return nil }

func newRequestConn() *requestConn { return &requestConn{stubConn{wire: []byte(browserRequest)}} }

// What is allocated besides the Conn is its transport, what that has bound, and how
// it is to be interrupted.
const (
	streamAllocs = 1
	socketAllocs = 2 // SyscallConn allocates, too
)

func TestUpgradeAllocatesLittle(t *testing.T) {
	stub := newRequestConn()
	if n := testing.AllocsPerRun(500, func() {
		if _, err := Upgrade(stub, nil); err != nil {
			t.Fatal(err)
		}
	}); n > streamAllocs {
		t.Errorf("%v allocations on a stream", n)
	}

	const runs = 100
	sockets := make(chan net.Conn, runs+1)
	for range runs + 1 {
		sockets <- requestSocket(t)
	}
	if n := testing.AllocsPerRun(runs, func() {
		if _, err := Upgrade(<-sockets, nil); err != nil {
			t.Fatal(err)
		}
	}); n > socketAllocs {
		t.Errorf("%v allocations on a socket", n)
	}
}

// requestSocket returns a socket to which the request has come.
func requestSocket(t *testing.T) net.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
	if _, err := client.Write([]byte(browserRequest)); err != nil {
		t.Fatal(err)
	}
	return server
}

func BenchmarkUpgrade(b *testing.B) {
	stub := newRequestConn()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Upgrade(stub, nil); err != nil {
			b.Fatal(err)
		}
	}
}
