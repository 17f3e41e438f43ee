package websocket

import (
	"context"
	"net/http"
)

// reach connects to the server, or to the proxy that leads there.
func (d *dialing) reach(ctx context.Context, t *target, req *http.Request) (*link, error) {
	return d.dial(ctx, t.addr)
}
