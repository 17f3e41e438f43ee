package websocket

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// A timeout matches as those of package net do, and costs the connection.
func TestTimeouts(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, _ *Conn) {
		if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		_, _, err := c.ReadMessage()
		if !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
		if err := c.SetWriteDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		pm, _ := NewPreparedMessage(TextMessage, nil)
		first := c.WritePreparedMessage(pm)
		if !errors.Is(first, os.ErrDeadlineExceeded) {
			t.Errorf("%v", first)
		}
		for _, err := range []error{
			c.WriteMessage(TextMessage, nil), c.WriteMessage(TextMessage, make([]byte, 10_000)),
			c.WritePreparedMessage(pm), c.WriteJSON(1), c.WriteControl(PingMessage, nil, time.Time{}),
		} {
			if err != first {
				t.Errorf("then %v, want %v", err, first)
			}
		}
	})
}

// The default handler of pings ends the reads only if nothing can be written any more.
func TestAnswersThatCannotBeSent(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, peer *Conn) {
		c.out.wire.TryLock() // a write waits
		if !c.out.wire.Held() {
			t.Fatal("the wire is free")
		}
		for range 1 {
			if err := c.WriteControl(PingMessage, nil, time.Now().Add(time.Millisecond)); err != errWriteTimeout {
				t.Errorf("%v", err)
			}
		}
		c.out.wire.Unlock()
		if err := peer.WriteControl(PingMessage, []byte("x"), time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := c.SetWriteDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		broken := c.WriteMessage(TextMessage, nil)
		if _, _, err := c.ReadMessage(); err != broken || broken == nil {
			t.Errorf("%v, want %v", err, broken)
		}
	})
}

// shortWriter takes some bytes, then none.
type shortWriter struct {
	net.Conn
	room  int
	calls int
}

func (w *shortWriter) Write(p []byte) (int, error) {
	w.calls++
	n := min(w.room, len(p))
	if w.room -= n; n < len(p) {
		return n, errors.New("no room")
	}
	return n, nil
}
func (w *shortWriter) SetWriteDeadline(time.Time) error { return nil }

// A write that has failed leaves half a frame on the wire, and is the last.
func TestShortWrites(t *testing.T) {
	for _, role := range []conn.Role{conn.Server, conn.Client} {
		for _, terms := range []*deflateTerms{nil, noContext} {
			for name, write := range map[string]func(c *Conn) error{
				"WriteMessage": func(c *Conn) error { return c.WriteMessage(BinaryMessage, []byte(noise(300))) },
				"large":        func(c *Conn) error { return c.WriteMessage(BinaryMessage, []byte(noise(200_000))) },
				"WriteJSON":    func(c *Conn) error { return c.WriteJSON(noise(300)) },
				"JSON":         func(c *Conn) error { return c.WriteJSON(noise(200_000)) },
				"ReadFrom": func(c *Conn) error {
					w, err := c.NextWriter(BinaryMessage)
					if err == nil {
						_, err = w.(io.ReaderFrom).ReadFrom(strings.NewReader(noise(200_000)))
					}
					return err
				},
				"WriteString": func(c *Conn) error {
					w, err := c.NextWriter(BinaryMessage)
					if err == nil {
						_, err = io.WriteString(w, noise(200_000))
					}
					return err
				},
				"Write": func(c *Conn) error {
					w, err := c.NextWriter(BinaryMessage)
					if err == nil {
						_, _ = w.Write([]byte("x"))
						_, err = w.Write([]byte(noise(200_000)))
					}
					return err
				},
				"WriteControl": func(c *Conn) error { return c.WriteControl(PingMessage, []byte(noise(125)), time.Time{}) },
			} {
				c := newConn(&shortWriter{room: 50}, connParams{role: role, deflate: terms, writeBufferSize: 100})
				err := write(c)
				if err == nil || err.Error() != "no room" {
					t.Errorf("%v, %s: %v", role, name, err)
				}
				if again := write(c); again != err {
					t.Errorf("%v, %s: then %v", role, name, again)
				}
				if _, again := c.NextWriter(TextMessage); again != err {
					t.Errorf("%v, %s: then %v", role, name, again)
				}
			}
		}
	}
}

// A stream that has failed may still look at what it was given: that memory is left to it.
func TestMemoryOfAFailedWrite(t *testing.T) {
	pool := &lastValue{}
	c := newConn(&shortWriter{room: 50}, connParams{role: conn.Server, writePool: pool, writeBufferSize: 100_000})
	w, err := c.NextWriter(BinaryMessage)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, noise(50_000))
	if err := w.Close(); err == nil || err.Error() != "no room" {
		t.Errorf("%v", err)
	}
	if b, ok := pool.v.(*writeBuffer); !ok || cap(b.data) > 0 {
		t.Errorf("the pool has %v", pool.v)
	}
}
