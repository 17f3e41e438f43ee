// Echo is the smallest useful server: it sends every message back.
//
// Run it and talk to it, from the root of the repository:
//
//	go run ./examples/echo
//	go run ./cmd/ws dial ws://127.0.0.1:8080/
//
// [websocket.Handler] does the opening and closing handshakes, and Messages reads until the
// peer leaves. Replies to messages that arrived together leave together, with one system call.
// A loop over Messages does that by itself.
package main

import (
	"context"
	"log"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket"
)

func main() {
	server := &http.Server{
		Addr:              "127.0.0.1:8080",
		Handler:           websocket.Handler(echo, nil),
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Printf("echo at ws://%s/", server.Addr)
	log.Fatal(server.ListenAndServe())
}

// echo serves one connection. Its result decides how the connection is closed: nil means 1000.
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
