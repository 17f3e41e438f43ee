package transport

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

func serve(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http", "ws", 1)
}

func echo(ctx context.Context, c *websocket.Conn) error {
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, msg.Type, msg.Data); err != nil {
			return err
		}
	}
	return nil
}

// RFC 7118 §4.1: "sip" is in the request and in the response, or there is no
// connection.
func TestSubprotocol(t *testing.T) {
	sip := RequireSubprotocol(websocket.Handler(echo, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}}))

	t.Run("both", func(t *testing.T) {
		c, err := Dial(t.Context(), serve(t, sip), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		if c.Subprotocol() != "sip" {
			t.Errorf("subprotocol %q", c.Subprotocol())
		}
	})
	t.Run("client without", func(t *testing.T) {
		for _, offer := range [][]string{nil, {"msrp"}, {"SIP"}} {
			_, resp, err := websocket.Dial(t.Context(), serve(t, sip), &websocket.DialOptions{Subprotocols: offer})
			if err == nil || resp == nil || resp.StatusCode != http.StatusBadRequest {
				t.Errorf("offer %q: %v", offer, err)
			}
		}
	})
	t.Run("client with others", func(t *testing.T) {
		c, _, err := websocket.Dial(t.Context(), serve(t, sip), &websocket.DialOptions{Subprotocols: []string{"msrp", "sip"}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		if c.Subprotocol() != "sip" {
			t.Errorf("subprotocol %q", c.Subprotocol())
		}
	})
	t.Run("server without", func(t *testing.T) {
		ended := make(chan error, 1)
		url := serve(t, websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
			_, _, err := c.Read(ctx)
			ended <- err
			return err
		}, nil))
		if _, err := Dial(t.Context(), url, nil); !errors.Is(err, ErrSubprotocol) {
			t.Errorf("error: %v", err)
		}
		if err := <-ended; websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("the server was left with %v", err)
		}
	})
	t.Run("no WebSocket", func(t *testing.T) {
		_, err := Dial(t.Context(), serve(t, http.NotFoundHandler()), nil)
		if err == nil || !strings.Contains(err.Error(), "404 Not Found") {
			t.Errorf("error: %v", err)
		}
	})
}

func TestMaxMessage(t *testing.T) {
	url := serve(t, websocket.Handler(echo, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}}))
	c, err := Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, make([]byte, MaxMessage+1)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); !errors.Is(err, websocket.ErrMessageTooBig) {
		t.Errorf("a message of %d bytes: %v", MaxMessage+1, err)
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{"ws://h/": "WS", "wss://h/": "WSS", "http://h/": "", "127.0.0.1:5066": ""} {
		if got, err := Network(in); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
}

func TestInvalidHost(t *testing.T) {
	a, b := InvalidHost(), InvalidHost()
	if a == b || !strings.HasSuffix(a, ".invalid") || strings.ToLower(a) != a {
		t.Errorf("%s and %s", a, b)
	}
}
