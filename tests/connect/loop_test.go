package connect_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/hawser-ws/websocket"
)

// A Loop serves streams of HTTP/2 as well. Each has a goroutine, and its handler returns when
// the connection has ended.
func TestLoop(t *testing.T) {
	var opened websocket.Receiver = websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
		return c.Write(ctx, m.Type, m.Data)
	})
	closed := make(chan error, 1)
	loop := &websocket.Loop{
		Open: func(context.Context, *websocket.Conn) (websocket.Receiver, error) { return opened, nil },
		Closed: func(_ *websocket.Conn, r websocket.Receiver, err error) {
			if r == nil {
				err = errors.New("no Receiver")
			}
			closed <- err
		},
	}
	c := connect(t, serve(t, loop))
	ctx := t.Context()
	for _, ends := range []struct {
		name string
		code websocket.StatusCode
		end  func(*websocket.Conn) error
	}{
		{"client", websocket.StatusNormalClosure, func(ws *websocket.Conn) error { return ws.Close(websocket.StatusNormalClosure, "") }},
		{"Shutdown", websocket.StatusGoingAway, func(ws *websocket.Conn) error {
			ws.CloseRead(ctx)
			return loop.Shutdown(ctx)
		}},
	} {
		ws, s := c.open()
		for _, text := range []string{"", "ahoy", string(make([]byte, 200_000))} {
			if err := ws.Write(ctx, websocket.MessageBinary, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if _, got, err := ws.Read(ctx); string(got) != text || err != nil {
				t.Fatalf("%s: %d bytes, want %d, %v", ends.name, len(got), len(text), err)
			}
		}
		if err := ends.end(ws); err != nil {
			t.Errorf("%s: %v", ends.name, err)
		}
		e, ok := errors.AsType[*websocket.ClosedError](await(t, closed))
		if !ok || e.Sent == nil || e.Sent.Code != ends.code {
			t.Errorf("%s: Closed was told %v", ends.name, e)
		}
		s.ended()
	}

	// After Shutdown a request is refused.
	s := c.request(false, sample())
	if status, h := s.answer(); status != http.StatusServiceUnavailable {
		t.Errorf("after Shutdown: %d, %v", status, h)
	}
	s.ended()
}
