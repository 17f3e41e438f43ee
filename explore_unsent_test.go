package websocket_test

import (
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

// A Close frame that never went out whole was not sent, and nothing was clean: the
// peer has sent its own and reads nothing.
func TestCloseFrameThatWaits(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, closeSoon, 1)
		go p.send(farewell(1000, ""))
		read := background(func() error { _, _, err := c.Read(patience(t)); return err })
		time.Sleep(closeTimeout)
		<-read
		err := c.Close(websocket.StatusNormalClosure, "")
		wantEnding(t, "Close", err, 0, 1000, websocket.SideRemote, websocket.ErrCloseTimeout)
		sticks(t, c, websocket.ErrCloseTimeout)
	})
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := facing(t, role, closeSoon, 1)
		err := c.Close(websocket.StatusNormalClosure, "")
		wantEnding(t, "Close", err, 0, 0, websocket.SideLocal, websocket.ErrCloseTimeout)
	})
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := facing(t, role, closeSoon, 1)
		closed := background(func() error { return c.Close(websocket.StatusNormalClosure, "") })
		pending(t, "Close", closed)
		c.CloseNow()
		wantEnding(t, "Close", <-closed, 0, 0, websocket.SideLocal, nil)
	})
}
