//lint:file-ignore SA1019 what is deprecated has users as well

package scenarios

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

var noDeadline time.Time

func soon() time.Time { return time.Now().Add(patience) }

func TestDefaultHandlers(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		full := filler(125)
		p.send(frame{ping, ""}, frame{ping, full}, frame{pong, "unsolicited"}, frame{closing, closePayload(4321, "reason")}, frame{fin | text, "behind"})
		wantClosed(t, c, 4321, "reason")
		p.want(frame{pong, ""}, frame{pong, full}, frame{closing, closePayload(4321, "")})
		wantClosed(t, c, 4321, "reason")
		if err := c.WriteMessage(websocket.TextMessage, nil); err != websocket.ErrCloseSent {
			t.Errorf("%v", err)
		}
	})
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		p.send(frame{closing, ""})
		wantClosed(t, c, websocket.CloseNoStatusReceived, "")
		p.want(frame{closing, ""})
		// The socket is the program's to close.
		p.send(frame{fin | text, "x"})
		c.Close()
		p.br.Reset(p.Conn)
	})
}

// nil is the default, and the default can be had.
func TestHandlersByDefault(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		pinged, ponged, closed := c.PingHandler(), c.PongHandler(), c.CloseHandler()
		fail := errors.New("not to be called")
		c.SetPingHandler(func(string) error { return fail })
		c.SetPongHandler(func(string) error { return fail })
		c.SetCloseHandler(func(int, string) error { return fail })
		if c.PingHandler()("") != fail || c.PongHandler()("") != fail || c.CloseHandler()(0, "") != fail {
			t.Error("handlers are not those that were set")
		}
		c.SetPingHandler(nil)
		c.SetPongHandler(nil)
		c.SetCloseHandler(nil)
		if err := errors.Join(pinged("x"), ponged("x"), c.PingHandler()("y"), c.PongHandler()("y")); err != nil {
			t.Error(err)
		}
		p.send(frame{ping, "z"}, frame{pong, "z"}, frame{fin | text, "m"})
		wantMessage(t, c, websocket.TextMessage, "m")
		if err := closed(1001, "x"); err != nil {
			t.Error(err)
		}
		if err := errors.Join(c.CloseHandler()(1000, "x"), c.PingHandler()("after our Close frame")); err != nil {
			t.Error(err)
		}
		p.want(frame{pong, "x"}, frame{pong, "y"}, frame{pong, "z"}, frame{closing, closePayload(1001, "")})
	})
}

func TestHandlersRunInsideReads(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		var calls []string
		note := func(name string) func(string) error {
			return func(s string) error {
				calls = append(calls, name+" "+s)
				return c.WriteMessage(websocket.TextMessage, []byte("to "+s)) // a handler may write
			}
		}
		c.SetPingHandler(note("ping"))
		c.SetPongHandler(note("pong"))
		p.send(frame{ping, "1"}, frame{pong, "2"}, frame{text, "a"}, frame{ping, "3"}, frame{fin | continuation, "b"}, frame{ping, "4"})
		time.Sleep(time.Millisecond)
		if calls != nil {
			t.Fatal("a handler ran outside a read")
		}
		_, r, err := c.NextReader()
		if want := []string{"ping 1", "pong 2"}; err != nil || !slices.Equal(calls, want) {
			t.Fatalf("%v, %q", err, calls)
		}
		if got, err := io.ReadAll(r); string(got) != "ab" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
		if want := []string{"ping 1", "pong 2", "ping 3"}; !slices.Equal(calls, want) {
			t.Fatalf("%q", calls)
		}
		p.send(frame{fin | text, "c"})
		wantMessage(t, c, websocket.TextMessage, "c")
		p.want(frame{fin | text, "to 1"}, frame{fin | text, "to 2"}, frame{fin | text, "to 3"}, frame{fin | text, "to 4"})
	})
}

func TestHandlersMaySetHandlers(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		var got []string
		c.SetPongHandler(func(s string) error {
			got = append(got, "one "+s)
			c.SetReadLimit(3)
			c.SetPongHandler(func(s string) error {
				got = append(got, "two "+s)
				return nil
			})
			return c.SetReadDeadline(soon())
		})
		p.send(frame{pong, "a"}, frame{pong, "b"}, frame{fin | text, "123"}, frame{fin | text, "1234"})
		wantMessage(t, c, websocket.TextMessage, "123")
		if want := []string{"one a", "two b"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		if _, _, err := c.ReadMessage(); err != websocket.ErrReadLimit {
			t.Errorf("%v", err)
		}
	})
}

// The error of a handler ends the reads, as it is.
func TestErrorsOfHandlers(t *testing.T) {
	broken := errors.New("broken")
	for name, f := range map[string]frame{"ping": {ping, "x"}, "pong": {pong, "x"}, "close": {closing, closePayload(1000, "x")}} {
		t.Run(name, func(t *testing.T) {
			ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
				calls := 0
				fail := func(s string) error {
					calls++
					if s != "x" {
						t.Errorf("handler: %q", s)
					}
					return broken
				}
				c.SetPingHandler(fail)
				c.SetPongHandler(fail)
				c.SetCloseHandler(func(code int, s string) error {
					if code != 1000 {
						t.Errorf("handler: code %d", code)
					}
					return fail(s)
				})
				p.send(frame{text, "a"}, f, frame{fin | continuation, "b"})
				_, r, err := c.NextReader()
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(r); string(got) != "a" || err != broken {
					t.Errorf("%q, %v", got, err)
				}
				if _, _, err := c.ReadMessage(); err != broken || calls != 1 {
					t.Errorf("%v after %d calls", err, calls)
				}
				// The other half goes on.
				if err := c.WriteMessage(websocket.TextMessage, []byte("still")); err != nil {
					t.Error(err)
				}
				p.want(frame{fin | text, "still"})
			})
		})
	}
}

// A close handler answers itself, when it likes and what it likes.
func TestCloseHandlerReplacesTheEcho(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		c.SetCloseHandler(func(code int, s string) error {
			if code != 1001 || s != "away" {
				t.Errorf("%d, %q", code, s)
			}
			return c.WriteMessage(websocket.TextMessage, []byte("last words"))
		})
		p.send(frame{closing, closePayload(1001, "away")})
		wantClosed(t, c, 1001, "away")
		if err := c.WriteMessage(websocket.TextMessage, []byte("and more")); err != nil {
			t.Error(err)
		}
		if err := c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, "done"), soon()); err != nil {
			t.Error(err)
		}
		p.want(frame{fin | text, "last words"}, frame{fin | text, "and more"}, frame{closing, closePayload(1000, "done")})
		c.Close()
		p.wantEnd()
	})
}

func TestWriteControl(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		all := filler(125)
		for _, test := range []struct {
			typ      int
			data     string
			deadline time.Time
			want     string // the text of the error
		}{
			{websocket.PingMessage, "", noDeadline, ""},
			{websocket.PingMessage, all, soon(), ""},
			{websocket.PongMessage, all, time.Now().Add(10_000 * time.Hour), ""},
			{websocket.PongMessage, all + "x", noDeadline, "websocket: invalid control frame"},
			{websocket.CloseMessage, all + "x", noDeadline, "websocket: invalid control frame"},
			{websocket.TextMessage, "", noDeadline, "websocket: bad write message type"},
			{0, "", noDeadline, "websocket: bad write message type"},
			{11, "", noDeadline, "websocket: bad write message type"},
			{websocket.PingMessage, "", time.Now().Add(-time.Second), "websocket: write timeout"},
			{websocket.PingMessage, "again", noDeadline, ""},
		} {
			got := ""
			err := c.WriteControl(test.typ, []byte(test.data), test.deadline)
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("%d %q: %v, want %q", test.typ, test.data, err, test.want)
			}
			if e, ok := err.(net.Error); ok != (test.want == "websocket: write timeout") || ok && (!e.Timeout() || !e.Temporary()) { //nolint:errorlint // as programs do
				t.Errorf("%T", err)
			}
		}
		p.want(frame{ping, ""}, frame{ping, all}, frame{pong, all}, frame{ping, "again"})
	})
}

// A Close frame has the payload that the program gives it, and nothing follows it.
func TestAfterOurCloseFrame(t *testing.T) {
	for name, send := range map[string]func(c *websocket.Conn, data string) error{
		"WriteControl": func(c *websocket.Conn, data string) error {
			return c.WriteControl(websocket.CloseMessage, []byte(data), noDeadline)
		},
		"WriteMessage": func(c *websocket.Conn, data string) error {
			return c.WriteMessage(websocket.CloseMessage, []byte(data))
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, raw := range []string{"", closePayload(1000, "bye"), closePayload(999, ""), "x", "\xff\xff" + strings.Repeat("\xff", 98)} {
				ends(t, options{writeBufferSize: 100}, func(t *testing.T, c *websocket.Conn, p *peer) {
					w, err := c.NextWriter(websocket.TextMessage)
					if err != nil {
						t.Fatal(err)
					}
					_, _ = io.WriteString(w, strings.Repeat("x", 101))
					if name == "WriteMessage" {
						if err := w.Close(); err != nil {
							t.Fatal(err)
						}
					}
					if err := send(c, raw); err != nil {
						t.Fatal(err)
					}
					pm, _ := websocket.NewPreparedMessage(websocket.TextMessage, nil)
					for i, err := range []error{
						send(c, raw), c.WriteMessage(websocket.TextMessage, []byte("x")), c.WritePreparedMessage(pm), c.WriteJSON(1),
						c.WriteControl(websocket.PingMessage, nil, noDeadline), c.WriteControl(websocket.PongMessage, nil, soon()),
					} {
						if err != websocket.ErrCloseSent {
							t.Errorf("%d: %v", i, err)
						}
					}
					if _, err := c.NextWriter(websocket.TextMessage); err != websocket.ErrCloseSent {
						t.Errorf("%v", err)
					}
					// Reading goes on for as long as it takes, and answers nothing.
					for range 3 {
						p.send(frame{ping, "x"}, frame{fin | text, "still here"})
						wantMessage(t, c, websocket.TextMessage, "still here")
					}
					p.send(frame{closing, closePayload(1000, "bye")})
					wantClosed(t, c, 1000, "bye")
					c.Close()
					p.want(frame{text, strings.Repeat("x", 100)})
					if name == "WriteMessage" {
						p.want(frame{fin | continuation, "x"})
					}
					p.want(frame{closing, raw})
					p.wantEnd()
				})
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		if c.LocalAddr() != c.NetConn().LocalAddr() || c.RemoteAddr() != c.NetConn().RemoteAddr() || c.LocalAddr().String() != p.RemoteAddr().String() {
			t.Errorf("%v, %v", c.LocalAddr(), c.RemoteAddr())
		}
		if _, ok := c.NetConn().(*net.TCPConn); !ok || c.UnderlyingConn() != c.NetConn() {
			t.Errorf("%T, %T", c.NetConn(), c.UnderlyingConn())
		}
	})
}
