package autobahn

import (
	"cmp"
	"net"
	"sync"

	"github.com/hawser-ws/websocket"
)

// serveOwnHTTP2 serves connections of HTTP/2 with our own server, and returns a function that ends
// them.
func serveOwnHTTP2(l net.Listener, opts *websocket.AcceptOptions) (end func()) {
	with := *opts
	with.Limits.Message = cmp.Or(with.Limits.Message, MessageLimit)
	with.OnError = func(*websocket.HandlerError) {} // how it ends is judged on the wire
	open := map[net.Conn]bool{}
	var mu sync.Mutex
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[nc] = true
			mu.Unlock()
			serving.Go(func() {
				_ = websocket.ServeHTTP2(nc, Echo, &with)
				mu.Lock()
				delete(open, nc)
				mu.Unlock()
			})
		}
	})
	return func() {
		l.Close()
		mu.Lock()
		for nc := range open {
			nc.Close()
		}
		mu.Unlock()
		serving.Wait()
	}
}
