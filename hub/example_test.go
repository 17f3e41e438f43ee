package hub_test

import (
	"context"
	"fmt"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/wstest"
)

// To all who listen, whether or not each of them does at the moment.
func ExampleHub() {
	all := hub.Hub{Queue: 16, Slow: hub.DropOldest}
	var clients []*websocket.Conn
	for range 3 {
		server, client := wstest.Pipe(nil)
		defer server.CloseNow()
		defer client.CloseNow()
		all.Add(server)
		clients = append(clients, client)
	}
	if err := all.Broadcast(websocket.Prepare(websocket.MessageText, []byte("news"))); err != nil {
		fmt.Println(err)
	}
	for _, client := range clients {
		_, p, err := client.Read(context.Background())
		fmt.Println(string(p), err)
	}
	// Output:
	// news <nil>
	// news <nil>
	// news <nil>
}
