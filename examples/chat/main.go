// Chat is a chat server with rooms: everybody connected to /rooms/NAME talks to everybody else
// in that room. The page at / is a client; #NAME after its address selects the room.
//
//	go run ./examples/chat
//	go run ./examples/chat -loop
//
// Members that are connected and say nothing cost a goroutine each, or with -loop less than 1 KB and
// no goroutine. The rooms are the same: see loop.go.
//
// What to look at:
//
//   - [websocket.RequestHandler] gets the name of the room from the request.
//   - [websocket.Prepare] frames a message once for all members of a room.
//   - A room is a Hub of package hub, which waits for nobody. If a member does not read and its queue
//     fills up, the hub closes it with 1013 (try again later).
//   - A [websocket.Registry] closes the connections with 1001 (going away) when the server ends, by
//     Ctrl-C or SIGTERM. http.Server.Shutdown does not know them.
//   - Keepalive detects members whose network is gone.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hawser-ws/websocket"
)

//go:embed page.html
var page []byte

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen at; port 0 takes a free one")
	onLoop := flag.Bool("loop", false, "serve members without goroutines of their own, by a websocket.Loop")
	flag.Parse()

	// Containers and service managers send SIGTERM. A second signal ends the program at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)

	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("chat at http://%s/", l.Addr())
	c := newChat()
	if *onLoop {
		c.useLoop()
	}
	if err := c.serve(ctx, l); err != nil {
		log.Fatal(err)
	}
}

// chat is the server: its rooms and its connections.
type chat struct {
	rooms   rooms
	members websocket.Registry
	options websocket.AcceptOptions
	loop    *websocket.Loop // nil: every member has a goroutine
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

// serve serves until ctx ends and all connections are closed.
func (c *chat) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: c.routes(), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() {
		goodbye, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = c.shutdown(goodbye)
		_ = server.Close()
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (c *chat) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	if c.loop != nil {
		mux.HandleFunc("GET /rooms/{name}", c.enterLoop)
	} else {
		mux.Handle("GET /rooms/{name}", websocket.RequestHandler(c.enter, &c.options))
	}
	return mux
}

// shutdown closes all members with 1001, and refuses new ones.
func (c *chat) shutdown(ctx context.Context) error {
	if c.loop != nil {
		return c.loop.Shutdown(ctx)
	}
	return c.members.Shutdown(ctx)
}

// enter reads from the request what the connection needs, because the connection outlives it.
func (c *chat) enter(r *http.Request) (websocket.ServeFunc, error) {
	name := r.PathValue("name")
	return func(ctx context.Context, conn *websocket.Conn) error {
		return c.rooms.serve(ctx, name, conn)
	}, nil
}
