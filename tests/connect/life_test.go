package connect_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
)

// served runs f for one connection, and returns what it returned.
func served(t *testing.T, opts *websocket.AcceptOptions, f websocket.ServeFunc, change ...func(*http.Server)) (*client, <-chan error) {
	t.Helper()
	done := make(chan error, 1)
	h := websocket.Handler(func(ctx context.Context, c *websocket.Conn) (err error) {
		defer func() { done <- err }()
		return f(ctx, c)
	}, opts)
	return connect(t, serve(t, h, change...)), done
}

func await[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return v
}

// A read that is cancelled costs nothing, in whatever part of a message; reads go on.
func TestReadCancelled(t *testing.T) {
	next := make(chan bool)
	cancelled := make(chan error)
	c, done := served(t, nil, func(ctx context.Context, c *websocket.Conn) error {
		if _, _, err := c.Read(ctx); err != nil { // in the body itself
			return err
		}
		for range 3 {
			short, cancel := context.WithCancel(ctx)
			go func() { <-next; cancel() }()
			_, _, err := c.Read(short)
			cancelled <- err
		}
		_, p, err := c.Read(ctx)
		if err == nil {
			err = c.Write(ctx, websocket.MessageText, p)
		}
		return err
	})
	ws, s := c.open()
	ctx := t.Context()
	if err := ws.Write(ctx, websocket.MessageText, []byte("first")); err != nil {
		t.Fatal(err)
	}
	text := []byte{0x81, 0x85, 0, 0, 0, 0, 'a', 'h', 'o', 'y', '!'} // masked with zeros
	for i := range 3 {
		if _, err := s.Write(text[i*3 : i*3+3]); err != nil {
			t.Fatal(err)
		}
		next <- true
		if err := await(t, cancelled); !errors.Is(err, context.Canceled) {
			t.Errorf("read %d: %v", i, err)
		}
	}
	if _, err := s.Write(text[9:]); err != nil {
		t.Fatal(err)
	}
	if _, p, err := ws.Read(ctx); string(p) != "ahoy!" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if err := await(t, done); err != nil {
		t.Error(err)
	}
	if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Error(err)
	}
	s.ended()
}

// A write that is cancelled while it waits for the peer's window costs the stream, and no more.
func TestWriteCancelled(t *testing.T) {
	waits := make(chan bool)
	c, done := served(t, nil, func(ctx context.Context, c *websocket.Conn) error {
		short, cancel := context.WithCancel(ctx)
		go func() { <-waits; cancel() }()
		err := c.Write(short, websocket.MessageBinary, make([]byte, 4<<20))
		if again := c.Write(ctx, websocket.MessageText, nil); !errors.As(again, new(*websocket.ClosedError)) {
			t.Errorf("the next write: %v", again)
		}
		return err
	})
	c.stalled.Store(true)
	s := c.request(false, sample())
	s.answer()
	for c.dropped.Load() < window {
		time.Sleep(time.Millisecond)
	}
	close(waits)
	if err := await(t, done); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if code := await(t, s.reset); code == http2.ErrCodeNo {
		t.Errorf("reset with %v", code)
	}
	c.stalled.Store(false)
	if status, _ := c.request(false, sample(":protocol", "other")).answer(); status != http.StatusNotImplemented {
		t.Errorf("afterwards: status %d", status)
	}
}

// The client resets the stream, or goes.
func TestClientGone(t *testing.T) {
	for name, leave := range map[string]func(*client, *stream){
		"RST_STREAM": func(c *client, s *stream) {
			c.write(func() error { return c.framer.WriteRSTStream(s.id, http2.ErrCodeCancel) })
		},
		"END_STREAM": func(c *client, s *stream) {
			c.write(func() error { return c.framer.WriteData(s.id, true, nil) })
		},
		"the connection": func(c *client, _ *stream) { _ = c.nc.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			c, done := served(t, nil, func(ctx context.Context, c *websocket.Conn) error {
				err := c.Write(ctx, websocket.MessageText, []byte("here"))
				if err == nil {
					_, _, err = c.Read(ctx)
				}
				return err
			})
			ws, s := c.open()
			if _, _, err := ws.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			leave(c, s)
			err := await(t, done)
			if closed, ok := errors.AsType[*websocket.ClosedError](err); !ok || closed.Clean() {
				t.Errorf("%v", err)
			}
		})
	}
}

// However serve ends, the handler returns and the stream ends.
func TestServeEnds(t *testing.T) {
	quiet := &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}}
	for name, row := range map[string]struct {
		serve func(ctx context.Context, c *websocket.Conn) error
		code  websocket.StatusCode
	}{
		"nil":      {func(context.Context, *websocket.Conn) error { return nil }, websocket.StatusNormalClosure},
		"an error": {func(context.Context, *websocket.Conn) error { return io.ErrShortWrite }, websocket.StatusInternalError},
		"a panic":  {func(context.Context, *websocket.Conn) error { panic("on purpose") }, websocket.StatusInternalError},
		"Goexit":   {func(context.Context, *websocket.Conn) error { runtime.Goexit(); return nil }, websocket.StatusInternalError},
		"CloseNow": {func(_ context.Context, c *websocket.Conn) error { return c.CloseNow() }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, serve(t, websocket.Handler(row.serve, quiet)))
			ws, s := c.open()
			if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != row.code {
				t.Errorf("%v, want %d", err, row.code)
			}
			_ = ws.CloseNow()
			if name == "Goexit" { // net/http resets the stream of a handler that does not return
				await(t, s.reset)
			} else {
				s.ended()
			}
			if status, _ := c.request(false, sample(":protocol", "other")).answer(); status != http.StatusNotImplemented {
				t.Errorf("afterwards: status %d", status)
			}
		})
	}
}

// Where Accept's caller returns too early, nothing panics, nothing reaches another stream, and
// every call fails.
func TestAcceptReturnsEarly(t *testing.T) {
	conns := make(chan *websocket.Conn, 1)
	c := connect(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
		}
		conns <- ws
	})))
	_, s := c.open()
	ws := await(t, conns)
	s.ended()
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat("late", 10_000))); err == nil {
		t.Error("a late write succeeded")
	}
	if _, _, err := ws.Read(t.Context()); err == nil {
		t.Error("a late read succeeded")
	}
	_ = ws.CloseNow()
}

// The server's timeouts are for requests, not for connections.
func TestServerTimeouts(t *testing.T) {
	const timeout = 200 * time.Millisecond
	c, done := served(t, nil, func(ctx context.Context, c *websocket.Conn) error {
		time.Sleep(2 * timeout)
		_, p, err := c.Read(ctx)
		if err == nil {
			err = c.Write(ctx, websocket.MessageText, p)
		}
		return err
	}, func(s *http.Server) { s.ReadTimeout, s.WriteTimeout, s.IdleTimeout = timeout, timeout, timeout })
	ws, s := c.open()
	time.Sleep(3 * timeout)
	if err := ws.Write(t.Context(), websocket.MessageText, []byte("late")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := ws.Read(t.Context()); string(p) != "late" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if err := await(t, done); err != nil {
		t.Error(err)
	}
	_, _, _ = ws.Read(t.Context())
	s.ended()
}
