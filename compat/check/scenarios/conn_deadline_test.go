package scenarios

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

var longAgo = time.Unix(1, 0)

// wantTimeout wants the error of a deadline that has passed, as it comes of a failed read
// or write. A program that repeats what is temporary would spin.
func wantTimeout(t *testing.T, err error) {
	t.Helper()
	e, ok := err.(net.Error) //nolint:errorlint // as programs do
	if !ok || !e.Timeout() || e.Temporary() || !strings.HasSuffix(err.Error(), ": i/o timeout") {
		t.Fatalf("%T %v is not the timeout that it was", err, err)
	}
}

func TestReadDeadline(t *testing.T) {
	for name, set := range map[string]func(*websocket.Conn, time.Time) error{
		"on the Conn":     (*websocket.Conn).SetReadDeadline,
		"on the net.Conn": func(c *websocket.Conn, d time.Time) error { return c.NetConn().SetReadDeadline(d) },
		"both on it":      func(c *websocket.Conn, d time.Time) error { return c.NetConn().SetDeadline(d) },
	} {
		t.Run(name, func(t *testing.T) {
			ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
				if err := set(c, soon()); err != nil {
					t.Fatal(err)
				}
				p.send(frame{fin | text, "in time"})
				wantMessage(t, c, websocket.TextMessage, "in time")
				p.send(frame{text, "half"})
				_, r, err := c.NextReader()
				if err != nil {
					t.Fatal(err)
				}
				b := make([]byte, 10)
				if n, err := r.Read(b); string(b[:n]) != "half" || err != nil {
					t.Fatalf("%q, %v", b[:n], err)
				}
				if err := set(c, longAgo); err != nil {
					t.Fatal(err)
				}
				_, err = r.Read(b)
				wantTimeout(t, err)
				// It stays, whatever happens.
				if err := set(c, time.Time{}); err != nil {
					t.Fatal(err)
				}
				p.send(frame{fin | continuation, "whole"})
				if _, again := r.Read(b); again != err {
					t.Errorf("then %v", again)
				}
				if _, _, again := c.ReadMessage(); again != err {
					t.Errorf("then %v", again)
				}
				// Writes know nothing of it.
				if err := c.WriteMessage(websocket.TextMessage, []byte("x")); err != nil {
					t.Error(err)
				}
				p.want(frame{fin | text, "x"})
			})
		})
	}
}

// A deadline may come while a read waits, and may be moved.
func TestReadDeadlineWhileReading(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		failed := make(chan error)
		go func() {
			_, _, err := c.ReadMessage()
			failed <- err
		}()
		p.send(frame{ping, "x"})
		p.want(frame{pong, "x"})
		if err := c.NetConn().SetReadDeadline(longAgo); err != nil {
			t.Fatal(err)
		}
		wantTimeout(t, <-failed)
	})
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		// The usual keepalive: each pong moves the deadline.
		pongs := 0
		c.SetPongHandler(func(string) error {
			pongs++
			return c.SetReadDeadline(soon())
		})
		if err := c.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		p.send(frame{pong, ""}, frame{pong, ""}, frame{fin | text, "x"})
		wantMessage(t, c, websocket.TextMessage, "x")
		if pongs != 2 {
			t.Errorf("%d pongs", pongs)
		}
	})
}

// fill writes until the peer, which does not read, has no room.
func fill(c *websocket.Conn) error {
	m := make([]byte, 1<<20)
	for range 1000 {
		if err := c.WriteMessage(websocket.BinaryMessage, m); err != nil {
			return err
		}
	}
	return nil
}

func TestWriteDeadline(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		if err := c.SetWriteDeadline(soon()); err != nil {
			t.Fatal(err)
		}
		if err := c.WriteMessage(websocket.TextMessage, []byte("in time")); err != nil {
			t.Fatal(err)
		}
		p.want(frame{fin | text, "in time"})
		if err := c.SetWriteDeadline(longAgo); err != nil {
			t.Fatal(err)
		}
		err := c.WriteMessage(websocket.TextMessage, []byte("too late"))
		wantTimeout(t, err)
		if err := c.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		w, again := c.NextWriter(websocket.TextMessage)
		if w != nil || again != err {
			t.Errorf("%v, then %v", w, again)
		}
		if again := c.WriteMessage(websocket.TextMessage, nil); again != err {
			t.Errorf("then %v", again)
		}
		if again := c.WriteControl(websocket.PingMessage, nil, soon()); again != err {
			t.Errorf("then %v", again)
		}
		// Reads know nothing of it.
		p.send(frame{fin | text, "x"})
		wantMessage(t, c, websocket.TextMessage, "x")
	})
}

// Each write sets its deadline anew: one that is left on the net.Conn does not count.
func TestWriteDeadlineOnTheNetConn(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		if err := c.NetConn().SetWriteDeadline(longAgo); err != nil {
			t.Fatal(err)
		}
		if err := c.WriteMessage(websocket.TextMessage, []byte("x")); err != nil {
			t.Error(err)
		}
		if err := c.WriteControl(websocket.PingMessage, []byte("y"), noDeadline); err != nil {
			t.Error(err)
		}
		p.want(frame{fin | text, "x"}, frame{ping, "y"})
	})
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, _ *peer) {
		failed := make(chan error, 1)
		go func() { failed <- fill(c) }()
		// It ends a write that waits already.
		for {
			if err := c.NetConn().SetWriteDeadline(longAgo); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-failed:
				wantTimeout(t, err)
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
}

func TestWriteDeadlineWhilePeerDoesNotRead(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, _ *peer) {
		if err := c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		err := fill(c)
		wantTimeout(t, err)
		if again := c.WriteControl(websocket.CloseMessage, nil, soon()); again != err {
			t.Errorf("then %v", again)
		}
	})
}

// A control frame that cannot begin in time is given up, and costs nothing.
func TestWriteControlBehindAWriteThatWaits(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, p *peer) {
		failed := make(chan error, 1)
		go func() { failed <- fill(c) }()
		for {
			err := c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Millisecond))
			if err == nil {
				continue
			}
			if e, ok := err.(net.Error); !ok || !e.Timeout() { //nolint:errorlint // as programs do
				t.Fatal(err)
			}
			if err.Error() == "websocket: write timeout" {
				break
			}
			// It had begun, which costs the connection, as ever.
			c.Close()
			<-failed
			return
		}
		_ = p.SetDeadline(time.Now().Add(time.Minute))
		go func() { _, _ = io.Copy(io.Discard, p.br) }()
		if err := c.WriteControl(websocket.PingMessage, nil, noDeadline); err != nil {
			t.Error(err)
		}
		c.Close()
		<-failed
	})
}

// Closing ends a write that waits.
func TestCloseEndsAWriteThatWaits(t *testing.T) {
	ends(t, options{}, func(t *testing.T, c *websocket.Conn, _ *peer) {
		failed := make(chan error, 1)
		go func() { failed <- fill(c) }()
		for c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Millisecond)) == nil {
		}
		c.Close()
		if err := <-failed; err == nil || !strings.HasSuffix(err.Error(), "use of closed network connection") && !strings.HasSuffix(err.Error(), "i/o timeout") {
			t.Errorf("%v", err)
		}
	})
}
