package websocket

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hawser-ws/websocket/frame"
)

// What gorilla does as well is tried at length in compat/check/scenarios. Here it is once
// more in short, so that a change is met in this module too.

func TestHandlers(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, peer *Conn) {
		var seen []string
		note := func(s string) error { seen = append(seen, s); return nil }
		c.SetPingHandler(note)
		c.SetPongHandler(note)
		c.SetCloseHandler(func(_ int, s string) error { return note(s) })
		raw(t, peer, fin(frame.Ping, "ping"), fin(frame.Pong, "pong"), fin(frame.Text, "text"), fin(frame.Close, "\x03\xe8close"))
		wantMessage(t, c, TextMessage, "text")
		_, _, err := c.ReadMessage()
		if !IsCloseError(err, CloseNormalClosure) || IsUnexpectedCloseError(err, CloseNormalClosure) || err.Error() != "websocket: close 1000 (normal): close" {
			t.Errorf("%v", err)
		}
		if got := strings.Join(seen, " "); got != "ping pong close" {
			t.Errorf("handlers saw %q", got)
		}
		if err := errors.Join(c.PingHandler()("a"), c.PongHandler()("b"), c.CloseHandler()(1000, "c")); err != nil || len(seen) != 6 {
			t.Errorf("%v, %q", err, seen)
		}
		c.SetPingHandler(nil)
		c.SetPongHandler(nil)
		c.SetCloseHandler(nil)
		if err := errors.Join(c.PingHandler()("answered"), c.PongHandler()(""), c.CloseHandler()(CloseNoStatusReceived, ""), c.PingHandler()("too late")); err != nil {
			t.Errorf("%v", err)
		}
		peer.SetPongHandler(func(s string) error {
			if s != "answered" {
				t.Errorf("pong %q", s)
			}
			return nil
		})
		if _, _, err := peer.ReadMessage(); !IsCloseError(err, CloseNoStatusReceived) {
			t.Errorf("%v", err)
		}
	})
}

func TestErrorsOfHandlersEndReads(t *testing.T) {
	broken := errors.New("broken")
	eachRole(t, noContext, func(t *testing.T, c, peer *Conn) {
		c.SetCloseHandler(func(int, string) error { return broken })
		w, err := peer.NextWriter(TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, noise(100_000))
		if err := peer.WriteControl(CloseMessage, nil, time.Time{}); err != nil {
			t.Fatal(err)
		}
		_, r, err := c.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := io.Copy(io.Discard, r); err != broken {
				t.Errorf("%v", err)
			}
		}
		if _, _, err := c.NextReader(); err != broken {
			t.Errorf("%v", err)
		}
	})
}

func TestJSON(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, peer *Conn) {
		if err := errors.Join(WriteJSON(c, []int{1}), c.WriteJSON(map[string]string{"a": "b"}), c.WriteMessage(TextMessage, nil)); err != nil {
			t.Fatal(err)
		}
		var list []int
		if err := ReadJSON(peer, &list); err != nil || len(list) != 1 {
			t.Errorf("%v, %v", list, err)
		}
		var object map[string]string
		if err := peer.ReadJSON(&object); err != nil || object["a"] != "b" {
			t.Errorf("%v, %v", object, err)
		}
		if err := peer.ReadJSON(&object); err != io.ErrUnexpectedEOF {
			t.Errorf("%v", err)
		}
		c.Close()
		if err := peer.ReadJSON(&object); !IsCloseError(err, CloseAbnormalClosure) {
			t.Errorf("%v", err)
		}
	})
}

func TestJoin(t *testing.T) {
	eachRole(t, noContext, func(t *testing.T, c, peer *Conn) {
		if err := errors.Join(peer.WriteMessage(TextMessage, []byte("a")), peer.WriteMessage(TextMessage, []byte("b"))); err != nil {
			t.Fatal(err)
		}
		peer.Close()
		got, err := io.ReadAll(iotest.OneByteReader(JoinMessages(c, ", ")))
		if string(got) != "a, b, " || !IsCloseError(err, CloseAbnormalClosure) {
			t.Errorf("%.40q, %v", got, err)
		}
	})
}

// pools lend nothing at first, then what they were given.
type lastValue struct{ v any }

func (p *lastValue) Get() any  { v := p.v; p.v = nil; return v }
func (p *lastValue) Put(v any) { p.v = v }

func TestWriters(t *testing.T) {
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			pool := &lastValue{}
			c.out.pool = pool
			for _, level := range []int{-2, -1, 0, 1, 9} {
				if err := c.SetCompressionLevel(level); err != nil {
					t.Fatal(err)
				}
				for _, n := range []int{0, 1, 99, 100, 101, 1000, 200_000} {
					m := noise(n)
					failed := make(chan error, 1)
					go func() {
						w, err := c.NextWriter(BinaryMessage)
						if err != nil {
							failed <- err
							return
						}
						_, err1 := w.Write([]byte(m[:n/4]))
						_, err2 := io.WriteString(w, m[n/4:n/2])
						got, err3 := w.(io.ReaderFrom).ReadFrom(iotest.DataErrReader(strings.NewReader(m[n/2:])))
						if got != int64(n-n/2) {
							t.Errorf("%d bytes were copied", got)
						}
						failed <- errors.Join(err1, err2, err3, w.Close())
					}()
					wantMessage(t, peer, BinaryMessage, m)
					if err := <-failed; err != nil || pool.v == nil {
						t.Errorf("%v, the pool has %v", err, pool.v)
					}
				}
			}
			if err := c.SetCompressionLevel(10); err != errCompressionLevel {
				t.Errorf("%v", err)
			}
			w, err := c.NextWriter(TextMessage)
			if err != nil {
				t.Fatal(err)
			}
			broken := errors.New("broken")
			if n, err := w.(io.ReaderFrom).ReadFrom(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))); n != 3 || err != broken {
				t.Errorf("%d, %v", n, err)
			}
			if _, err := c.NextWriter(3); err != errBadWriteOpCode {
				t.Errorf("%v", err)
			}
			wantMessage(t, peer, TextMessage, "abc")
			_, err1 := w.Write([]byte("x"))
			_, err2 := io.WriteString(w, "x")
			_, err3 := w.(io.ReaderFrom).ReadFrom(strings.NewReader("x"))
			for _, err := range []error{err1, err2, err3, w.Close()} {
				if err != errWriteClosed {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

func TestControlMessages(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, peer *Conn) {
		long := make([]byte, 126)
		for _, test := range []struct {
			err, want error
		}{
			{c.WriteMessage(PingMessage, long), errInvalidControlFrame},
			{c.WriteControl(PingMessage, long, time.Time{}), errInvalidControlFrame},
			{c.WriteControl(TextMessage, nil, time.Time{}), errBadWriteOpCode},
			{c.WriteControl(PingMessage, nil, time.Unix(1, 0)), errWriteTimeout},
			{c.WriteMessage(4, nil), errBadWriteOpCode},
			{c.WriteMessage(PingMessage, long[:125]), nil},
		} {
			if test.err != test.want {
				t.Errorf("%v, want %v", test.err, test.want)
			}
		}
		if !errWriteTimeout.Timeout() || !errWriteTimeout.Temporary() || errWriteTimeout.Error() != "websocket: write timeout" {
			t.Error(errWriteTimeout)
		}
		for _, typ := range []int{PingMessage, 4} {
			if _, err := NewPreparedMessage(typ, long); err == nil {
				t.Errorf("type %d with %d bytes", typ, len(long))
			}
		}
		for _, n := range []int{1, 101} { // fails at the end, or when a fragment would leave
			w, err := c.NextWriter(PongMessage)
			if err != nil {
				t.Fatal(err)
			}
			_, err1 := w.Write(make([]byte, n))
			_, err2 := w.Write(long)
			if err := errors.Join(err1, err2, w.Close()); !errors.Is(err, errInvalidControlFrame) {
				t.Errorf("%v", err)
			}
		}
		if err := c.WriteMessage(CloseMessage, FormatCloseMessage(CloseGoingAway, "bye")); err != nil {
			t.Error(err)
		}
		if _, _, err := peer.ReadMessage(); err == nil || err.Error() != "websocket: close 1001 (going away): bye" {
			t.Errorf("%v", err)
		}
		if err := c.WriteMessage(TextMessage, nil); err != ErrCloseSent {
			t.Errorf("%v", err)
		}
	})
}

// A program that does not look at errors is stopped.
func TestThousandReadsAfterAnError(t *testing.T) {
	server, client := pair(t, nil, 0)
	client.Close()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	for n := range 999 {
		if _, _, err := server.ReadMessage(); !IsCloseError(err, CloseAbnormalClosure) {
			t.Fatalf("read %d: %v", n, err)
		}
	}
	_, _, err := server.NextReader()
	t.Errorf("read 1,000: %v", err)
}

func TestReadersTakeWhatTheyLike(t *testing.T) {
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			m := noise(150_000)
			go func() {
				for range 4 {
					if err := peer.WriteMessage(BinaryMessage, []byte(m)); err != nil {
						t.Error(err)
					}
				}
			}()
			_, one, err := c.NextReader()
			if err != nil {
				t.Fatal(err)
			}
			if p, err := io.ReadAll(iotest.HalfReader(one)); string(p) != m || err != nil {
				t.Errorf("%d bytes, %v", len(p), err)
			}
			_, two, err := c.NextReader()
			if err != nil {
				t.Fatal(err)
			}
			p := make([]byte, 100_000)
			if n, err := io.ReadFull(two, p); string(p) != m[:n] || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			wantMessage(t, c, BinaryMessage, m)
			if n, err := two.Read(p); n != 0 || err != io.EOF {
				t.Errorf("%d, %v", n, err)
			}
			wantMessage(t, c, BinaryMessage, m)
		})
	}
}

// A handler that panics has left the gate for reading, and another goroutine may be inside by
// then. The read that ends by the panic must not let a third one in.
func TestHandlersMayPanic(t *testing.T) {
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			read := make(chan string, 1)
			c.SetPongHandler(func(string) error {
				go func() {
					_, p, err := c.ReadMessage()
					read <- string(p) + fmt.Sprint(err)
				}()
				for !c.in.gate.Held() { // until it is inside
					runtime.Gosched()
				}
				panic("of a handler")
			})
			w, err := peer.NextWriter(TextMessage)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(w, noise(80_000))
			if err := peer.WriteControl(PongMessage, nil, time.Time{}); err != nil {
				t.Fatal(err)
			}
			_, r, err := c.NextReader()
			if err != nil {
				t.Fatal(err)
			}
			func() {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				_, _ = io.Copy(io.Discard, r)
			}()
			if !c.in.gate.Held() {
				t.Error("the gate is open, and somebody is inside")
			}
			_ = w.Close()
			if err := peer.WriteMessage(TextMessage, []byte("next ")); err != nil {
				t.Fatal(err)
			}
			if got := <-read; got != "next <nil>" {
				t.Errorf("read %q", got)
			}
			if c.in.gate.Held() {
				t.Error("the gate is held")
			}
		})
	}
}
