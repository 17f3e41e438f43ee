package servers

import (
	"context"
	"net"

	"github.com/hawser-ws/websocket"
)

// hawserUpgrade is ours without net/http: Upgrade on the accepted connection.
type hawserUpgrade struct{ hawserLib }

func (hawserUpgrade) Echo(l net.Listener, s Settings) error { return serveUpgraded(l, s, echoHawser) }

func serveUpgraded(l net.Listener, s Settings, serve websocket.ServeFunc) error {
	opts := hawserOptions(s)
	return serveConns(l, func(nc net.Conn) {
		c, err := websocket.Upgrade(nc, opts)
		if err != nil {
			return
		}
		defer c.CloseNow()
		_ = serve(context.Background(), c)
	})
}
