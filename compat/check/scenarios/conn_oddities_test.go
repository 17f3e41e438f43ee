package scenarios

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gorilla/websocket"
)

// A handler may return io.EOF. It does not make a message of the beginning of one.
func TestHandlersReturnEOF(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		for name, read := range map[string]func(r io.Reader) (int, error){
			"whole":     func(r io.Reader) (int, error) { p, err := io.ReadAll(r); return len(p), err },
			"in pieces": func(r io.Reader) (int, error) { p, err := io.ReadAll(iotest.OneByteReader(r)); return len(p), err },
		} {
			t.Run(fmt.Sprint(name, compressed), func(t *testing.T) {
				ends(t, options{compression: true}, func(t *testing.T, c *websocket.Conn, p *peer) {
					c.SetPingHandler(func(string) error { return io.EOF })
					begin := frame{text, "begin"}
					if compressed {
						begin = frame{text | rsv1, deflate("begin")}
					}
					p.send(begin, frame{ping, ""}, frame{fin | continuation, ""})
					_, r, err := c.NextReader()
					if err != nil {
						t.Fatal(err)
					}
					for want := range 2 {
						n, err := read(r)
						if n > 5 || want == 1 && n != 0 || err == nil || !strings.HasSuffix(err.Error(), "unexpected EOF") && want == 0 {
							t.Errorf("%d bytes, %v", n, err)
						}
					}
					if _, _, err := c.ReadMessage(); err != io.EOF {
						t.Errorf("%v", err)
					}
				})
				ends(t, options{compression: true}, func(t *testing.T, c *websocket.Conn, p *peer) {
					c.SetPingHandler(func(string) error { return io.EOF })
					begin := frame{text, "begin"}
					if compressed {
						begin = frame{text | rsv1, deflate("begin")}
					}
					p.send(begin, frame{ping, ""}, frame{fin | continuation, ""})
					if _, m, err := c.ReadMessage(); len(m) > 5 || err == nil || !strings.HasSuffix(err.Error(), "unexpected EOF") {
						t.Errorf("%q, %v", m, err)
					}
				})
			})
		}
	}
}

// miscounting reports something else than how much it was given: the size of what it has
// made of it, or nothing.
type miscounting struct {
	net.Conn
	by int
}

func (c miscounting) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return max(0, n+c.by), err
}

func TestMiscountedWrites(t *testing.T) {
	for _, by := range []int{-1 << 20, -3, 5} {
		for _, n := range []int{10, 5000, 200_000} {
			near, far := tcp(t)
			nc := miscounting{near, by}
			w := &hijackable{httptest.NewRecorder(), nc, bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))}
			c, err := (&websocket.Upgrader{WriteBufferSize: 4096}).Upgrade(w, request(handshakeHeader()), nil)
			if err != nil {
				t.Fatal(err)
			}
			p := newPeer(t, far)
			if _, err := http.ReadResponse(p.br, nil); err != nil {
				t.Fatal(err)
			}
			go func() {
				_ = c.WriteMessage(text, []byte(filler(n)))
				_ = c.WriteMessage(text, []byte("again"))
				_ = c.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(patience))
			}()
			p.masks = true
			p.want(frame{fin | text, filler(n)}, frame{fin | text, "again"}, frame{ping, "ping"})
		}
	}
}

// ReadFrom reports what it has read.
func TestReadFromCounts(t *testing.T) {
	ends(t, options{writeBufferSize: 200}, func(t *testing.T, c *websocket.Conn, _ *peer) {
		w, err := c.NextWriter(websocket.PingMessage)
		if err != nil {
			t.Fatal(err)
		}
		n, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader(filler(1000)))
		if n != 200 || err == nil || err.Error() != "websocket: invalid control frame" {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// pacedConn takes a millisecond for each write.
type pacedConn struct{ net.Conn }

func (c pacedConn) Write(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return c.Conn.Write(p)
}

// A goroutine that writes all the time does not keep control frames from leaving: a pong
// that is late ends many a connection.
func TestControlBesideABusyWriter(t *testing.T) {
	near, far := tcp(t)
	nc := pacedConn{near}
	w := &hijackable{httptest.NewRecorder(), nc, bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))}
	c, err := (&websocket.Upgrader{WriteBufferSize: 4096}).Upgrade(w, request(handshakeHeader()), nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, far) }()
	var written atomic.Int64
	go func() {
		for c.WriteMessage(text, []byte("busy")) == nil {
			written.Add(1)
		}
	}()
	for written.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	const controls = 20
	before := written.Load()
	for range controls {
		if err := c.WriteControl(websocket.PongMessage, nil, time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	}
	if n := written.Load() - before; n > 3*controls {
		t.Errorf("%d control frames waited for %d messages", controls, n)
	}
	c.Close()
}
