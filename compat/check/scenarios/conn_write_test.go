//lint:file-ignore SA1019 what is deprecated has users as well

package scenarios

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/gorilla/websocket"
)

// writing is what a program does to send a message of some bytes.
type writing struct {
	name string
	do   func(c *websocket.Conn, m string) error
	// sizes of the frames with a write buffer of 100 bytes
	server, client []int
}

// parts sends a message by Write, in these parts.
func parts(sizes ...int) func(c *websocket.Conn, m string) error {
	return func(c *websocket.Conn, m string) error {
		w, err := c.NextWriter(websocket.BinaryMessage)
		if err != nil {
			return err
		}
		for _, n := range sizes {
			if got, err := w.Write([]byte(m[:n])); got != n || err != nil {
				return errors.Join(errors.New("short write"), err)
			}
			m = m[n:]
		}
		return w.Close()
	}
}

func whole(c *websocket.Conn, m string) error {
	return c.WriteMessage(websocket.BinaryMessage, []byte(m))
}

func asString(c *websocket.Conn, m string) error {
	w, err := c.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	if n, err := io.WriteString(w, m); n != len(m) || err != nil {
		return errors.Join(errors.New("short write"), err)
	}
	return w.Close()
}

func copied(c *websocket.Conn, m string) error {
	w, err := c.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	if n, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader(m)); n != int64(len(m)) || err != nil {
		return errors.Join(errors.New("short copy"), err)
	}
	return w.Close()
}

// A fragment has as much payload as the write buffer holds; a server sends what is large as
// it comes.
func TestFraming(t *testing.T) {
	for _, w := range []writing{
		{"WriteMessage 0", whole, []int{0}, []int{0}},
		{"WriteMessage 99", whole, []int{99}, []int{99}},
		{"WriteMessage 100", whole, []int{100}, []int{100}},
		{"WriteMessage 101", whole, []int{101}, []int{100, 1}},
		{"WriteMessage 5000", whole, []int{5000}, repeat(100, 50)},
		{"WriteMessage 70001", whole, []int{70001}, append(repeat(100, 700), 1)},
		{"Write", parts(), []int{0}, []int{0}},
		{"Write 1", parts(1), []int{1}, []int{1}},
		{"Write 50 50", parts(50, 50), []int{100}, []int{100}},
		{"Write 50 51", parts(50, 51), []int{100, 1}, []int{100, 1}},
		{"Write 228", parts(228), []int{100, 100, 28}, []int{100, 100, 28}},
		{"Write 229", parts(229), []int{229, 0}, []int{100, 100, 29}},
		{"Write 1 229", parts(1, 229), []int{230, 0}, []int{100, 100, 30}},
		{"Write 229 1", parts(229, 1), []int{229, 1}, []int{100, 100, 30}},
		{"Write 100 0 100", parts(100, 0, 100), []int{100, 100}, []int{100, 100}},
		{"Write 40000 7 40000", parts(40000, 7, 40000), []int{40000, 40007, 0}, append(repeat(100, 800), 7)},
		{"WriteString 0", asString, []int{0}, []int{0}},
		{"WriteString 100", asString, []int{100}, []int{100}},
		{"WriteString 229", asString, []int{100, 100, 29}, []int{100, 100, 29}},
		{"WriteString 40001", asString, append(repeat(100, 400), 1), append(repeat(100, 400), 1)},
		{"ReadFrom 0", copied, []int{0}, []int{0}},
		{"ReadFrom 99", copied, []int{99}, []int{99}},
		{"ReadFrom 100", copied, []int{100, 0}, []int{100, 0}},
		{"ReadFrom 250", copied, []int{100, 100, 50}, []int{100, 100, 50}},
		{"ReadFrom 40001", copied, append(repeat(100, 400), 1), append(repeat(100, 400), 1)},
	} {
		t.Run(w.name, func(t *testing.T) {
			for _, pool := range []websocket.BufferPool{nil, new(sync.Pool), new(onePool)} {
				ends(t, options{writeBufferSize: 100, pool: pool}, func(t *testing.T, c *websocket.Conn, p *peer) {
					want := w.client
					if p.masks {
						want = w.server
					}
					total := 0
					for _, n := range want {
						total += n
					}
					m := filler(total)
					for range 2 { // the second with used buffers
						failed := make(chan error, 1)
						go func() { failed <- w.do(c, m) }()
						first := byte(binary2)
						for i, rest := 0, m; i < len(want); i++ {
							f := frame{first, rest[:want[i]]}
							if i == len(want)-1 {
								f.first |= fin
							}
							p.want(f)
							first, rest = continuation, rest[want[i]:]
						}
						if err := <-failed; err != nil {
							t.Fatal(err)
						}
					}
				})
			}
		})
	}
}

func repeat(n, times int) []int {
	all := make([]int, times)
	for i := range all {
		all[i] = n
	}
	return all
}

// onePool keeps one value, as a program's own pool might.
type onePool struct{ v any }

func (p *onePool) Get() any  { v := p.v; p.v = nil; return v }
func (p *onePool) Put(v any) { p.v = v }

func TestPoolGetsBuffersBack(t *testing.T) {
	pool := new(onePool)
	ends(t, options{writeBufferSize: 100, pool: pool}, func(t *testing.T, c *websocket.Conn, p *peer) {
		go func() { _, _ = io.Copy(io.Discard, p.br) }()
		for range 3 {
			if err := parts(250)(c, filler(250)); err != nil {
				t.Fatal(err)
			}
			if pool.v == nil {
				t.Fatal("the pool is empty")
			}
		}
		w, err := c.NextWriter(websocket.TextMessage)
		if err != nil || pool.v != nil {
			t.Fatalf("%v, the pool has %v", err, pool.v)
		}
		c.Close()
		_, _ = io.WriteString(w, "x")
		if err := w.Close(); err == nil || pool.v == nil {
			t.Errorf("%v, the pool has %v after a write that failed", err, pool.v)
		}
	})
}

// What a writer has said leaves before its end, if there is enough of it.
func TestWriterStreams(t *testing.T) {
	ends(t, options{writeBufferSize: 100}, func(t *testing.T, c *websocket.Conn, p *peer) {
		w, err := c.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, strings.Repeat("x", 101)); err != nil {
			t.Fatal(err)
		}
		p.want(frame{text, strings.Repeat("x", 100)})
		// Control frames go between, and are seen.
		if err := c.WriteControl(websocket.PingMessage, []byte("between"), noDeadline); err != nil {
			t.Fatal(err)
		}
		p.want(frame{ping, "between"})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		p.want(frame{fin | continuation, "x"})
	})
}

func TestNextWriterClosesTheOneBefore(t *testing.T) {
	ends(t, options{writeBufferSize: 100}, func(t *testing.T, c *websocket.Conn, p *peer) {
		one, err := c.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(one, "one"); err != nil {
			t.Fatal(err)
		}
		two, err := c.NextWriter(websocket.BinaryMessage)
		if err != nil {
			t.Fatal(err)
		}
		p.want(frame{fin | text, "one"})
		const closed = "websocket: write closed"
		if n, err := one.Write([]byte("x")); n != 0 || err == nil || err.Error() != closed {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := io.WriteString(one, "x"); n != 0 || err == nil || err.Error() != closed {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := one.(io.ReaderFrom).ReadFrom(strings.NewReader("x")); n != 0 || err == nil || err.Error() != closed {
			t.Errorf("%d, %v", n, err)
		}
		if err := one.Close(); err == nil || err.Error() != closed {
			t.Errorf("%v", err)
		}
		if _, err := two.Write([]byte("two")); err != nil {
			t.Fatal(err)
		}
		if err := c.WriteMessage(websocket.TextMessage, []byte("three")); err != nil {
			t.Fatal(err)
		}
		p.want(frame{fin | binary2, "two"}, frame{fin | text, "three"})
		if err := two.Close(); err == nil || err.Error() != closed {
			t.Errorf("%v", err)
		}
		four, err := c.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.NextWriter(7); err == nil || err.Error() != "websocket: bad write message type" {
			t.Errorf("%v", err)
		}
		p.want(frame{fin | text, ""})
		if err := four.Close(); err == nil {
			t.Error("the writer is still open")
		}
	})
}

func TestReadFromReportsTheReadersError(t *testing.T) {
	ends(t, options{writeBufferSize: 100}, func(t *testing.T, c *websocket.Conn, p *peer) {
		w, err := c.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		broken := errors.New("broken")
		n, err := w.(io.ReaderFrom).ReadFrom(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)))
		if n != 3 || err != broken {
			t.Errorf("%d, %v", n, err)
		}
		if err := w.Close(); err != nil { // the message goes on
			t.Error(err)
		}
		p.want(frame{fin | text, "abc"})
	})
}

// Both ends of an echo are one connection.
func TestCopyFromAReaderOfTheSameConnection(t *testing.T) {
	ends(t, options{writeBufferSize: 100}, func(t *testing.T, c *websocket.Conn, p *peer) {
		var pings []string
		c.SetPingHandler(func(s string) error {
			pings = append(pings, s)
			return c.WriteControl(websocket.PongMessage, []byte("to "+s), noDeadline)
		})
		go p.send(frame{text, filler(150)}, frame{ping, "x"}, frame{fin | continuation, "end"})
		typ, r, err := c.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		w, err := c.NextWriter(typ)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(w, r); n != 153 || err != nil {
			t.Fatal(n, err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		p.want(frame{text, filler(150)[:100]}, frame{pong, "to x"}, frame{fin | continuation, filler(150)[100:] + "end"})
	})
}

func TestControlMessagesByWriters(t *testing.T) {
	ends(t, options{writeBufferSize: 1000}, func(t *testing.T, c *websocket.Conn, p *peer) {
		long := strings.Repeat("x", 126)
		const invalid, badType = "websocket: invalid control frame", "websocket: bad write message type"
		if err := c.WriteMessage(websocket.PingMessage, []byte(long[:125])); err != nil {
			t.Error(err)
		}
		if err := c.WriteMessage(websocket.PingMessage, []byte(long)); err == nil || err.Error() != invalid {
			t.Errorf("%v", err)
		}
		if err := c.WriteMessage(0, nil); err == nil || err.Error() != badType {
			t.Errorf("%v", err)
		}
		w, err := c.NextWriter(websocket.PongMessage)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, "pong"); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if w, err = c.NextWriter(websocket.PingMessage); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, long)
		if err := w.Close(); err == nil || err.Error() != invalid {
			t.Errorf("%v", err)
		}
		if w, err = c.NextWriter(websocket.PingMessage); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, strings.Repeat("x", 1001)); err == nil || err.Error() != invalid {
			t.Errorf("%v", err)
		}
		// None of that costs the connection.
		if w, err = c.NextWriter(websocket.CloseMessage); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(websocket.FormatCloseMessage(1001, "bye")); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		p.want(frame{ping, long[:125]}, frame{pong, "pong"}, frame{closing, closePayload(1001, "bye")})
		if _, err := c.NextWriter(websocket.TextMessage); err != websocket.ErrCloseSent {
			t.Errorf("%v", err)
		}
	})
}

func TestPreparedMessages(t *testing.T) {
	if _, err := websocket.NewPreparedMessage(3, nil); err == nil || err.Error() != "websocket: bad write message type" {
		t.Errorf("%v", err)
	}
	if _, err := websocket.NewPreparedMessage(websocket.PingMessage, make([]byte, 126)); err == nil || err.Error() != "websocket: invalid control frame" {
		t.Errorf("%v", err)
	}
	data := []byte(filler(10_000))
	prepare := func(typ int, data []byte) *websocket.PreparedMessage {
		pm, err := websocket.NewPreparedMessage(typ, data)
		if err != nil {
			t.Fatal(err)
		}
		return pm
	}
	large := prepare(websocket.BinaryMessage, data)
	clear(data) // it was copied
	small, empty := prepare(websocket.TextMessage, []byte("small")), prepare(websocket.TextMessage, nil)
	pinging, ponging := prepare(websocket.PingMessage, []byte("ping")), prepare(websocket.PongMessage, nil)
	goodbye := prepare(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""))
	m := filler(10_000)
	ends(t, options{writeBufferSize: 100}, func(t *testing.T, c *websocket.Conn, p *peer) {
		send := func(pm *websocket.PreparedMessage, want ...frame) {
			t.Helper()
			if err := c.WritePreparedMessage(pm); err != nil {
				t.Fatal(err)
			}
			p.want(want...)
		}
		for range 2 {
			if p.masks {
				send(large, frame{fin | binary2, m})
			} else {
				send(large, frame{binary2, m[:4096]}, frame{continuation, m[4096:8192]}, frame{fin | continuation, m[8192:]})
			}
			send(small, frame{fin | text, "small"})
			send(empty, frame{fin | text, ""})
			send(pinging, frame{ping, "ping"})
			send(ponging, frame{pong, ""})
		}
		// Between what an open writer has collected and what it sends.
		w, err := c.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, "collected")
		send(small, frame{fin | text, "small"})
		send(pinging, frame{ping, "ping"})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		p.want(frame{fin | text, "collected"})
		send(goodbye, frame{closing, closePayload(1000, "")})
		if err := c.WritePreparedMessage(small); err != websocket.ErrCloseSent {
			t.Errorf("%v", err)
		}
	})
}

func TestWriteJSON(t *testing.T) {
	ends(t, options{writeBufferSize: 100}, func(t *testing.T, c *websocket.Conn, p *peer) {
		if err := c.WriteJSON(map[string]any{"a": 1, "b": "<"}); err != nil {
			t.Fatal(err)
		}
		if err := websocket.WriteJSON(c, "x"); err != nil {
			t.Fatal(err)
		}
		p.want(frame{fin | text, `{"a":1,"b":"\u003c"}` + "\n"}, frame{fin | text, `"x"` + "\n"})
		if err := c.WriteJSON(strings.Repeat("x", 300)); err != nil {
			t.Fatal(err)
		}
		m := `"` + strings.Repeat("x", 300) + "\"\n"
		if p.masks {
			p.want(frame{text, m}, frame{fin | continuation, ""})
		} else {
			p.want(frame{text, m[:100]}, frame{continuation, m[100:200]}, frame{continuation, m[200:300]}, frame{fin | continuation, m[300:]})
		}
	})
}

func TestWriteDoesNotChangeWhatItIsGiven(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		go func() { _, _ = io.Copy(io.Discard, p.br) }()
		for _, n := range sizes {
			m := []byte(filler(n))
			if err := c.WriteMessage(websocket.BinaryMessage, m); err != nil {
				t.Fatal(err)
			}
			if string(m) != filler(n) {
				t.Errorf("%d bytes were changed", n)
			}
		}
	})
}

// Control frames may be written beside one reader and one writer.
func TestWriteControlBesideAll(t *testing.T) {
	ends(t, options{writeBufferSize: 100}, func(t *testing.T, c *websocket.Conn, p *peer) {
		const n = 200
		var writers sync.WaitGroup
		write := func(f func() error) {
			writers.Add(1)
			go func() {
				defer writers.Done()
				for range n {
					if err := f(); err != nil {
						t.Error(err)
						return
					}
				}
			}()
		}
		write(func() error { return parts(150, 150)(c, filler(300)) })
		write(func() error { return c.WriteControl(websocket.PingMessage, []byte("ping"), noDeadline) })
		write(func() error { return c.WriteControl(websocket.PongMessage, nil, soon()) })
		reader := make(chan error)
		go func() {
			_, _, err := c.ReadMessage()
			reader <- err
		}()
		counts := map[byte]int{}
		got := ""
		for seen := 0; seen < 3*n; {
			f, err := p.next()
			if err != nil {
				t.Fatal(err)
			}
			switch f.first {
			case ping, pong:
				counts[f.first]++
				seen++
			case fin | continuation:
				if got+f.payload != filler(300) {
					t.Fatalf("%q", got+f.payload)
				}
				got = ""
				seen++
			default:
				got += f.payload
			}
		}
		if counts[ping] != n || counts[pong] != n {
			t.Errorf("%v", counts)
		}
		writers.Wait()
		p.send(frame{closing, ""})
		if err := <-reader; !websocket.IsCloseError(err, 1005) {
			t.Error(err)
		}
	})
}
