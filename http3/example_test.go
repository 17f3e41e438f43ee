package http3_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"

	quichttp3 "github.com/quic-go/quic-go/http3"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

// A server of quic-go, and a client.
func Example() {
	shout := func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, m.Type, append(m.Data, '!')); err != nil {
				return err
			}
		}
		return nil
	}
	certificate, trusting := identity() // in place of a real one
	mux := http.NewServeMux()
	mux.Handle("/shout", websocket.Handler(shout, nil))
	server := &quichttp3.Server{
		Handler:    http3.Handler(mux),
		TLSConfig:  &tls.Config{Certificates: []tls.Certificate{certificate}},
		QUICConfig: http3.QUICConfig(100),
	}
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer socket.Close()
	go server.Serve(socket)
	defer server.Close()

	ctx := context.Background()
	c, _, err := http3.Dial(ctx, "wss://"+socket.LocalAddr().String()+"/shout", &websocket.DialOptions{TLSConfig: trusting})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
		log.Fatal(err)
	}
	_, text, err := c.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", text)
	c.Close(websocket.StatusNormalClosure, "")
	// Output: ahoy!
}

// WebSockets that share a connection, and a server that may not have HTTP/3.
func ExamplePool() {
	pool := &http3.Pool{}
	defer pool.Close()
	dial := func(ctx context.Context, url string) (*websocket.Conn, error) {
		c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTP3: pool})
		if err != nil { // over TCP then
			c, _, err = websocket.Dial(ctx, url, nil)
		}
		return c, err
	}
	_, err := dial(context.Background(), "ws://127.0.0.1:1/") // not even TLS
	fmt.Println(err != nil)
	// Output: true
}
