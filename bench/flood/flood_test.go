package flood

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A spoiler changes a connection's n-th answer.
type spoiler func(n int, p []byte) []byte

// listen runs a server whose answers go through a spoiler, a new one for each
// connection.
func listen(t *testing.T, spoilers func() spoiler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	upgrader := websocket.Upgrader{}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		spoil := spoilers()
		for n := 0; ; n++ {
			typ, p, err := c.ReadMessage()
			if err != nil {
				return
			}
			if p = spoil(n, p); p != nil && c.WriteMessage(typ, p) != nil {
				return
			}
		}
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

func faithful() spoiler { return func(_ int, p []byte) []byte { return p } }

// same is for a spoiler that remembers nothing.
func same(s spoiler) func() spoiler { return func() spoiler { return s } }

func run(t *testing.T, address string, script *Script, p Plan) (Count, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	f, err := Open(ctx, address, 3, script)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Drop()
	return f.Run(ctx, p)
}

func TestCounts(t *testing.T) {
	address := listen(t, faithful)
	for _, test := range []struct {
		size, inFlight int
		text           bool
	}{{1, 1, false}, {32, 1, true}, {32, 16, false}, {125, 3, false}, {126, 3, true}, {1024, 16, true}, {65535, 2, false}, {65536, 1, true}, {1 << 20, 2, false}} {
		for _, spin := range []bool{false, true} {
			n, err := run(t, address, NewScript(test.size, test.inFlight, test.text), Plan{For: 10 * time.Millisecond, Each: 2 * test.inFlight, Full: true, Spin: spin})
			if err != nil {
				t.Errorf("%+v: %v", test, err)
			}
			if n.Messages < 6*test.inFlight || n.Messages%test.inFlight != 0 || n.Checked != n.Messages || n.Elapsed < 10*time.Millisecond {
				t.Errorf("%+v: %+v", test, n)
			}
		}
	}
}

// Long answers are compared one in a hundred and one.
func TestSample(t *testing.T) {
	n, err := run(t, listen(t, faithful), NewScript(64<<10, 1, false), Plan{Each: 300})
	if err != nil || n.Checked < n.Messages/sample-3 || n.Checked > n.Messages/sample+3 {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestNotices(t *testing.T) {
	small, large := NewScript(32, 1, false), NewScript(64<<10, 1, false)
	for name, test := range map[string]struct {
		script *Script
		full   bool
		spoil  func() spoiler
		want   string
	}{
		"a wrong byte": {small, false, same(func(n int, p []byte) []byte {
			if n == 20 {
				p[31]++
			}
			return p
		}), "byte 33 is"},
		"a wrong byte in a long one": {large, true, same(func(_ int, p []byte) []byte {
			p[1000]++
			return p
		}), "byte 1010 is"},
		"a sample's wrong byte": {large, false, same(func(_ int, p []byte) []byte {
			p[1000]++
			return p
		}), "byte 1010 is"},
		"a wrong length": {large, false, same(func(n int, p []byte) []byte {
			if n == 20 {
				p = p[1:]
			}
			return p
		}), "byte 1 is"},
		"two in the wrong order": {NewScript(32, 4, false), false, func() spoiler {
			var kept []byte
			return func(n int, p []byte) []byte {
				if n == 1 {
					kept = bytes.Clone(p)
				}
				if n == 2 {
					return kept
				}
				return p
			}
		}, "answer 3 of 4"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := run(t, listen(t, test.spoil), test.script, Plan{Each: 400, Full: test.full}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v instead of %q", err, test.want)
			}
		})
	}
}

func TestSurplusAndEnd(t *testing.T) {
	for name, test := range map[string]struct {
		more func(io.Writer)
		want string
	}{
		"surplus": {func(w io.Writer) { _, _ = w.Write([]byte("\x82\x01x")) }, "too many"},
		"an end":  {func(io.Writer) {}, io.ErrUnexpectedEOF.Error()},
	} {
		script := NewScript(32, 1, false)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer c.Close()
			if _, p, err := c.ReadMessage(); err == nil {
				var b bytes.Buffer
				b.Write(AppendAnswer(nil, 2, p)[:33]) // the rest comes with more
				if name == "surplus" {
					b.Reset()
					b.Write(AppendAnswer(nil, 2, p))
				}
				test.more(&b)
				_, _ = c.NetConn().Write(b.Bytes())
			}
		})}
		go server.Serve(l)
		if _, err := run(t, l.Addr().String(), script, Plan{Each: 5}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
		_ = server.Close()
	}
}
