package websocket_test

import (
	"context"
	"net"
	"testing"

	"github.com/hawser-ws/websocket"
)

func TestLoopEchoes(t *testing.T) {
	var closed = make(chan error, 1)
	loop := &websocket.Loop{
		Open: func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
			return websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
				return c.Write(ctx, m.Type, m.Data)
			}), nil
		},
		Closed: func(c *websocket.Conn, r websocket.Receiver, err error) { closed <- err },
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- loop.Serve(l) }()
	c, _, err := websocket.Dial(t.Context(), "ws://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		_, p, err := c.Read(t.Context())
		if err != nil || string(p) != "hello" {
			t.Fatalf("%q, %v", p, err)
		}
	}
	go func() { c.Read(t.Context()) }()
	if err := loop.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Log(<-served, <-closed)
}
