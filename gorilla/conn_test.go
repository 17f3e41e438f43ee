package websocket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
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

// gorilla accepts most of these.
func TestRefusedByUsOnly(t *testing.T) {
	long := conn.OutFrame{Header: frame.Header{Opcode: frame.Text}, Payload: []byte("beginning")}
	for name, test := range map[string]struct {
		frames []conn.OutFrame
		code   int
		text   string
	}{
		"RSV1 on a continuation": {[]conn.OutFrame{long, compressed(fin(frame.Continuation, "x"))}, 1002, "websocket: compressed bit RSV1 set on a control or continuation frame (RFC 7692 §6.1)"},
		"RSV1 on a ping":         {[]conn.OutFrame{compressed(fin(frame.Ping, "x"))}, 1002, "websocket: compressed bit RSV1 set on a control or continuation frame (RFC 7692 §6.1)"},
		"close of one byte":      {[]conn.OutFrame{fin(frame.Close, "x")}, 1002, "websocket: close payload of one byte (RFC 6455 §5.5.1)"},
		"close with bad UTF-8":   {[]conn.OutFrame{fin(frame.Close, "\x03\xe8\xff")}, 1007, "websocket: close reason not valid UTF-8 (RFC 6455 §5.5.1)"},
		"corrupt DEFLATE":        {[]conn.OutFrame{compressed(fin(frame.Text, "\x07"))}, 1007, "websocket: block type 3 is reserved (RFC 1951 §3.2.3)"},
		"half a block":           {[]conn.OutFrame{compressed(fin(frame.Text, "\x03\x00\x05"))}, 1007, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, noContext, func(t *testing.T, c, peer *Conn) {
				raw(t, peer, test.frames...)
				if test.text == "" { // that of the decoder
					_, _, err := c.ReadMessage()
					if _, ok := errors.AsType[*protocolError](err); !ok {
						t.Fatalf("%v", err)
					}
					test.text = err.Error()
				}
				wantRefused(t, c, peer, test.code, test.text)
			})
		})
	}
}

// RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the length".
func TestLengthsInMoreBytesThanNeeded(t *testing.T) {
	server, client := pair(t, nil, 0)
	_, _ = client.nc.Write([]byte{0x82, 0xfe, 0, 1, 0, 0, 0, 0, 'x'})
	wantRefused(t, server, client, 1002, "websocket: payload length not in the minimal number of bytes (RFC 6455 §5.2)")
}

// A message that inflates beyond the limit does not pass, however small it is.
func TestReadLimitOfWhatIsSaid(t *testing.T) {
	eachRole(t, noContext, func(t *testing.T, c, peer *Conn) {
		c.SetReadLimit(10_000)
		for range 2 {
			if err := peer.WriteMessage(TextMessage, make([]byte, 10_000)); err != nil {
				t.Fatal(err)
			}
		}
		if err := peer.WriteMessage(TextMessage, make([]byte, 10_001)); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, c, TextMessage, string(make([]byte, 10_000)))
		_, r, err := c.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); n != 10_000 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		_, p, err := c.ReadMessage()
		if err != ErrReadLimit || cap(p) > 40_000 {
			t.Errorf("%v, room for %d bytes", err, cap(p))
		}
		if _, _, err := peer.ReadMessage(); !IsCloseError(err, CloseMessageTooBig) {
			t.Errorf("%v", err)
		}
	})
}

// Messages of several goroutines are kept apart. gorilla panics.
func TestConcurrentWrites(t *testing.T) {
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			const n = 50
			ping, err := NewPreparedMessage(PingMessage, nil)
			if err != nil {
				t.Fatal(err)
			}
			prepared, err := NewPreparedMessage(BinaryMessage, bytes.Repeat([]byte{4}, 5000))
			if err != nil {
				t.Fatal(err)
			}
			var writers sync.WaitGroup
			for _, write := range []func() error{
				func() error { return c.WriteMessage(BinaryMessage, []byte{1}) },
				func() error { return c.WriteMessage(BinaryMessage, bytes.Repeat([]byte{2}, 90)) },
				func() error { return c.WriteMessage(BinaryMessage, bytes.Repeat([]byte{3}, 50_000)) },
				func() error { return c.WritePreparedMessage(prepared) },
				func() error { return c.WriteJSON(strings.Repeat("x", 200)) },
				func() error { return c.WritePreparedMessage(ping) },
				func() error { return c.WriteControl(PongMessage, []byte("x"), time.Now().Add(time.Minute)) },
				func() error { return c.SetWriteDeadline(time.Now().Add(time.Minute)) },
				func() error { c.EnableWriteCompression(true); return c.SetCompressionLevel(1) },
			} {
				writers.Go(func() {
					for range n {
						if err := write(); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			counts := map[byte]int{}
			for range 5 * n {
				_, p, err := peer.ReadMessage()
				if err != nil {
					t.Fatal(err)
				}
				if p[0] != '"' && bytes.Count(p, p[:1]) != len(p) {
					t.Fatal("messages are mixed")
				}
				counts[p[0]]++
			}
			writers.Wait()
			for first, count := range counts {
				if count != n {
					t.Errorf("%d messages that begin with %d", count, first)
				}
			}
		})
	}
}

// What goroutines do to one connection by mistake does not harm another.
func TestConcurrentReads(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, peer *Conn) {
		const readers, n = 4, 200
		var all sync.WaitGroup
		var mu sync.Mutex
		got := 0
		for range readers {
			all.Go(func() {
				for {
					_, p, err := c.ReadMessage()
					if err != nil {
						return
					}
					if bytes.Count(p, p[:1]) != len(p) {
						t.Error("messages are mixed")
					}
					mu.Lock()
					got++
					mu.Unlock()
				}
			})
		}
		for i := range n {
			if err := peer.WriteMessage(BinaryMessage, bytes.Repeat([]byte{byte(i)}, 1+i*i%5000)); err != nil {
				t.Fatal(err)
			}
		}
		peer.Close()
		if all.Wait(); got != n {
			t.Errorf("%d messages, want %d", got, n)
		}
	})
}

// A handler that reads gets what follows the frame that it handles.
func TestHandlersMayRead(t *testing.T) {
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			seen := ""
			c.SetPongHandler(func(string) error {
				_, p, err := c.ReadMessage()
				seen += string(p)
				return err
			})
			send := func(typ int, s string) {
				if err := peer.WriteMessage(typ, []byte(s)); err != nil {
					t.Fatal(err)
				}
			}
			send(PongMessage, "")
			send(TextMessage, "for the handler")
			send(TextMessage, "for the program")
			wantMessage(t, c, TextMessage, "for the program")
			if seen != "for the handler" {
				t.Errorf("%q", seen)
			}
		})
	}
	// Within a message, which is lost for its reader.
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			c.SetPongHandler(func(string) error { // reads up to the failure
				for {
					if _, _, err := c.ReadMessage(); err != nil {
						return nil
					}
				}
			})
			w, err := peer.NextWriter(TextMessage)
			if err != nil {
				t.Fatal(err)
			}
			peer.EnableWriteCompression(false)
			_, _ = io.WriteString(w, noise(300))
			if err := peer.WriteControl(PongMessage, nil, time.Time{}); err != nil {
				t.Fatal(err)
			}
			_ = w.Close()
			peer.Close()
			_, _, err = c.ReadMessage()
			if !IsCloseError(err, CloseAbnormalClosure) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A handler that reads on within a message takes it from its reader.
func TestHandlersMayReadOn(t *testing.T) {
	for _, terms := range []*deflateTerms{nil, noContext} {
		for _, whole := range []bool{true, false} {
			eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
				c.SetPongHandler(func(string) error {
					_, r, err := c.NextReader()
					if err == nil && whole {
						_, err = io.ReadAll(r)
					}
					return err
				})
				w, err := peer.NextWriter(TextMessage)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(w, noise(80_000))
				if err := peer.WriteControl(PongMessage, nil, time.Time{}); err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(w, noise(80_000))
				_ = w.Close()
				for range 2 {
					if err := peer.WriteMessage(BinaryMessage, []byte(noise(80_000))); err != nil {
						t.Fatal(err)
					}
				}
				if _, _, err := c.ReadMessage(); err != errOvertaken {
					t.Errorf("%v, want %v", err, errOvertaken)
				}
			})
		}
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

// A timeout matches as those of package net do, and costs the connection.
func TestTimeouts(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, _ *Conn) {
		if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		_, _, err := c.ReadMessage()
		if !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
		if err := c.SetWriteDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		pm, _ := NewPreparedMessage(TextMessage, nil)
		first := c.WritePreparedMessage(pm)
		if !errors.Is(first, os.ErrDeadlineExceeded) {
			t.Errorf("%v", first)
		}
		for _, err := range []error{
			c.WriteMessage(TextMessage, nil), c.WriteMessage(TextMessage, make([]byte, 10_000)),
			c.WritePreparedMessage(pm), c.WriteJSON(1), c.WriteControl(PingMessage, nil, time.Time{}),
		} {
			if err != first {
				t.Errorf("then %v, want %v", err, first)
			}
		}
	})
}

// The default handler of pings ends the reads only if nothing can be written any more.
func TestAnswersThatCannotBeSent(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, peer *Conn) {
		c.out.wire.TryLock() // a write waits
		if !c.out.wire.Held() {
			t.Fatal("the wire is free")
		}
		for range 1 {
			if err := c.WriteControl(PingMessage, nil, time.Now().Add(time.Millisecond)); err != errWriteTimeout {
				t.Errorf("%v", err)
			}
		}
		c.out.wire.Unlock()
		if err := peer.WriteControl(PingMessage, []byte("x"), time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := c.SetWriteDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		broken := c.WriteMessage(TextMessage, nil)
		if _, _, err := c.ReadMessage(); err != broken || broken == nil {
			t.Errorf("%v, want %v", err, broken)
		}
	})
}

// shortWriter takes some bytes, then none.
type shortWriter struct {
	net.Conn
	room  int
	calls int
}

func (w *shortWriter) Write(p []byte) (int, error) {
	w.calls++
	n := min(w.room, len(p))
	if w.room -= n; n < len(p) {
		return n, errors.New("no room")
	}
	return n, nil
}
func (w *shortWriter) SetWriteDeadline(time.Time) error { return nil }

// A write that has failed leaves half a frame on the wire, and is the last.
func TestShortWrites(t *testing.T) {
	for _, role := range []conn.Role{conn.Server, conn.Client} {
		for _, terms := range []*deflateTerms{nil, noContext} {
			for name, write := range map[string]func(c *Conn) error{
				"WriteMessage": func(c *Conn) error { return c.WriteMessage(BinaryMessage, []byte(noise(300))) },
				"large":        func(c *Conn) error { return c.WriteMessage(BinaryMessage, []byte(noise(200_000))) },
				"WriteJSON":    func(c *Conn) error { return c.WriteJSON(noise(300)) },
				"JSON":         func(c *Conn) error { return c.WriteJSON(noise(200_000)) },
				"ReadFrom": func(c *Conn) error {
					w, err := c.NextWriter(BinaryMessage)
					if err == nil {
						_, err = w.(io.ReaderFrom).ReadFrom(strings.NewReader(noise(200_000)))
					}
					return err
				},
				"WriteString": func(c *Conn) error {
					w, err := c.NextWriter(BinaryMessage)
					if err == nil {
						_, err = io.WriteString(w, noise(200_000))
					}
					return err
				},
				"Write": func(c *Conn) error {
					w, err := c.NextWriter(BinaryMessage)
					if err == nil {
						_, _ = w.Write([]byte("x"))
						_, err = w.Write([]byte(noise(200_000)))
					}
					return err
				},
				"WriteControl": func(c *Conn) error { return c.WriteControl(PingMessage, []byte(noise(125)), time.Time{}) },
			} {
				c := newConn(&shortWriter{room: 50}, connParams{role: role, deflate: terms, writeBufferSize: 100})
				err := write(c)
				if err == nil || err.Error() != "no room" {
					t.Errorf("%v, %s: %v", role, name, err)
				}
				if again := write(c); again != err {
					t.Errorf("%v, %s: then %v", role, name, again)
				}
				if _, again := c.NextWriter(TextMessage); again != err {
					t.Errorf("%v, %s: then %v", role, name, again)
				}
			}
		}
	}
}

// A stream that has failed may still look at what it was given: that memory is left to it.
func TestMemoryOfAFailedWrite(t *testing.T) {
	pool := &lastValue{}
	c := newConn(&shortWriter{room: 50}, connParams{role: conn.Server, writePool: pool, writeBufferSize: 100_000})
	w, err := c.NextWriter(BinaryMessage)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, noise(50_000))
	if err := w.Close(); err == nil || err.Error() != "no room" {
		t.Errorf("%v", err)
	}
	if b, ok := pool.v.(*writeBuffer); !ok || cap(b.data) > 0 {
		t.Errorf("the pool has %v", pool.v)
	}
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
