package servers

import (
	"context"
	"net"

	"github.com/hawser-ws/websocket"
)

// hawserUpgrade is ours without net/http: Upgrade on what Accept returned, and
// every message into the memory of the one before it.
type hawserUpgrade struct{ hawserLib }

func (hawserUpgrade) Echo(l net.Listener, s Settings) error {
	opts := hawserOptions(s)
	return serveConns(l, func(nc net.Conn) {
		c, err := websocket.Upgrade(nc, opts)
		if err != nil {
			return
		}
		defer c.CloseNow()
		var buf []byte
		for ctx := context.Background(); ; {
			var typ websocket.MessageType
			if typ, buf, err = c.ReadInto(ctx, buf[:0]); err != nil {
				return
			}
			if c.Write(ctx, typ, buf) != nil {
				return
			}
		}
	})
}
