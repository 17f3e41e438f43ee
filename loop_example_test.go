package websocket_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/wstest"
)

// An echo server whose connections have no goroutines.
func ExampleLoop() {
	loop := &websocket.Loop{
		Open: func(ctx context.Context, c *websocket.Conn) (websocket.Receiver, error) {
			return websocket.ReceiverFunc(func(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
				return c.Write(ctx, m.Type, m.Data)
			}), nil
		},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- loop.Serve(listener) }()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, "ws://"+listener.Addr().String(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	fmt.Println(string(p), err)

	// The client has to read, or Shutdown waits for its Close frame.
	c.CloseRead(ctx)
	fmt.Println(loop.Shutdown(ctx))
	fmt.Println(<-served)
	// Output:
	// ahoy <nil>
	// <nil>
	// http: Server closed
}

// counter is what the server knows of a connection, and the Receiver of its messages. Its
// calls never overlap, so it needs no lock.
type counter struct {
	room string
	n    int
}

func (r *counter) Receive(ctx context.Context, c *websocket.Conn, _ websocket.Message) error {
	r.n++
	return c.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "%d in %s", r.n, r.room))
}

// A handler that looks at the request, accepts it, and adds the connection to a loop.
func ExampleLoop_Add() {
	closed := make(chan string, 1)
	loop := &websocket.Loop{
		Closed: func(c *websocket.Conn, r websocket.Receiver, err error) {
			closed <- fmt.Sprint(r.(*counter).n, " messages came from ", r.(*counter).room)
		},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /rooms/{room}", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // the client has its answer
		}
		if err := loop.Add(c, &counter{room: r.PathValue("room")}); err != nil {
			log.Print(err)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer loop.Shutdown(context.Background())

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL+"/rooms/harbour", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	for range 2 {
		if err := c.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
			log.Fatal(err)
		}
		_, p, err := c.Read(ctx)
		fmt.Println(string(p), err)
	}
	fmt.Println(c.Close(websocket.StatusNormalClosure, ""))
	fmt.Println(<-closed)
	// Output:
	// 1 in harbour <nil>
	// 2 in harbour <nil>
	// <nil>
	// 2 messages came from harbour
}

// Without net/http, Prepare sees each request before it is answered.
func ExampleLoop_prepare() {
	loop := &websocket.Loop{Prepare: func(r *handshake.Request) (websocket.OpenFunc, error) {
		room, ok := strings.CutPrefix(r.Target, "/rooms/")
		if !ok {
			return nil, &websocket.Refusal{Status: http.StatusNotFound, Reason: "no such room"}
		}
		room = strings.Clone(room) // the request's strings are valid during this call
		return func(context.Context, *websocket.Conn) (websocket.Receiver, error) {
			return &counter{room: room}, nil
		}, nil
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go loop.Serve(listener)
	defer loop.Shutdown(context.Background())

	ctx := context.Background()
	address := "ws://" + listener.Addr().String()
	_, resp, _ := websocket.Dial(ctx, address+"/elsewhere", nil)
	fmt.Println(resp.StatusCode)
	c, _, err := websocket.Dial(ctx, address+"/rooms/harbour", nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	fmt.Println(string(p), err)
	fmt.Println(c.Close(websocket.StatusNormalClosure, ""))
	// Output:
	// 404
	// 1 in harbour <nil>
	// <nil>
}

// A Receiver is tested without a network, and with time that passes at once.
func TestReceiverInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loop := new(websocket.Loop)
		server, client := wstest.Pipe(nil)
		if err := loop.Add(server, &counter{room: "memory"}); err != nil {
			t.Fatal(err)
		}
		if err := client.Write(t.Context(), websocket.MessageText, []byte("ahoy")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := client.Read(t.Context()); string(p) != "1 in memory" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
		client.CloseRead(t.Context())
		if err := loop.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
