package explore_test

import (
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A Close frame that never went out whole was not sent, and nothing was clean: the
// peer has sent its own and reads nothing.
func TestCloseFrameThatWaits(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, wsplay.CloseSoon, 1)
		go p.Send(wsplay.CloseFrame(1000, ""))
		read := wsplay.Go(func() error { _, _, err := c.Read(wsplay.Patience(t)); return err })
		time.Sleep(wsplay.CloseTimeout)
		<-read
		err := c.Close(websocket.StatusNormalClosure, "")
		wsplay.WantEnding(t, "Close", err, 0, 1000, websocket.SideRemote, websocket.ErrCloseTimeout)
		wsplay.WantSticky(t, c, websocket.ErrCloseTimeout)
	})
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := wsplay.Pipe(t, role, wsplay.CloseSoon, 1)
		err := c.Close(websocket.StatusNormalClosure, "")
		wsplay.WantEnding(t, "Close", err, 0, 0, websocket.SideLocal, websocket.ErrCloseTimeout)
	})
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := wsplay.Pipe(t, role, wsplay.CloseSoon, 1)
		closed := wsplay.Go(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		wsplay.Pending(t, "Close", closed)
		c.CloseNow()
		wsplay.WantEnding(t, "Close", <-closed, 0, 0, websocket.SideLocal, nil)
	})
}
