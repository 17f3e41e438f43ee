package http3_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	h3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

// A read that is cancelled costs nothing, after whatever byte: also inside the head of a DATA
// frame, and inside a frame that is dropped.
func TestReadCancelled(t *testing.T) {
	bothEnds(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
		wire := append(h3frame(frameData, message("ahoy!", c.Role())), h3frame(greaseFrame, []byte("dropped"))...)
		wire = append(wire, h3frame(frameData, message(strings.Repeat("x", 100), c.Role())[:50])...)
		wire = append(wire, h3frame(frameData, message(strings.Repeat("x", 100), c.Role())[50:])...)
		var got []string
		for _, b := range wire {
			ctx, cancel := context.WithCancel(context.Background())
			read := make(chan string, 1)
			go func() {
				_, p, err := c.Read(ctx)
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				read <- string(p)
			}()
			peer.send([]byte{b})
			cancel()
			if text := await(t, read); text != "" {
				got = append(got, text)
			}
		}
		for len(got) < 2 {
			_, p, err := c.Read(within(t))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(p))
		}
		if got[0] != "ahoy!" || len(got[1]) != 100 {
			t.Errorf("%q", got)
		}
	})
}

// ownFraming runs test on the ends whose framing is ours.
func ownFraming(t *testing.T, test func(t *testing.T, c *websocket.Conn, peer *peerStream)) {
	bothEnds(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
		if !strings.HasSuffix(t.Name(), "Plain") {
			test(t, c, peer)
		}
	})
}

// Writes that wait behind another are cancelled at no cost, and what was written before arrives
// whole.
func TestWriteCancelledInQueue(t *testing.T) {
	ownFraming(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
		const size = 4 << 20 // beyond the window of a stream
		big := make(chan error, 1)
		go func() { big <- c.Write(context.Background(), websocket.MessageBinary, make([]byte, size)) }()
		peer.some()
		for range 5 {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			if err := c.Write(ctx, websocket.MessageText, []byte("never")); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			cancel()
		}
		ws := websocket.NewConn(peer, peerOf(c), &websocket.ConnOptions{Limits: websocket.Limits{Message: -1}})
		defer ws.CloseNow()
		if _, p, err := ws.Read(within(t)); len(p) != size || err != nil {
			t.Fatal(len(p), err)
		}
		if err := await(t, big); err != nil {
			t.Error(err)
		}
		if err := c.Write(within(t), websocket.MessageText, []byte("after")); err != nil {
			t.Error(err)
		}
		if _, p, err := ws.Read(within(t)); string(p) != "after" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
	})
}

// A write that is cancelled while half of its frame is on the way costs the connection, which is
// reset. No peer takes what has come for a whole message.
func TestWriteCancelledHalfway(t *testing.T) {
	bothEnds(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		err := c.Write(ctx, websocket.MessageBinary, make([]byte, 4<<20))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if again := c.Write(context.Background(), websocket.MessageText, nil); !errors.As(again, new(*websocket.ClosedError)) {
			t.Errorf("the next write: %v", again)
		}
		_ = c.CloseNow() // where the framing is quic-go's, what the peer says is still read
		if code := peer.end(); code != h3.ErrCodeRequestCanceled {
			t.Errorf("ended with %v", code)
		}
	})
}

// Many small messages to a peer that does not read, with cancelled ones between: what has gone
// arrives, each message once, and the connection goes on if no frame was cut.
func TestWriteCancelledSmall(t *testing.T) {
	ownFraming(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
		gone := 0
		for {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			err := c.Write(ctx, websocket.MessageBinary, make([]byte, 1000))
			cancel()
			if err != nil {
				break
			}
			gone++
		}
		ws := websocket.NewConn(peer, peerOf(c), nil)
		defer ws.CloseNow()
		for i := range gone {
			if _, p, err := ws.Read(within(t)); len(p) != 1000 || err != nil {
				t.Fatalf("message %d of %d: %d bytes, %v", i, gone, len(p), err)
			}
		}
		if err := c.Write(within(t), websocket.MessageText, []byte("after")); err != nil {
			return // the frame was cut, and so the connection: the peer has not seen it
		}
		if _, p, err := ws.Read(within(t)); string(p) != "after" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
	})
}

// Timeouts.Write ends a connection whose peer takes nothing.
func TestWriteTimeout(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		done := make(chan error, 1)
		url := serve(t, wrap(websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
			err := c.Write(ctx, websocket.MessageBinary, make([]byte, 8<<20))
			done <- err
			return err
		}, &websocket.AcceptOptions{Timeouts: websocket.Timeouts{Write: 50 * time.Millisecond}, OnError: func(*websocket.HandlerError) {}})))
		peer := open(t, url)
		if err := await(t, done); !errors.Is(err, websocket.ErrWriteTimeout) {
			t.Error(err)
		}
		if code := peer.end(); code != h3.ErrCodeRequestCanceled {
			t.Errorf("ended with %v", code)
		}
	})
}

// The deadlines of the stream itself can be set again, and lose nothing.
func TestDeadlines(t *testing.T) {
	ownFraming(t, func(t *testing.T, c *websocket.Conn, peer *peerStream) {
		nc := c.NetConn()
		if nc == nil || nc.LocalAddr() == nil || nc.RemoteAddr() == nil {
			t.Fatalf("%v", nc)
		}
		p := make([]byte, 10)
		for range 3 {
			_ = nc.SetReadDeadline(time.Now().Add(-time.Second))
			if _, err := nc.Read(p); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
				t.Error(err)
			}
			_ = nc.SetDeadline(time.Time{})
			peer.data([]byte("abc"))
			if _, err := io.ReadFull(nc, p[:3]); err != nil || string(p[:3]) != "abc" {
				t.Errorf("%q, %v", p[:3], err)
			}
		}
		_ = nc.SetWriteDeadline(time.Now().Add(-time.Second))
		if _, err := nc.Write([]byte("lost")); !isTimeout(err) {
			t.Error(err)
		}
		_ = nc.SetWriteDeadline(time.Time{})
		if _, err := nc.Write([]byte("xyz")); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(peer, p[:3]); string(p[:3]) != "xyz" || err != nil {
			t.Errorf("%q, %v", p[:3], err)
		}
		if n, err := nc.Read(nil); n != 0 || err != nil {
			t.Error(n, err)
		}
		if n, err := nc.Write(nil); n != 0 || err != nil {
			t.Error(n, err)
		}
	})
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}

// A Dial whose context ends stops waiting at each step, and the server is told.
func TestDialCancelled(t *testing.T) {
	for name, until := range map[string]func(t *testing.T, s *server){
		"before the settings": func(_ *testing.T, s *server) { s.accept([]byte{0}) },
		"before the answer": func(t *testing.T, s *server) {
			c, _ := s.accept(welcome)
			_, _ = asked(t, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t)
			ctx, cancel := context.WithCancelCause(context.Background())
			done := make(chan error, 1)
			p := pool(t, &http3.Pool{})
			go func() {
				_, _, err := websocket.Dial(ctx, s.url, &websocket.DialOptions{HTTP3: p, TLSConfig: trusting()})
				done <- err
			}()
			until(t, s)
			why := errors.New("on purpose")
			cancel(why)
			err := await(t, done)
			if !errors.Is(err, why) || !errors.Is(err, context.Canceled) || !errors.As(err, new(*websocket.HandshakeError)) {
				t.Error(err)
			}
		})
	}
}
