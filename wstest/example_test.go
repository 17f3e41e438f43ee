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
