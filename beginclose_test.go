package websocket_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

// RFC 6455 §1.4: "After sending a control frame indicating the connection should be
// closed, a peer does not send any further data". What the other has sent before
// its own Close frame may still be read.
func TestBeginClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, f := facing(t, role, nil, 0)
		if err := c.BeginClose(patience(t), 4001, "bye"); err != nil {
			t.Fatal(err)
		}
		f.wantFarewell("our Close frame", 4001)
		if err := c.Write(patience(t), websocket.MessageText, nil); !errors.As(err, new(*websocket.ClosedError)) {
			t.Errorf("a write after the Close frame: %v", err)
		}
		f.send(fin(farText, "one"), fin(farText, "two"), farewell(4001, ""))
		wantRead(t, c, "one")
		wantRead(t, c, "two")
		_, _, err := c.Read(patience(t))
		wantEnding(t, "the read after them", err, 4001, 4001, websocket.Us, nil)
		f.closeWrite()
		if err := c.BeginClose(patience(t), 4002, ""); !errors.As(err, new(*websocket.ClosedError)) {
			t.Errorf("a second BeginClose: %v", err)
		}
	})
}

// Close after BeginClose sees the end that BeginClose began.
func TestCloseAfterBeginClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, f := facing(t, role, nil, 0)
		if err := c.BeginClose(patience(t), websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		done := background(func() error { return c.Close(websocket.StatusGoingAway, "not said any more") })
		f.wantFarewell("our Close frame", websocket.StatusNormalClosure)
		pending(t, "Close before the peer's Close frame", done)
		f.send(farewell(websocket.StatusNormalClosure, ""))
		f.closeWrite()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestBeginCloseIsBounded(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, f := facing(t, role, nil, 0)
		if err := c.BeginClose(patience(t), websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		f.wantFarewell("our Close frame", websocket.StatusNormalClosure)
		_, _, err := c.Read(context.Background()) // the peer says nothing
		wantIs(t, "a read that nobody answers", err, websocket.ErrCloseTimeout)
	})
}

// Closed is called before Close returns: a program may end right after that.
func TestTraceClosedComesBeforeCloseReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		trace := &websocket.Trace{Closed: func(*websocket.Conn, *websocket.ClosedError) { told++ }}
		server, client := wstest.Pipe(&wstest.Options{Server: &websocket.ConnOptions{Trace: trace}})
		done := background(func() error { return server.Close(websocket.StatusNormalClosure, "") })
		_, _, _ = client.Read(patience(t))
		if err := <-done; err != nil || told != 1 {
			t.Errorf("told %d times when Close returned %v", told, err)
		}
		_ = client.CloseNow()
		synctest.Wait()
		if told != 1 {
			t.Errorf("told %d times in the end", told)
		}
	})
}
