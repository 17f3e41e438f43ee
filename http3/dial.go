package http3

import (
	"context"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket"
)

// Dial is [websocket.Dial] over a connection of HTTP/3 that ends with the WebSocket. To share
// connections, use a [Pool]. The options HTTPClient, DialContext, Proxy, ProxyHeader and HTTP2
// must be zero: the connection goes over UDP. opts may be nil.
//
// Errors are those of websocket.Dial; [ErrNoHTTP3] and [Error] may be in them.
func Dial(ctx context.Context, u string, opts *websocket.DialOptions) (*websocket.Conn, *http.Response, error) {
	var o websocket.DialOptions
	if opts != nil {
		o = *opts
	}
	if o.HTTP3 != nil {
		return websocket.Dial(ctx, u, &o)
	}
	pool := &Pool{MaxStreams: 1, IdleTimeout: farewell}
	o.HTTP3 = pool
	c, resp, err := websocket.Dial(ctx, u, &o)
	if err != nil {
		pool.Close()
	}
	return c, resp, err
}

// farewell is how long the connection of a Dial stays when the WebSocket has ended, for its last
// bytes to arrive.
const farewell = 250 * time.Millisecond
