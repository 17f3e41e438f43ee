package wstest_test

import (
	"context"
	"fmt"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

func ExamplePipe() {
	ctx := context.Background()
	server, client := wstest.Pipe(nil)
	defer server.CloseNow()
	defer client.CloseNow()

	go echo(ctx, server) // the code under test

	if err := client.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
		fmt.Println(err)
	}
	_, reply, err := client.Read(ctx)
	fmt.Println(string(reply), err)
	fmt.Println(client.Close(websocket.StatusNormalClosure, ""))
	// Output:
	// ahoy <nil>
	// <nil>
}

// A Receiver without a network. The loop is a real one.
func ExamplePipe_receiver() {
	ctx := context.Background()
	closed := make(chan error, 1)
	loop := &websocket.Loop{
		Closed: func(_ *websocket.Conn, _ websocket.Receiver, err error) { closed <- err },
	}
	server, client := wstest.Pipe(nil)
	defer client.CloseNow()

	receiver := func(ctx context.Context, c *websocket.Conn, m websocket.Message) error { // the code under test
		return c.Write(ctx, m.Type, m.Data)
	}
	if err := loop.Add(server, websocket.ReceiverFunc(receiver)); err != nil {
		fmt.Println(err)
	}
	if err := client.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
		fmt.Println(err)
	}
	_, reply, err := client.Read(ctx)
	fmt.Println(string(reply), err)
	fmt.Println(client.Close(websocket.StatusNormalClosure, ""))
	fmt.Println(websocket.CloseStatus(<-closed))
	// Output:
	// ahoy <nil>
	// <nil>
	// StatusNormalClosure
}
