// Chat is a chat server with rooms: who connects to /rooms/NAME talks to everybody
// else in there. A plain page to do so is at /.
//
//	go run ./examples/chat
//
// What to look at:
//
//   - A message is framed once, by [websocket.Prepare], and sent to everybody.
//   - A room is a [websocket.Hub]: it waits for nobody. A member that does not read
//     is closed with 1013, try again later, when its queue is full.
//   - A [websocket.Registry] closes the connections with 1001, going away, when the
//     server ends. http.Server.Shutdown does not know them.
//   - Keepalive finds members whose network is gone.
package main

import (
	"context"
	_ "embed"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/hawser-ws/websocket"
)

//go:embed page.html
var page []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	chat := newChat()
	server := &http.Server{Addr: "127.0.0.1:8080", Handler: chat.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		goodbye, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = chat.members.Shutdown(goodbye)
		_ = server.Close()
	}()

	log.Printf("chat at http://%s/", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

// chat is the server: the rooms, and everybody who is in one.
type chat struct {
	rooms   rooms
	members websocket.Registry
	options websocket.AcceptOptions
}

func newChat() *chat {
	c := &chat{}
	c.options = websocket.AcceptOptions{
		Registry:  &c.members,
		Limits:    websocket.Limits{Message: 4 << 10},
		KeepAlive: websocket.KeepAlive{Interval: 30 * time.Second, Timeout: 10 * time.Second},
	}
	return c
}

func (c *chat) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /rooms/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		websocket.Handler(func(ctx context.Context, conn *websocket.Conn) error {
			return c.rooms.serve(ctx, name, conn)
		}, &c.options).ServeHTTP(w, r)
	})
	return mux
}
