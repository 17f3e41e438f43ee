package main

import (
	"context"
	"net/http"

	"github.com/hawser-ws/websocket"
)

// useLoop has the server's connections served by a loop. TLS runs over a listener of the loop's,
// so that these connections, too, need no goroutines.
func (e *echoServer) useLoop(at *door) {
	e.loop = &websocket.Loop{
		Open: func(context.Context, *websocket.Conn) (websocket.Receiver, error) {
			return websocket.ReceiverFunc(echoOne), nil
		},
	}
	at.beneath = e.loop.Listener
}

// toLoop accepts a connection with options of its own and gives it to the loop.
func (e *echoServer) toLoop(w http.ResponseWriter, r *http.Request, opts *websocket.AcceptOptions) {
	c, err := websocket.Accept(w, r, opts)
	if err != nil {
		e.log.Error("refused", "peer", r.RemoteAddr, "err", err)
		return
	}
	_ = e.loop.Add(c, websocket.ReceiverFunc(echoOne)) // it fails after Shutdown, and closes c then
}

// echoOne sends a message back. The loop sends replies to messages that arrived together together.
func echoOne(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
	return c.Write(ctx, m.Type, m.Data)
}
