//lint:file-ignore SA1019 what is deprecated has users as well

package scenarios

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gorilla/websocket"
)

// sizes of messages around what changes in a header, in buffers and in system calls.
var sizes = []int{0, 1, 125, 126, 127, 4095, 4096, 4097, 32 << 10, 65535, 65536, 200_000, 1_000_000}

// filler returns n bytes that do not repeat themselves soon.
func filler(n int) string {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return string(p)
}

func TestReadMessage(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		for _, n := range sizes {
			m := filler(n)
			go p.send(frame{fin | binary2, m}, frame{fin | text, m})
			wantMessage(t, c, websocket.BinaryMessage, m)
			wantMessage(t, c, websocket.TextMessage, m) // which is not UTF-8, and not checked

			go p.send(frame{text, m[:n/3]}, frame{ping, "a"}, frame{continuation, m[n/3 : n/2]}, frame{pong, "b"}, frame{continuation, ""}, frame{fin | continuation, m[n/2:]})
			wantMessage(t, c, websocket.TextMessage, m)
			p.want(frame{pong, "a"})
		}
	})
}

// A stream may be cut anywhere.
func TestReadMessageByBytes(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		m := filler(300)
		go func() {
			for _, b := range p.append(p.append(nil, frame{fin | binary2, m}), frame{fin | text, "x"}) {
				p.raw([]byte{b})
			}
		}()
		typ, r, err := c.NextReader()
		if typ != websocket.BinaryMessage || err != nil {
			t.Fatal(typ, err)
		}
		if got, err := io.ReadAll(iotest.OneByteReader(r)); string(got) != m || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
		wantMessage(t, c, websocket.TextMessage, "x")
	})
}

func TestNextReaderDropsTheRest(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		m := filler(100_000)
		go p.send(frame{binary2, m}, frame{ping, ""}, frame{continuation, m}, frame{fin | continuation, m}, frame{fin | text, "two"}, frame{fin | text, "three"}, frame{text, "fo"}, frame{fin | continuation, "ur"})
		_, one, err := c.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		if n, err := io.ReadFull(one, b); string(b[:n]) != m[:10] || err != nil {
			t.Fatalf("%q, %v", b[:n], err)
		}
		typ, two, err := c.NextReader()
		if typ != websocket.TextMessage || err != nil {
			t.Fatal(typ, err)
		}
		if n, err := one.Read(b); n != 0 || err != io.EOF {
			t.Errorf("a reader of the message before: %d, %v, want io.EOF", n, err)
		}
		if got, err := io.ReadAll(two); string(got) != "two" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		for range 2 {
			if n, err := two.Read(b); n != 0 || err != io.EOF {
				t.Errorf("after the end: %d, %v, want io.EOF", n, err)
			}
		}
		_, three, err := c.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := three.Read(nil); n != 0 || err != nil {
			t.Errorf("of no bytes: %d, %v", n, err)
		}
		wantMessage(t, c, websocket.TextMessage, "four")
		p.want(frame{pong, ""})
	})
}

func TestEndWithoutCloseFrame(t *testing.T) {
	const want = "websocket: close 1006 (abnormal closure): unexpected EOF"
	for _, test := range []struct {
		name string
		cut  int // bytes of a frame of 10 bytes that come
		got  string
	}{{"between messages", 0, ""}, {"in a header", 1, ""}, {"behind a header", -10, ""}, {"in a payload", -4, "012345"}} {
		t.Run(test.name, func(t *testing.T) {
			ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
				f := p.append(nil, frame{fin | text, "0123456789"})
				cut := test.cut
				if cut < 0 {
					cut += len(f)
				}
				p.raw(f[:cut])
				p.Close()
				_, got, err := c.ReadMessage()
				if string(got) != test.got || err == nil || err.Error() != want {
					t.Errorf("%q, %v, want %q, %s", got, err, test.got, want)
				}
				if !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) || !websocket.IsUnexpectedCloseError(err, websocket.CloseGoingAway) {
					t.Errorf("%T", err)
				}
				if _, _, again := c.ReadMessage(); again != err {
					t.Errorf("then %v", again)
				}
			})
		})
	}
	// Inside a fragmented message, and through a reader.
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		p.send(frame{text, "abc"})
		p.Close()
		_, r, err := c.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); string(got) != "abc" || err == nil || err.Error() != want {
			t.Errorf("%q, %v", got, err)
		}
		if _, err := r.Read(make([]byte, 1)); err == nil || err.Error() != want {
			t.Errorf("then %v", err)
		}
	})
}

// Programs look for the text at the end.
func TestCloseEndsAReadThatWaits(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		failed := make(chan error)
		go func() {
			_, _, err := c.ReadMessage()
			failed <- err
		}()
		p.send(frame{ping, "x"})
		p.want(frame{pong, "x"}) // it waits now, or will
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		err := <-failed
		if err == nil || !strings.HasSuffix(err.Error(), "use of closed network connection") || !strings.HasPrefix(err.Error(), "read tcp ") {
			t.Errorf("%v", err)
		}
		if err := c.WriteMessage(websocket.TextMessage, nil); err == nil || !strings.HasSuffix(err.Error(), "use of closed network connection") || !strings.HasPrefix(err.Error(), "write tcp ") {
			t.Errorf("write: %v", err)
		}
		p.wantEnd() // no Close frame
		if err := c.Close(); err == nil || !strings.HasSuffix(err.Error(), "use of closed network connection") {
			t.Errorf("Close again: %v", err)
		}
	})
}

// A program that does not look at errors would spin for ever.
func TestThousandReadsOfAFailedConnection(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		p.Close()
		_, _, first := c.ReadMessage()
		for i := 2; i < 1000; i++ {
			var err error
			if i%2 == 0 {
				_, _, err = c.NextReader()
			} else {
				_, _, err = c.ReadMessage()
			}
			if err != first {
				t.Fatalf("read %d: %v, want %v", i, err, first)
			}
		}
		defer func() {
			if got := recover(); got != "repeated read on failed websocket connection" {
				t.Errorf("panic: %v", got)
			}
		}()
		_, _, err := c.NextReader()
		t.Errorf("the 1,000th read returns %v", err)
	})
}

func TestReadLimit(t *testing.T) {
	for _, test := range []struct {
		name   string
		limit  int64
		frames []frame
		want   []string // messages before the error
		exceed bool
	}{
		{"within", 5, []frame{{fin | text, "12345"}, {text, "123"}, {fin | continuation, "45"}}, []string{"12345", "12345"}, false},
		{"one frame", 5, []frame{{fin | text, "12345"}, {fin | text, "123456"}}, []string{"12345"}, true},
		{"fragments", 5, []frame{{text, "123"}, {ping, "not counted"}, {continuation, "45"}, {fin | continuation, "6"}}, nil, true},
		{"as declared", 5, []frame{{fin | binary2, filler(1 << 20)}}, nil, true},
		{"zero is none", 0, []frame{{fin | text, filler(100_000)}}, []string{filler(100_000)}, false},
		{"negative is none", -1, []frame{{fin | text, filler(100_000)}}, []string{filler(100_000)}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
				c.SetReadLimit(test.limit)
				go func() {
					var out []byte
					for _, f := range test.frames {
						out = p.append(out, f)
					}
					_, _ = p.Write(out) // which may fail
				}()
				for _, want := range test.want {
					wantMessage(t, c, websocket.TextMessage, want)
				}
				if !test.exceed {
					return
				}
				if _, _, err := c.ReadMessage(); err != websocket.ErrReadLimit {
					t.Errorf("%v", err)
				}
				for _, f := range test.frames {
					if f.first == ping {
						p.want(frame{pong, f.payload})
					}
				}
				p.want(frame{closing, closePayload(1009, "")})
				if _, _, err := c.ReadMessage(); err != websocket.ErrReadLimit {
					t.Errorf("then %v", err)
				}
				if err := c.WriteMessage(websocket.TextMessage, nil); err != websocket.ErrCloseSent {
					t.Errorf("write: %v", err)
				}
			})
		})
	}
}

// The peer is told what it did, and nothing more is read.
func TestBrokenRules(t *testing.T) {
	for _, test := range []struct {
		name   string
		frames []frame
	}{
		{"RSV1", []frame{{fin | rsv1 | text, "x"}}},
		{"RSV2", []frame{{fin | 0x20 | text, "x"}}},
		{"RSV3", []frame{{fin | 0x10 | text, "x"}}},
		{"opcode 3", []frame{{fin | 3, "x"}}},
		{"opcode 11", []frame{{fin | 11, "x"}}},
		{"fragmented ping", []frame{{websocket.PingMessage, "x"}}},
		{"long ping", []frame{{ping, strings.Repeat("x", 126)}}},
		{"no beginning", []frame{{fin | continuation, "x"}}},
		{"no end", []frame{{text, "x"}, {fin | text, "y"}}},
		{"close code 999", []frame{{closing, "\x03\xe7"}}},
		{"close code 1005", []frame{{closing, "\x03\xed"}}},
		{"close code 1006", []frame{{closing, "\x03\xee"}}},
		{"close code 5000", []frame{{closing, "\x13\x88"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
				handled := false
				c.SetCloseHandler(func(int, string) error { handled = true; return nil })
				p.send(test.frames...)
				p.send(frame{fin | text, "behind"})
				_, _, err := c.ReadMessage()
				if _, ok := err.(*websocket.CloseError); ok || err == nil || !strings.HasPrefix(err.Error(), "websocket: ") || handled { //nolint:errorlint // as programs do
					t.Errorf("%v, handled %v", err, handled)
				}
				if got, err := p.next(); err != nil || got.first != closing || !strings.HasPrefix(got.payload, "\x03\xea") {
					t.Errorf("the peer is told %v, %v, want 1002", got, err)
				}
				if _, _, again := c.ReadMessage(); again != err {
					t.Errorf("then %v, want %v", again, err)
				}
			})
		})
	}
}

func TestReadJSON(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		type value struct{ A, B int }
		p.send(frame{fin | text, `{"A":1,"B":2}`}, frame{binary2, `{"A":3,`}, frame{fin | continuation, `"B":4} and what follows`}, frame{fin | text, ""}, frame{fin | text, `{"A":`}, frame{fin | text, `x`}, frame{fin | text, `{"A":5}`})
		var v value
		for _, want := range []value{{1, 2}, {3, 4}} {
			if err := c.ReadJSON(&v); err != nil || v != want {
				t.Errorf("%v, %v, want %v", v, err, want)
			}
		}
		for range 2 {
			if err := websocket.ReadJSON(c, &v); err != io.ErrUnexpectedEOF {
				t.Errorf("%v, want io.ErrUnexpectedEOF", err)
			}
		}
		var syntax *json.SyntaxError
		if err := c.ReadJSON(&v); !errors.As(err, &syntax) {
			t.Errorf("%v, want a syntax error", err)
		}
		if err := c.ReadJSON(&v); err != nil || v.A != 5 {
			t.Errorf("%v, %v", v, err)
		}
		p.send(frame{closing, ""})
		if err := c.ReadJSON(&v); !websocket.IsCloseError(err, websocket.CloseNoStatusReceived) {
			t.Errorf("%v", err)
		}
	})
}

func TestJoinMessages(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		p.send(frame{fin | text, "one"}, frame{fin | text, ""}, frame{text, "tw"}, frame{fin | continuation, "o"}, frame{closing, closePayload(1000, "")})
		got, err := io.ReadAll(iotest.OneByteReader(websocket.JoinMessages(c, "<>")))
		if string(got) != "one<><>two<>" || !websocket.IsCloseError(err, 1000) {
			t.Errorf("%q, %v", got, err)
		}
	})
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		p.send(frame{fin | text, "one"}, frame{fin | text, "two"})
		p.Close()
		if got, err := io.ReadAll(websocket.JoinMessages(c, "")); string(got) != "onetwo" || !websocket.IsCloseError(err, 1006) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestCloseErrors(t *testing.T) {
	for _, test := range []struct {
		err  *websocket.CloseError
		want string
	}{
		{&websocket.CloseError{Code: 1000}, "websocket: close 1000 (normal)"},
		{&websocket.CloseError{Code: 1001, Text: "bye"}, "websocket: close 1001 (going away): bye"},
		{&websocket.CloseError{Code: 1002}, "websocket: close 1002 (protocol error)"},
		{&websocket.CloseError{Code: 1003}, "websocket: close 1003 (unsupported data)"},
		{&websocket.CloseError{Code: 1005}, "websocket: close 1005 (no status)"},
		{&websocket.CloseError{Code: 1006, Text: "unexpected EOF"}, "websocket: close 1006 (abnormal closure): unexpected EOF"},
		{&websocket.CloseError{Code: 1007}, "websocket: close 1007 (invalid payload data)"},
		{&websocket.CloseError{Code: 1008}, "websocket: close 1008 (policy violation)"},
		{&websocket.CloseError{Code: 1009}, "websocket: close 1009 (message too big)"},
		{&websocket.CloseError{Code: 1010}, "websocket: close 1010 (mandatory extension missing)"},
		{&websocket.CloseError{Code: 1011}, "websocket: close 1011 (internal server error)"},
		{&websocket.CloseError{Code: 1012}, "websocket: close 1012"},
		{&websocket.CloseError{Code: 1013}, "websocket: close 1013"},
		{&websocket.CloseError{Code: 1015}, "websocket: close 1015 (TLS handshake error)"},
		{&websocket.CloseError{Code: 4000, Text: "x"}, "websocket: close 4000: x"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
	wrapped := errors.Join(&websocket.CloseError{Code: 1000})
	for _, test := range []struct {
		err                error
		codes              []int
		expect, unexpected bool
	}{
		{&websocket.CloseError{Code: 1000}, []int{1000}, true, false},
		{&websocket.CloseError{Code: 1000}, []int{1001, 1000}, true, false},
		{&websocket.CloseError{Code: 1000}, []int{1001}, false, true},
		{&websocket.CloseError{Code: 1000}, nil, false, true},
		{wrapped, []int{1000}, false, false},
		{wrapped, []int{1001}, false, false},
		{io.EOF, []int{1000}, false, false},
		{nil, []int{1000}, false, false},
	} {
		if got := websocket.IsCloseError(test.err, test.codes...); got != test.expect {
			t.Errorf("IsCloseError(%v, %v): %v", test.err, test.codes, got)
		}
		if got := websocket.IsUnexpectedCloseError(test.err, test.codes...); got != test.unexpected {
			t.Errorf("IsUnexpectedCloseError(%v, %v): %v", test.err, test.codes, got)
		}
	}
	for _, test := range []struct {
		code int
		text string
		want []byte
	}{{1000, "", []byte{3, 232}}, {1000, "bye", []byte("\x03\xe8bye")}, {1005, "dropped", []byte{}}, {70000, "", []byte{0x11, 0x70}}} {
		if got := websocket.FormatCloseMessage(test.code, test.text); !reflect.DeepEqual(got, test.want) {
			t.Errorf("FormatCloseMessage(%d, %q): %q", test.code, test.text, got)
		}
	}
}
