package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/hawser-ws/websocket"
)

// wantMessage takes a message in its fragments, and control frames between them.
func (p *peer) wantMessage(opcode byte, want string) (fragments, controls int) {
	p.t.Helper()
	var got []byte
	for {
		x, err := p.next()
		switch {
		case err != nil:
			p.t.Fatal(err)
		case x.Opcode >= 8:
			controls++
			continue
		case x.Opcode != opcode:
			p.t.Fatalf("got opcode %d, want %d", x.Opcode, opcode)
		}
		got = append(got, x.Payload...)
		fragments++
		opcode = opContinuation
		if x.FIN {
			if string(got) != want {
				p.t.Fatalf("got %d octets, want %d", len(got), len(want))
			}
			return fragments, controls
		}
	}
}

func TestWriter(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 50<<10/16)
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 1<<20)
		for _, test := range []struct {
			parts     []string
			fragments int
		}{
			{nil, 1},
			{[]string{""}, 1},
			{[]string{"short"}, 1},
			{[]string{"several", " ", "short"}, 1},
			{[]string{long}, 2},
			{[]string{"short", long}, 3},
			{strings.Split(long, "7"), 3},
			{[]string{long, long}, 3},
		} {
			w, err := c.Writer(patience(t), websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range test.parts {
				if n, err := io.WriteString(w, s); n != len(s) || err != nil {
					t.Fatal(n, err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if n, _ := p.wantMessage(opText, strings.Join(test.parts, "")); n != test.fragments {
				t.Errorf("%d parts: %d fragments, want %d", len(test.parts), n, test.fragments)
			}
			var usage *websocket.UsageError
			if _, err := w.Write([]byte("x")); !errors.As(err, &usage) {
				t.Errorf("Write after Close: %v", err)
			}
			if err := w.Close(); !errors.As(err, &usage) {
				t.Errorf("second Close: %v", err)
			}
			if err := w.(interface{ Flush() error }).Flush(); !errors.As(err, &usage) {
				t.Errorf("Flush after Close: %v", err)
			}
		}
	})
}

func TestWriterFlush(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		w, _ := c.Writer(patience(t), websocket.MessageBinary)
		flush := w.(interface{ Flush() error }).Flush
		if err := flush(); err != nil { // nothing: no empty fragment
			t.Fatal(err)
		}
		io.WriteString(w, "ab")
		flush()
		go c.Ping(context.Background())
		p.next()
		p.next()
		p.send(whole(opPing, "p"))
		p.want("a pong between fragments", opPong, "p")
		io.WriteString(w, "cd")
		w.Close()
		p.want("the rest", opContinuation, "cd")
		c.CloseNow()
	})
}

// Writers take turns.
func TestWritersQueue(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		first, _ := c.Writer(patience(t), websocket.MessageText)
		second := background(func() io.WriteCloser {
			w, err := c.Writer(context.Background(), websocket.MessageText)
			if err != nil {
				t.Error(err)
			}
			return w
		})
		pending(t, "the second Writer", second)
		// Nothing of the first is on the wire: a whole message goes before it.
		if err := c.Write(patience(t), websocket.MessageText, []byte("whole")); err != nil {
			t.Fatal(err)
		}
		p.want("the whole message", opText, "whole")
		io.WriteString(first, "first")
		first.Close()
		w := <-second
		io.WriteString(w, "second")
		w.Close()
		p.want("the first", opText, "first")
		p.want("the second", opText, "second")
	})
}

func TestWriterContext(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		ctx, cancel := context.WithCancel(context.Background())
		w, _ := c.Writer(ctx, websocket.MessageText)
		io.WriteString(w, "given up")
		cancel()
		wantIs(t, "Close", w.Close(), context.Canceled)
		_, err := c.Writer(ctx, websocket.MessageText)
		wantIs(t, "Writer", err, context.Canceled)
		wantIs(t, "Write", c.Write(ctx, websocket.MessageText, nil), context.Canceled)
		var usage *websocket.UsageError
		if _, err := c.Writer(patience(t), 3); !errors.As(err, &usage) {
			t.Errorf("Writer of no type: %v", err)
		}
		if err := c.Write(patience(t), 0, nil); !errors.As(err, &usage) {
			t.Errorf("Write of no type: %v", err)
		}
		if err := c.Write(patience(t), websocket.MessageText, []byte("later")); err != nil {
			t.Fatal(err)
		}
		p.want("a later message", opText, "later")
	})
}

// A Reader behaves as an io.Reader should, also one octet at a time.
func TestReader(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, &websocket.ConnOptions{Limits: websocket.Limits{Message: -1}}, 1<<20)
		for _, text := range []string{"", "x", strings.Repeat("hello, ", 30000)} {
			p.send(part(opText, ""), part(opContinuation, text), whole(opPing, ""), part(opContinuation, ""), whole(opContinuation, text))
			_, r, err := c.Reader(patience(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := iotest.TestReader(r, []byte(text+text)); err != nil {
				t.Error(err)
			}
			p.send(whole(opBinary, text))
			typ, r, err := c.Reader(patience(t))
			if err != nil || typ != websocket.MessageBinary {
				t.Fatal(typ, err)
			}
			if got, err := io.ReadAll(iotest.OneByteReader(r)); !bytes.Equal(got, []byte(text)) || err != nil {
				t.Errorf("%d octets, %v", len(got), err)
			}
		}
	})
}
