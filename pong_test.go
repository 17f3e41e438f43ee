package websocket_test

import (
	"context"
	"testing"

	"github.com/hawser-ws/websocket"
)

// A ping that came before the peer's Close frame is answered, also while the pong of
// another is on its way (RFC 6455 §5.5.2).
func TestPongsBeforeClose(t *testing.T) {
	for range 300 {
		c, p := facing(t, websocket.RoleServer, nil, 0)
		p.send(whole(opPing, "one"), whole(opPing, "two"), whole(opPing, "three"), farewell(websocket.StatusNormalClosure, ""))
		_, _, _ = c.Read(context.Background())
		p.want("before the Close frame", opPong, "one")
		p.want("before the Close frame", opPong, "two")
		p.want("before the Close frame", opPong, "three")
		_ = p.Close()
		_ = c.CloseNow()
		if t.Failed() {
			return
		}
	}
}
