package writing_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// wantMessage takes a message in its fragments, and control frames between them.
func wantMessage(p *wsplay.Peer, opcode byte, want string) (fragments, controls int) {
	p.T.Helper()
	var got []byte
	for {
		x, err := p.Next()
		switch {
		case err != nil:
			p.T.Fatal(err)
		case x.Opcode >= 8:
			controls++
			continue
		case x.Opcode != opcode:
			p.T.Fatalf("got opcode %d, want %d", x.Opcode, opcode)
		}
		got = append(got, x.Payload...)
		fragments++
		opcode = wsplay.OpContinuation
		if x.FIN {
			if string(got) != want {
				p.T.Fatalf("got %d bytes, want %d", len(got), len(want))
			}
			return fragments, controls
		}
	}
}

func TestWriter(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 50<<10/16)
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 1<<20)
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
			w, err := c.Writer(wsplay.Patience(t), websocket.MessageText)
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
			if n, _ := wantMessage(p, wsplay.OpText, strings.Join(test.parts, "")); n != test.fragments {
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
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		w, _ := c.Writer(wsplay.Patience(t), websocket.MessageBinary)
		flush := w.(interface{ Flush() error }).Flush
		if err := flush(); err != nil { // nothing: no empty fragment
			t.Fatal(err)
		}
		io.WriteString(w, "ab")
		flush()
		go c.Ping(context.Background())
		p.Next()
		p.Next()
		p.Send(wsplay.Frame(wsplay.OpPing, "p"))
		p.Want("a pong between fragments", wsplay.OpPong, "p")
		io.WriteString(w, "cd")
		w.Close()
		p.Want("the rest", wsplay.OpContinuation, "cd")
		c.CloseNow()
	})
}

// Writers take turns.
func TestWritersQueue(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		first, _ := c.Writer(wsplay.Patience(t), websocket.MessageText)
		second := wsplay.Go(func() io.WriteCloser {
			w, err := c.Writer(context.Background(), websocket.MessageText)
			if err != nil {
				t.Error(err)
			}
			return w
		})
		wsplay.Pending(t, "the second Writer", second)
		// Nothing of the first is on the wire: a whole message goes before it.
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("whole")); err != nil {
			t.Fatal(err)
		}
		p.Want("the whole message", wsplay.OpText, "whole")
		io.WriteString(first, "first")
		first.Close()
		w := <-second
		io.WriteString(w, "second")
		w.Close()
		p.Want("the first", wsplay.OpText, "first")
		p.Want("the second", wsplay.OpText, "second")
	})
}

func TestWriterContext(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		ctx, cancel := context.WithCancel(context.Background())
		w, _ := c.Writer(ctx, websocket.MessageText)
		io.WriteString(w, "given up")
		cancel()
		wsplay.WantIs(t, "Close", w.Close(), context.Canceled)
		_, err := c.Writer(ctx, websocket.MessageText)
		wsplay.WantIs(t, "Writer", err, context.Canceled)
		wsplay.WantIs(t, "Write", c.Write(ctx, websocket.MessageText, nil), context.Canceled)
		var usage *websocket.UsageError
		if _, err := c.Writer(wsplay.Patience(t), 3); !errors.As(err, &usage) {
			t.Errorf("Writer of no type: %v", err)
		}
		if err := c.Write(wsplay.Patience(t), 0, nil); !errors.As(err, &usage) {
			t.Errorf("Write of no type: %v", err)
		}
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("later")); err != nil {
			t.Fatal(err)
		}
		p.Want("a later message", wsplay.OpText, "later")
	})
}

// A Reader behaves as an io.Reader should, also one byte at a time.
func TestReader(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{Limits: websocket.Limits{Message: -1}}, 1<<20)
		for _, text := range []string{"", "x", strings.Repeat("hello, ", 30000)} {
			p.Send(wsplay.Fragment(wsplay.OpText, ""), wsplay.Fragment(wsplay.OpContinuation, text), wsplay.Frame(wsplay.OpPing, ""), wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Frame(wsplay.OpContinuation, text))
			_, r, err := c.Reader(wsplay.Patience(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := iotest.TestReader(r, []byte(text+text)); err != nil {
				t.Error(err)
			}
			p.Send(wsplay.Frame(wsplay.OpBinary, text))
			typ, r, err := c.Reader(wsplay.Patience(t))
			if err != nil || typ != websocket.MessageBinary {
				t.Fatal(typ, err)
			}
			if got, err := io.ReadAll(iotest.OneByteReader(r)); !bytes.Equal(got, []byte(text)) || err != nil {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}
	})
}
