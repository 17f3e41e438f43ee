// Package twins does the same things to gorilla itself and to the drop-in, chosen by
// chance, and compares what comes of them byte by byte. Package scenarios says what users
// rely on; this finds what nobody thought of.
package twins

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gorilla "gorilla.example/stable"

	"github.com/gorilla/websocket"
)

// connection is what both have.
type connection interface {
	ReadMessage() (int, []byte, error)
	NextReader() (int, io.Reader, error)
	NextWriter(typ int) (io.WriteCloser, error)
	WriteMessage(typ int, p []byte) error
	WriteControl(typ int, p []byte, deadline time.Time) error
	WriteJSON(v any) error
	SetReadLimit(n int64)
	SetPingHandler(h func(string) error)
}

// stream is a net.Conn whose peer has said what it says.
type stream struct {
	said  io.Reader
	wrote bytes.Buffer
}

type address struct{}

func (address) Network() string { return "memory" }
func (address) String() string  { return "memory" }

func (s *stream) Read(p []byte) (int, error)       { return s.said.Read(p) }
func (s *stream) Write(p []byte) (int, error)      { return s.wrote.Write(p) }
func (s *stream) Close() error                     { return nil }
func (s *stream) LocalAddr() net.Addr              { return address{} }
func (s *stream) RemoteAddr() net.Addr             { return address{} }
func (s *stream) SetDeadline(time.Time) error      { return nil }
func (s *stream) SetReadDeadline(time.Time) error  { return nil }
func (s *stream) SetWriteDeadline(time.Time) error { return nil }

type hijackable struct {
	*httptest.ResponseRecorder
	s *stream
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.s, bufio.NewReadWriter(bufio.NewReader(strings.NewReader("")), bufio.NewWriter(h.s)), nil
}

// twins returns a server connection of each.
func twins(t *testing.T, said []byte, chunk, writeBufferSize int) (conns [2]connection, streams [2]*stream) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header = http.Header{"Connection": {"upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	for i := range streams {
		s := &stream{said: &chunks{said, chunk}}
		streams[i] = s
		w := hijackable{httptest.NewRecorder(), s}
		var err error
		if i == 0 {
			u := gorilla.Upgrader{WriteBufferSize: writeBufferSize}
			conns[i], err = u.Upgrade(w, r, nil)
		} else {
			u := websocket.Upgrader{WriteBufferSize: writeBufferSize}
			conns[i], err = u.Upgrade(w, r, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.wrote.Reset()
	}
	return conns, streams
}

// chunks reads p in pieces.
type chunks struct {
	p    []byte
	size int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.p) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.size)], c.p)
	c.p = c.p[n:]
	return n, nil
}

// both does something to each of the twins, and compares what they say of it.
func both(t *testing.T, conns [2]connection, what string, do func(c connection) string) {
	t.Helper()
	if a, b := do(conns[0]), do(conns[1]); a != b {
		t.Fatalf("%s: gorilla %.200s\nours %.200s", what, a, b)
	}
}

func payload(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	r.Read(p)
	return p
}

// size is often near one of those at which something changes.
func size(r *rand.Rand, buffer int) int {
	return max(0, []int{0, 1, 125, 126, buffer, 2 * buffer, 2*buffer + 28, 4096, 65536, r.Intn(200), r.Intn(20_000)}[r.Intn(11)]+r.Intn(3)-1)
}

func TestWrites(t *testing.T) {
	for seed := range int64(100) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewSource(seed))
			buffer := 1 + r.Intn(300)
			if r.Intn(2) == 0 {
				buffer = []int{100, 1024, 4096, 5000, 40_000}[r.Intn(5)]
			}
			conns, streams := twins(t, nil, 1, buffer)
			var open [2]io.WriteCloser
			for step := range 40 {
				what, do := writing(r, buffer, &open)
				both(t, conns, what, func(c connection) string {
					i := 0
					if c == conns[1] {
						i = 1
					}
					return do(c, i)
				})
				// A frame that is longer than it had to be would show here.
				if a, b := streams[0].wrote.Bytes(), streams[1].wrote.Bytes(); !bytes.Equal(a, b) {
					t.Fatalf("step %d, %s, buffer of %d: gorilla has written %d bytes, we %d", step, what, buffer, len(a), len(b))
				}
				streams[0].wrote.Reset()
				streams[1].wrote.Reset()
			}
		})
	}
}

// writing chooses what to do next with a connection and its open writer.
func writing(r *rand.Rand, buffer int, open *[2]io.WriteCloser) (what string, do func(c connection, i int) string) {
	n := size(r, buffer)
	p := payload(r, n)
	text, typ := string(p), 1+r.Intn(2)
	say := func(err error) string { return fmt.Sprint(err) }
	switch kind := r.Intn(20); {
	case kind < 4:
		return fmt.Sprintf("WriteMessage %d", n), func(c connection, _ int) string { return say(c.WriteMessage(typ, p)) }
	case kind < 8:
		return "NextWriter", func(c connection, i int) (s string) {
			var err error
			open[i], err = c.NextWriter(typ)
			return say(err)
		}
	case kind < 10 && open[0] != nil:
		return "Close", func(_ connection, i int) string { return say(open[i].Close()) }
	case kind < 13 && open[0] != nil:
		return fmt.Sprintf("Write %d", n), func(_ connection, i int) string {
			n, err := open[i].Write(p)
			return fmt.Sprint(n, err)
		}
	case kind < 15 && open[0] != nil:
		return fmt.Sprintf("WriteString %d", n), func(_ connection, i int) string {
			n, err := io.WriteString(open[i], text)
			return fmt.Sprint(n, err)
		}
	case kind < 17 && open[0] != nil:
		return fmt.Sprintf("ReadFrom %d", n), func(_ connection, i int) string {
			n, err := open[i].(io.ReaderFrom).ReadFrom(bytes.NewReader(p))
			return fmt.Sprint(n, err)
		}
	case kind == 17:
		return "WriteControl", func(c connection, _ int) string { return say(c.WriteControl(9+typ%2, p, time.Time{})) }
	case kind == 18:
		return "WriteMessage of control", func(c connection, _ int) string {
			if n > 125 && n > buffer {
				return "" // see compat/README.md
			}
			return say(c.WriteMessage(9, p[:min(n, buffer)]))
		}
	}
	return fmt.Sprintf("WriteJSON %d", n), func(c connection, _ int) string { return say(c.WriteJSON(p)) }
}

// frame appends a frame of a client, mostly one that may come now.
func frame(r *rand.Rand, dst []byte, first byte, p []byte) []byte {
	switch n := len(p); {
	case n < 126:
		dst = append(dst, first, 0x80|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, first, 0x80|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, first, 0x80|127), uint64(n))
	}
	key := payload(r, 4)
	dst = append(dst, key...)
	for i, b := range p {
		dst = append(dst, b^key[i&3])
	}
	return dst
}

// said is what a client says: messages, fragments, control frames, now and then something
// wrong, and an end.
func said(r *rand.Rand) (out []byte) {
	begun := false
	for range 1 + r.Intn(20) {
		fin := byte(0x80)
		if r.Intn(3) == 0 {
			fin = 0
		}
		switch kind := r.Intn(40); {
		case kind < 10:
			out = frame(r, out, 0x89+byte(r.Intn(2)), payload(r, r.Intn(126)))
		case kind == 10:
			out = frame(r, out, byte(r.Intn(256)), payload(r, r.Intn(200))) // anything
		case kind == 11:
			return frame(r, out, 0x88, binary.BigEndian.AppendUint16(nil, uint16(1000+r.Intn(5))))
		default:
			first := fin | byte(1+r.Intn(2))
			if begun {
				first = fin
			}
			begun = fin == 0
			out = frame(r, out, first, payload(r, size(r, 1000)))
		}
	}
	if r.Intn(2) == 0 {
		out = out[:len(out)-r.Intn(min(len(out), 200))]
	}
	return out
}

// outcome says of an error what programs can rely on. Where it differs on purpose, see
// compat/README.md: gorilla has two errors for the end of the stream, and the texts about
// what the peer did wrong are not the same.
func outcome(err error) string {
	var a *gorilla.CloseError
	var b *websocket.CloseError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, io.EOF):
		return "websocket: close 1006 (abnormal closure): unexpected EOF"
	case errors.As(err, &a):
		return a.Error()
	case errors.As(err, &b):
		return b.Error()
	case err == gorilla.ErrReadLimit, err == websocket.ErrReadLimit:
		return "limit"
	case strings.HasPrefix(err.Error(), "websocket: "):
		return "refused"
	}
	return err.Error()
}

func TestReads(t *testing.T) {
	for seed := range int64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewSource(seed))
			conns, streams := twins(t, said(r), []int{1, 7, 100, 4096, 1 << 20}[r.Intn(5)], 0)
			limit := int64(0)
			if r.Intn(4) == 0 {
				limit = int64(r.Intn(10_000))
			}
			handled := [2]string{}
			for i, c := range conns {
				c.SetReadLimit(limit)
				if r.Intn(2) == 0 && i == 0 {
					for i, c := range conns {
						c.SetPingHandler(func(s string) error { handled[i] += s; return nil })
					}
				}
			}
			for range 30 {
				what := "ReadMessage"
				part, step := -1, 1+r.Intn(3000)
				if r.Intn(2) == 0 {
					what, part = "NextReader", r.Intn(5000)
				}
				if limit > 0 { // which gorilla counts anew where it drops the rest of a message
					part = min(part, -1)
				}
				failed := false
				both(t, conns, what, func(c connection) string {
					s, err := reading(c, part, step)
					failed = failed || err
					return s
				})
				if failed {
					break
				}
			}
			if handled[0] != handled[1] {
				t.Errorf("handlers: gorilla %q, ours %q", handled[0], handled[1])
			}
			a, b := answers(streams[0].wrote.Bytes()), answers(streams[1].wrote.Bytes())
			if a != b {
				t.Errorf("answered: gorilla %q, ours %q", a, b)
			}
		})
	}
}

// reading reads a message, or part bytes of it in steps, and says what that was.
func reading(c connection, part, step int) (said string, failed bool) {
	if part < 0 {
		typ, p, err := c.ReadMessage()
		return fmt.Sprintf("%d %x %s", typ, p, outcome(err)), err != nil
	}
	typ, r, err := c.NextReader()
	if err != nil {
		return fmt.Sprintf("%d %s", typ, outcome(err)), true
	}
	var got []byte
	b := make([]byte, step)
	for len(got) < part {
		n, err := io.ReadFull(r, b[:min(step, part-len(got))])
		got = append(got, b[:n]...)
		if err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF { // of the message, by ReadFull
				return fmt.Sprintf("%d %x", typ, got), false
			}
			return fmt.Sprintf("%d %x %s", typ, got, outcome(err)), true
		}
	}
	return fmt.Sprintf("%d %x", typ, got), false
}

// answers is what a server has written, without the reasons of Close frames.
func answers(p []byte) (s string) {
	for len(p) >= 2 {
		n := int(p[1])
		body := p[2 : 2+n]
		if p[0] == 0x88 && n > 2 {
			body = body[:2]
		}
		s += fmt.Sprintf("%x %x; ", p[0], body)
		p = p[2+n:]
	}
	return s
}
