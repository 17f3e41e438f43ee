package websocket

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/frame"
)

// Where gorilla and the drop-in do the same, compat/check/scenarios has the tests. Here is
// what the drop-in does otherwise, and what only shows inside.

var noContext = &deflateTerms{send: conn.Terms{WindowBits: 15}, receive: conn.Terms{WindowBits: 15}}

// pair returns two connections over TCP.
func pair(t *testing.T, terms *deflateTerms, writeBufferSize int) (server, client *Conn) {
	t.Helper()
	near, far := tcp(t)
	return newConn(near, connParams{role: conn.Server, deflate: terms, writeBufferSize: writeBufferSize}),
		newConn(far, connParams{role: conn.Client, deflate: terms, writeBufferSize: writeBufferSize})
}

func tcp(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	for _, nc := range []net.Conn{near, far} { // ends a test that hangs
		_ = nc.SetReadDeadline(time.Now().Add(20 * time.Second))
	}
	return near, far
}

// eachRole runs a test for both ends: c is the one, peer the other.
func eachRole(t *testing.T, terms *deflateTerms, test func(t *testing.T, c, peer *Conn)) {
	t.Helper()
	t.Run("server", func(t *testing.T) {
		server, client := pair(t, terms, 100)
		test(t, server, client)
	})
	t.Run("client", func(t *testing.T) {
		server, client := pair(t, terms, 100)
		test(t, client, server)
	})
}

// raw sends frames by hand, from the side of peer.
func raw(t *testing.T, peer *Conn, frames ...conn.OutFrame) {
	t.Helper()
	var out []byte
	for _, f := range frames {
		f.Header.Length, f.Header.Masked, f.Header.Key = uint64(len(f.Payload)), peer.role.Masks(), 0x01020304
		out = frame.AppendHeader(out, f.Header)
		at := len(out)
		if out = append(out, f.Payload...); f.Header.Masked {
			frame.Mask(out[at:], f.Header.Key)
		}
	}
	if _, err := peer.nc.Write(out); err != nil {
		t.Fatal(err)
	}
}

func fin(op frame.Opcode, payload string) conn.OutFrame {
	return conn.OutFrame{Header: frame.Header{FIN: true, Opcode: op}, Payload: []byte(payload)}
}

// compressed makes a frame say that its message is compressed.
func compressed(f conn.OutFrame) conn.OutFrame {
	f.Header.RSV1 = true
	return f
}

// wantMessage reads a message.
func wantMessage(t *testing.T, c *Conn, typ int, want string) {
	t.Helper()
	got, p, err := c.ReadMessage()
	if got != typ || string(p) != want || err != nil {
		t.Fatalf("type %d, %.40q (%d bytes), %v, want type %d, %.40q", got, p, len(p), err, typ, want)
	}
}

// wantRefused wants that c has refused what came, and told peer by a Close frame.
func wantRefused(t *testing.T, c, peer *Conn, code int, text string) {
	t.Helper()
	_, _, err := c.ReadMessage()
	if err == nil || err.Error() != text {
		t.Errorf("%v, want %s", err, text)
	}
	if _, _, again := c.ReadMessage(); again != err {
		t.Errorf("then %v", again)
	}
	if _, _, err := peer.ReadMessage(); !IsCloseError(err, code) {
		t.Errorf("the peer is told %v, want %d", err, code)
	}
}

// noise returns n bytes that do not compress.
func noise(n int) string {
	p := make([]byte, n)
	x := uint32(1)
	for i := range p {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		p[i] = byte(x)
	}
	return string(p)
}

// If a value cannot be encoded, nothing is sent. gorilla sends an empty message.
func TestWriteJSONOfWhatCannotBeEncoded(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, peer *Conn) {
		w, err := c.NextWriter(TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.WriteJSON(make(chan int)); err == nil || !strings.HasPrefix(err.Error(), "json: unsupported type") {
			t.Errorf("%v", err)
		}
		if _, err := io.WriteString(w, "still open"); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		wantMessage(t, peer, TextMessage, "still open")
	})
}

// A prepared message does not come between the fragments of another.
func TestPreparedMessageBehindFragments(t *testing.T) {
	pm, err := NewPreparedMessage(TextMessage, []byte("prepared"))
	if err != nil {
		t.Fatal(err)
	}
	eachRole(t, nil, func(t *testing.T, c, peer *Conn) {
		w, err := c.NextWriter(TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 150))
		if err := c.WritePreparedMessage(pm); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, peer, TextMessage, strings.Repeat("x", 150))
		wantMessage(t, peer, TextMessage, "prepared")
		if err := w.Close(); err != errWriteClosed {
			t.Errorf("%v", err)
		}
	})
}

// At level 0 messages are not compressed at all. gorilla makes them larger.
func TestLevelZero(t *testing.T) {
	near, far := tcp(t)
	c := newConn(near, connParams{role: conn.Server, deflate: noContext})
	if err := c.SetCompressionLevel(0); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteMessage(TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 7)
	if _, err := io.ReadFull(far, p); err != nil || string(p) != "\x81\x05hello" {
		t.Errorf("%q, %v", p, err)
	}
}

// Readers of compressed messages stay at their end, as others do.
func TestEndOfACompressedMessage(t *testing.T) {
	eachRole(t, noContext, func(t *testing.T, c, peer *Conn) {
		for range 2 {
			if err := peer.WriteMessage(TextMessage, []byte("hello")); err != nil {
				t.Fatal(err)
			}
		}
		_, r, err := c.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := r.Read(nil); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if p, err := io.ReadAll(r); string(p) != "hello" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
		for range 2 {
			if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("%d, %v", n, err)
			}
		}
		if c.in.inflated != nil {
			t.Error("what the message needed is still lent")
		}
		wantMessage(t, c, TextMessage, "hello")
	})
}

// What came together with the handshake is the beginning of the stream.
func TestEarlyBytes(t *testing.T) {
	for _, n := range []int{5, 300, 100_000} {
		near, far := tcp(t)
		m := frame.AppendWhole(nil, frame.Text, []byte(noise(n)), true, 5)
		early := m[:len(m)-1]
		c := newConn(near, connParams{role: conn.Server, early: bytes.Clone(early)})
		if _, err := far.Write(m[len(early):]); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, c, TextMessage, noise(n))
	}
}

// A connection works on any net.Conn.
func TestStreams(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) (near, far net.Conn){
		"tcp":  tcp,
		"pipe": func(*testing.T) (near, far net.Conn) { return net.Pipe() },
		"wrapped": func(t *testing.T) (near, far net.Conn) {
			near, far = tcp(t)
			return struct{ net.Conn }{near}, struct{ net.Conn }{far}
		},
		"tls": overTLS,
	} {
		t.Run(name, func(t *testing.T) {
			near, far := open(t)
			server := newConn(near, connParams{role: conn.Server, subprotocol: "x"})
			client := newConn(far, connParams{role: conn.Client})
			if server.Subprotocol() != "x" || client.Subprotocol() != "" || server.NetConn() != near || server.UnderlyingConn() != near ||
				server.LocalAddr() != near.LocalAddr() || server.RemoteAddr() != near.RemoteAddr() {
				t.Error("the connection does not say what it is made of")
			}
			var echo sync.WaitGroup
			echo.Go(func() {
				for {
					typ, p, err := server.ReadMessage()
					if err != nil || server.WriteMessage(typ, p) != nil {
						return
					}
				}
			})
			for _, n := range []int{0, 1, 126, 5000, 70_000, 1_000_000} {
				var write sync.WaitGroup
				write.Go(func() {
					if err := client.WriteMessage(BinaryMessage, []byte(noise(n))); err != nil {
						t.Error(err)
					}
				})
				wantMessage(t, client, BinaryMessage, noise(n))
				write.Wait()
			}
			client.Close()
			echo.Wait()
		})
	}
}

func overTLS(t *testing.T) (near, far net.Conn) {
	t.Helper()
	a, b := tcp(t)
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate(t)}}
	return tls.Server(a, config), tls.Client(b, config)
}

// What leaves together leaves by one write.
func TestWritesAreFew(t *testing.T) {
	for _, test := range []struct {
		role conn.Role
		size int // of a message
		want int // writes
	}{
		{conn.Server, 0, 1}, {conn.Server, 4096, 1}, {conn.Server, 100_000, 2}, // the header, and what is not copied
		{conn.Client, 0, 1}, {conn.Client, 4096, 1}, {conn.Client, 30_000, 1}, {conn.Client, 100_000, 4},
	} {
		w := &shortWriter{room: 1 << 30}
		c := newConn(w, connParams{role: test.role})
		if err := c.WriteMessage(BinaryMessage, make([]byte, test.size)); err != nil || w.calls != test.want {
			t.Errorf("%v, %d bytes: %d writes, %v, want %d", test.role, test.size, w.calls, err, test.want)
		}
	}
}

// A connection that waits holds no buffer.
func TestIdleConnectionsHoldNothing(t *testing.T) {
	eachRole(t, noContext, func(t *testing.T, c, peer *Conn) {
		for range 2 {
			if err := peer.WriteMessage(TextMessage, []byte(noise(5000))); err != nil {
				t.Fatal(err)
			}
			wantMessage(t, c, TextMessage, noise(5000))
			if err := c.WriteMessage(TextMessage, []byte(noise(5000))); err != nil {
				t.Fatal(err)
			}
			wantMessage(t, peer, TextMessage, noise(5000))
			for _, end := range []*Conn{c, peer} {
				if end.in.buf.Bytes() != nil || end.in.inflated != nil || end.out.writer != nil || end.out.busy.Load() {
					t.Errorf("%v holds something", end.role)
				}
			}
		}
	})
}
