package closing_test

import (
	"context"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A ping that came before the peer's Close frame is answered, also while the pong of
// another is on its way (RFC 6455 §5.5.2).
func TestPongsBeforeClose(t *testing.T) {
	for range 300 {
		c, p := wsplay.Pipe(t, websocket.RoleServer, nil, 0)
		p.Send(wsplay.Frame(wsplay.OpPing, "one"), wsplay.Frame(wsplay.OpPing, "two"), wsplay.Frame(wsplay.OpPing, "three"), wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
		_, _, _ = c.Read(context.Background())
		p.Want("before the Close frame", wsplay.OpPong, "one")
		p.Want("before the Close frame", wsplay.OpPong, "two")
		p.Want("before the Close frame", wsplay.OpPong, "three")
		_ = p.Close()
		_ = c.CloseNow()
		if t.Failed() {
			return
		}
	}
}
