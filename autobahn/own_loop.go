package autobahn

import (
	"cmp"
	"context"
	"net"
	"sync"

	"github.com/hawser-ws/websocket"
)

// serveOwnLoop serves connections with our own Loop, and returns a function that ends them.
func serveOwnLoop(l net.Listener, opts *websocket.AcceptOptions) (end func()) {
	loop := &websocket.Loop{
		Open: func(context.Context, *websocket.Conn) (websocket.Receiver, error) {
			return websocket.ReceiverFunc(echoOne), nil
		},
		AcceptOptions: *opts,
	}
	loop.Limits.Message = cmp.Or(loop.Limits.Message, MessageLimit)
	loop.OnError = func(*websocket.HandlerError) {} // how it ends is judged on the wire
	var serving sync.WaitGroup
	serving.Go(func() { _ = loop.Serve(l) })
	return func() {
		at, stop := context.WithCancel(context.Background())
		stop() // nobody plays any more
		_ = loop.Shutdown(at)
		serving.Wait()
	}
}

func echoOne(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
	return c.Write(ctx, m.Type, m.Data)
}
