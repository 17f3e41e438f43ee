package scenarios

import (
	"io"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// prose compresses well, but not to nothing.
func prose(n int) string {
	words := strings.Fields("the quick brown fox jumps over a lazy dog and reads on as it likes {\"id\": 1}")
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(words[(i*i+i/7)%len(words)])
		b.WriteByte(" ,.-"[i%4])
	}
	return b.String()[:n]
}

// message reads a message, and says whether it was compressed.
func (p *peer) message() (first byte, m string, compressed bool) {
	p.t.Helper()
	for payload := ""; ; {
		f, err := p.next()
		if err != nil {
			p.t.Fatal(err)
		}
		if payload += f.payload; first == 0 {
			first = f.first &^ (fin | rsv1)
			compressed = f.first&rsv1 != 0
		} else if f.first&^fin != continuation {
			p.t.Fatalf("%v within a message", f)
		}
		if f.first&fin == 0 {
			continue
		}
		if compressed {
			if payload, err = inflate(payload); err != nil {
				p.t.Fatal(err)
			}
		}
		return first, payload, compressed
	}
}

func TestCompressedWrites(t *testing.T) {
	ends(t, options{compression: true, writeBufferSize: 500}, func(t *testing.T, c *websocket.Conn, p *peer) {
		for _, level := range []int{-2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0} {
			if err := c.SetCompressionLevel(level); err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{0, 1, 100, 5000, 64 << 10, 64<<10 + 1, 200_000} {
				m := prose(n)
				pm, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(m))
				if err != nil {
					t.Fatal(err)
				}
				for name, write := range map[string]func() error{
					"WriteMessage": func() error { return c.WriteMessage(websocket.TextMessage, []byte(m)) },
					"Write":        func() error { return writeInPieces(c, m) },
					"prepared":     func() error { return c.WritePreparedMessage(pm) },
				} {
					failed := make(chan error, 1)
					go func() { failed <- write() }()
					first, got, compressed := p.message()
					if err := <-failed; err != nil || first != text || got != m || !compressed && level != 0 {
						t.Fatalf("level %d, %d bytes, %s: %v, type %d, %d bytes, compressed %v", level, n, name, err, first, len(got), compressed)
					}
				}
			}
		}
		for _, level := range []int{-3, 10} {
			if err := c.SetCompressionLevel(level); err == nil || err.Error() != "websocket: invalid compression level" {
				t.Errorf("%d: %v", level, err)
			}
		}
	})
}

// writeInPieces sends m by a writer, in pieces of growing size.
func writeInPieces(c *websocket.Conn, m string) error {
	w, err := c.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	for n := 1; len(m) > 0; n = 3*n + 1 {
		n = min(n, len(m))
		if _, err := io.WriteString(w, m[:n]); err != nil {
			return err
		}
		m = m[n:]
	}
	return w.Close()
}

// No frame of a compressed message is larger than the write buffer.
func TestFramesOfCompressedMessages(t *testing.T) {
	ends(t, options{compression: true, writeBufferSize: 500}, func(t *testing.T, c *websocket.Conn, p *peer) {
		m := prose(50_000)
		for _, write := range []func() error{
			func() error { return c.WriteMessage(websocket.TextMessage, []byte(m)) },
			func() error { return writeInPieces(c, m) },
		} {
			failed := make(chan error, 1)
			go func() { failed <- write() }()
			payload := ""
			for first := byte(rsv1 | text); ; first = continuation {
				f, err := p.next()
				if err != nil || f.first&^fin != first || len(f.payload) > 500 || f.first&fin == 0 && len(f.payload) < 500 {
					t.Fatalf("%v, %v", f, err)
				}
				if payload += f.payload; f.first&fin != 0 {
					break
				}
			}
			if got, err := inflate(payload); got != m || err != nil {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if err := <-failed; err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestSwitchingCompression(t *testing.T) {
	ends(t, options{compression: true}, func(t *testing.T, c *websocket.Conn, p *peer) {
		pm, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(prose(100)))
		if err != nil {
			t.Fatal(err)
		}
		for _, on := range []bool{true, false, true} {
			if !on || on {
				c.EnableWriteCompression(on)
			}
			for _, write := range []func() error{
				func() error { return c.WriteMessage(websocket.TextMessage, []byte(prose(100))) },
				func() error { return writeInPieces(c, prose(100)) },
				func() error { return c.WritePreparedMessage(pm) },
			} {
				if err := write(); err != nil {
					t.Fatal(err)
				}
				if _, got, compressed := p.message(); got != prose(100) || compressed != on {
					t.Errorf("%d bytes, compressed %v, want %v", len(got), compressed, on)
				}
			}
			// Control frames never are.
			if err := c.WriteMessage(websocket.PingMessage, []byte(prose(100))); err != nil {
				t.Fatal(err)
			}
			p.want(frame{ping, prose(100)})
		}
		// A message is what it was when it began.
		w, err := c.NextWriter(websocket.BinaryMessage)
		if err != nil {
			t.Fatal(err)
		}
		c.EnableWriteCompression(false)
		_, _ = io.WriteString(w, prose(100))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if first, got, compressed := p.message(); first != binary2 || got != prose(100) || !compressed {
			t.Errorf("%d, %q, %v", first, got, compressed)
		}
		if err := w.Close(); err == nil || err.Error() != "websocket: write closed" {
			t.Errorf("closed twice: %v", err)
		}
	})
	// Where it was not agreed on, the switches do nothing.
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		c.EnableWriteCompression(true)
		if err := c.SetCompressionLevel(9); err != nil {
			t.Fatal(err)
		}
		if err := c.SetCompressionLevel(10); err == nil {
			t.Error("level 10")
		}
		if err := c.WriteMessage(websocket.TextMessage, []byte(prose(1000))); err != nil {
			t.Fatal(err)
		}
		p.want(frame{fin | text, prose(1000)})
	})
}

func TestCompressedReads(t *testing.T) {
	ends(t, options{compression: true}, func(t *testing.T, c *websocket.Conn, p *peer) {
		for _, n := range []int{0, 1, 100, 5000, 64 << 10, 300_000} {
			m := prose(n)
			z := deflate(m)
			h := len(z) / 2
			go p.send(
				frame{fin | rsv1 | text, z}, frame{fin | binary2, m}, // which need not be compressed
				frame{rsv1 | binary2, z[:h]}, frame{ping, "x"}, frame{continuation, ""}, frame{fin | continuation, z[h:]},
				frame{rsv1 | text, z[:h]}, frame{fin | continuation, z[h:]}, // read in part
				frame{fin | rsv1 | text, z},
			)
			wantMessage(t, c, websocket.TextMessage, m)
			wantMessage(t, c, websocket.BinaryMessage, m)
			typ, r, err := c.NextReader()
			if typ != websocket.BinaryMessage || err != nil {
				t.Fatal(typ, err)
			}
			if got, err := io.ReadAll(r); string(got) != m || err != nil {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			if _, r, err = c.NextReader(); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, n/3)
			if got, err := io.ReadFull(r, b); string(b[:got]) != m[:n/3] || err != nil {
				t.Fatalf("%d bytes, %v", got, err)
			}
			wantMessage(t, c, websocket.TextMessage, m)
			p.want(frame{pong, "x"})
		}
	})
}

// The limit holds for what is on the wire.
func TestReadLimitOfCompressedMessages(t *testing.T) {
	ends(t, options{compression: true}, func(t *testing.T, c *websocket.Conn, p *peer) {
		z := deflate(filler(2000)) // hardly smaller
		c.SetReadLimit(4000)
		h := len(z) / 2
		p.send(frame{fin | rsv1 | binary2, z}, frame{rsv1 | binary2, z[:h]}, frame{fin | continuation, z[h:]})
		wantMessage(t, c, websocket.BinaryMessage, filler(2000))
		c.SetReadLimit(int64(len(z)) - 1)
		if _, _, err := c.ReadMessage(); err != websocket.ErrReadLimit {
			t.Errorf("%v", err)
		}
		p.want(frame{closing, closePayload(1009, "")})
	})
}

func TestEndWithinACompressedMessage(t *testing.T) {
	ends(t, options{compression: true}, func(t *testing.T, c *websocket.Conn, p *peer) {
		z := deflate(prose(10_000))
		p.send(frame{rsv1 | text, z[:len(z)/2]})
		p.Close()
		_, _, err := c.ReadMessage()
		if err == nil || err.Error() != "websocket: close 1006 (abnormal closure): unexpected EOF" {
			t.Errorf("%v", err)
		}
	})
}
