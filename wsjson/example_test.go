package wsjson_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hawser-ws/websocket/wsjson"
	"github.com/hawser-ws/websocket/wstest"
)

func Example() {
	ctx := context.Background()
	server, client := wstest.Pipe(nil) // stands for websocket.Accept and websocket.Dial
	defer server.CloseNow()
	defer client.CloseNow()

	type position struct{ Lat, Lon float64 }
	if err := wsjson.Write(ctx, client, position{54.18, 7.89}); err != nil {
		log.Fatal(err)
	}
	var p position
	if err := wsjson.Read(ctx, server, &p); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Lat, p.Lon)
	// Output: 54.18 7.89
}
