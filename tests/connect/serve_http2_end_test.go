package connect_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/hawser-ws/websocket"
)

// Reads and writes that are cancelled cost nothing, unless half a frame has gone. What could
// not be sent is not in the stream.
func TestServeHTTP2Cancelled(t *testing.T) {
	cancelled := make(chan error)
	address, _ := own(t, func(ctx context.Context, c *websocket.Conn) error {
		short, cancel := context.WithCancel(ctx)
		go cancel()
		_, _, readErr := c.Read(short)
		cancelled <- readErr
		go func() { _ = c.Write(ctx, websocket.MessageBinary, make([]byte, 400_000)) }() // the window is 256 KiB
		for small := websocket.Prepare(websocket.MessageText, []byte("small")); ; {
			if taken, _ := c.TryWritePrepared(small); !taken {
				break
			}
		}
		var err error
		for err == nil { // where the large message has not begun, this may still go
			behind, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			err = c.Write(behind, websocket.MessageText, []byte("never seen"))
			cancel()
		}
		cancelled <- err
		return echo(ctx, c)
	}, nil)
	c := connect(t, address)
	c.stalled.Store(true)
	s := c.request(false, sample())
	s.answer()
	for _, want := range []error{context.Canceled, context.DeadlineExceeded} {
		if err := await(t, cancelled); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// A stream that nobody reads, and one whose client does not read, leave the others alone.
func TestServeHTTP2Stalled(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	address, _ := own(t, func(ctx context.Context, c *websocket.Conn) error {
		if _, p, err := c.Read(ctx); err != nil || string(p) == "stall" {
			<-stop
			return err
		}
		return echo(ctx, c)
	}, nil)
	c := connect(t, address)
	ctx := t.Context()
	for range 20 {
		ws, _ := c.open()
		defer ws.CloseNow()
		_ = ws.Write(ctx, websocket.MessageText, []byte("stall"))
		_ = ws.Write(ctx, websocket.MessageBinary, make([]byte, 60_000))
	}
	ws, _ := c.open()
	_ = ws.Write(ctx, websocket.MessageText, []byte("go"))
	for range 100 {
		if err := ws.Write(ctx, websocket.MessageBinary, make([]byte, 30_000)); err != nil {
			t.Fatal(err)
		}
		if _, p, err := ws.Read(ctx); len(p) != 30_000 || err != nil {
			t.Fatalf("%d bytes, %v", len(p), err)
		}
	}
}

// Whatever becomes of a ServeFunc or its client, the stream ends and the slot is free.
func TestServeHTTP2Ends(t *testing.T) {
	reported := make(chan *websocket.HandlerError, 1)
	address, returned := own(t, func(ctx context.Context, c *websocket.Conn) error {
		_, p, err := c.Read(ctx)
		switch string(p) {
		case "panic":
			panic("of a ServeFunc")
		case "goexit":
			runtime.Goexit()
		case "now":
			return c.CloseNow()
		}
		return err
	}, &websocket.AcceptOptions{OnError: func(e *websocket.HandlerError) { reported <- e }})
	c := connect(t, address)
	ctx := t.Context()
	for text, code := range map[string]websocket.StatusCode{
		"panic": websocket.StatusInternalError, "goexit": websocket.StatusInternalError, "fine": websocket.StatusNormalClosure,
	} {
		ws, s := c.open()
		_ = ws.Write(ctx, websocket.MessageText, []byte(text))
		if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != code {
			t.Errorf("%s: %v", text, err)
		}
		s.ended()
		if code == websocket.StatusInternalError {
			if e := await(t, reported); e.RemoteAddr != c.nc.LocalAddr().String() {
				t.Errorf("%s: %+v", text, e)
			}
		}
	}
	ws, s := c.open()
	_ = ws.Write(ctx, websocket.MessageText, []byte("now"))
	if code := await(t, s.reset); code != http2.ErrCodeCancel {
		t.Errorf("CloseNow: reset with %v", code)
	}
	_ = ws.CloseNow()

	_, s = c.open()
	c.write(func() error { return c.framer.WriteRSTStream(s.id, http2.ErrCodeCancel) })
	if e := await(t, reported); !e.Ordinary() || !strings.Contains(e.Err.Error(), "RST_STREAM with CANCEL") || !errors.Is(e.Err, io.ErrUnexpectedEOF) {
		t.Errorf("reset by the client: %v", e.Err)
	}
	c.open()
	_ = c.nc.Close()
	if e := await(t, reported); !e.Ordinary() || !strings.Contains(e.Err.Error(), "the HTTP/2 connection has ended") {
		t.Errorf("the client goes: %v", e.Err)
	}
	if err := await(t, returned); err == nil || !strings.HasPrefix(err.Error(), "websocket: the HTTP/2 connection has ended") {
		t.Error(err)
	}
}

// Shutdown of the Registry closes the sockets, takes no more streams, and ends connections.
func TestServeHTTP2Shutdown(t *testing.T) {
	var registry websocket.Registry
	address, returned := own(t, echo, &websocket.AcceptOptions{Registry: &registry, OnError: func(*websocket.HandlerError) {}})
	c, idle := connect(t, address), connect(t, address)
	ws, s := c.open()
	other, otherStream := c.open()
	if err := ws.Write(t.Context(), websocket.MessageText, nil); err != nil {
		t.Fatal(err)
	}
	go func() { _, _, _ = other.Read(t.Context()) }() // and so to answer
	if _, _, err := ws.Read(t.Context()); err != nil || registry.Len() != 2 {
		t.Errorf("%v, %d connections", err, registry.Len())
	}
	down := make(chan error, 1)
	go func() { down <- registry.Shutdown(t.Context()) }()
	if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Error(err)
	}
	s.ended()
	otherStream.ended()
	if err := await(t, down); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := await(t, returned); err != nil {
			t.Error(err)
		}
	}
	<-idle.gone
	late, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(late, http2.ClientPreface)
	_ = http2.NewFramer(late, late).WriteSettings()
	if err := await(t, returned); err != nil {
		t.Errorf("a connection after Shutdown: %v", err)
	}
	_ = late.Close()
}

// A client that does not end its direction when both Close frames have gone: nghttpx, in front of
// our server. The stream ends nevertheless, without an error.
func TestServeHTTP2EndsRequest(t *testing.T) {
	for name, serve := range map[string]websocket.ServeFunc{
		"client begins": echo,
		"server begins": func(context.Context, *websocket.Conn) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := own(t, serve, &websocket.AcceptOptions{Timeouts: websocket.Timeouts{Close: 2 * patience}})
			s := connect(t, address).request(false, sample())
			if status, _ := s.answer(); status != http.StatusOK {
				t.Fatal(status)
			}
			if _, err := s.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8}); err != nil {
				t.Fatal(err)
			}
			s.ended()
			select {
			case code := <-s.reset:
				if code != http2.ErrCodeNo {
					t.Errorf("reset with %v", code)
				}
			case <-time.After(patience):
				t.Error("the server waits for the client's end")
			}
			if p, err := io.ReadAll(s); !bytes.Equal(p, []byte{0x88, 0x02, 0x03, 0xe8}) || err != nil {
				t.Errorf("%x, %v", p, err)
			}
		})
	}
}
