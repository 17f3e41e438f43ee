package connect_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

func echo(ctx context.Context, c *websocket.Conn) error {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}

func TestHandler(t *testing.T) {
	c := connect(t, serve(t, websocket.Handler(echo, nil)))
	ctx := t.Context()
	ws, s := c.open()
	for _, n := range []int{0, 1, 100, 300, 5000, 200_000} {
		text := strings.Repeat("x", n)
		if err := ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := ws.Read(ctx); string(got) != text || err != nil {
			t.Fatalf("%d bytes, want %d, %v", len(got), n, err)
		}
	}
	if err := ws.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Error(err)
	}
	s.ended()
}

// What is refused is answered, and the connection lives.
func TestRefused(t *testing.T) {
	c := connect(t, serve(t, websocket.Handler(echo, &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}})))
	for _, row := range []struct {
		why     string
		status  int
		changes []string
	}{
		{"another protocol", 501, []string{":protocol", "connect-udp"}},
		{"version", 400, []string{"sec-websocket-version", "8"}},
		{"origin", 403, []string{"origin", "http://elsewhere.example"}},
		{"Host differs", 400, []string{"host", "other.example"}},
		{"dot segment", 400, []string{":path", "/a/../b"}},
		{"GET", 505, []string{":method", "GET", ":protocol", ""}},
	} {
		s := c.request(false, sample(row.changes...))
		if status, _ := s.answer(); status != row.status {
			t.Errorf("%s: %d, want %d", row.why, status, row.status)
		}
	}
	if status, _ := c.request(true, sample()).answer(); status != http.StatusBadRequest {
		t.Errorf("END_STREAM: %d", status)
	}
	ws, s := c.open()
	_ = ws.Close(websocket.StatusNormalClosure, "")
	s.ended()
}
