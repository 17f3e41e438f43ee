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
		c, p := facing(t, role, nil, 0)
		if err := c.BeginClose(patience(t), 4001, "bye"); err != nil {
			t.Fatal(err)
		}
		p.wantFarewell("our Close frame", 4001)
		if err := c.Write(patience(t), websocket.MessageText, nil); !errors.As(err, new(*websocket.ClosedError)) {
			t.Errorf("a write after the Close frame: %v", err)
		}
		p.send(whole(opText, "one"), whole(opText, "two"), farewell(4001, ""))
		wantRead(t, c, "one")
		wantRead(t, c, "two")
		_, _, err := c.Read(patience(t))
		wantEnding(t, "the read after them", err, 4001, 4001, websocket.SideLocal, nil)
		p.halfClose()
		if err := c.BeginClose(patience(t), 4002, ""); !errors.As(err, new(*websocket.ClosedError)) {
			t.Errorf("a second BeginClose: %v", err)
		}
	})
}

// Close after BeginClose sees the end that BeginClose began.
func TestCloseAfterBeginClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		if err := c.BeginClose(patience(t), websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		done := background(func() error { return c.Close(websocket.StatusGoingAway, "not said any more") })
		p.wantFarewell("our Close frame", websocket.StatusNormalClosure)
		pending(t, "Close before the peer's Close frame", done)
		p.send(farewell(websocket.StatusNormalClosure, ""))
		p.halfClose()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestBeginCloseIsBounded(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		if err := c.BeginClose(patience(t), websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		p.wantFarewell("our Close frame", websocket.StatusNormalClosure)
		_, _, err := c.Read(context.Background()) // the peer says nothing
		wantIs(t, "a read that nobody answers", err, websocket.ErrCloseTimeout)
	})
}

// BeginClose waits to be sent when the peer's Close frame comes: it answers that, and
// says that the connection was ending.
func TestBeginCloseAnswers(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := stalled(t, role, nil)
		w := startWrite(t, c, "stuck")
		begun := background(func() error { return c.BeginClose(patience(t), 4001, "") })
		pending(t, "BeginClose", begun)
		p.send(farewell(4002, ""))
		read := background(func() error { _, _, err := c.Read(patience(t)); return err })
		pending(t, "Read", read)
		p.want("what was there before", opText, filling(role))
		p.want("the write", opText, "stuck")
		p.wantFarewell("our Close frame", 4001)
		p.halfClose()
		if err := <-w.done; err != nil {
			t.Error(err)
		}
		wantEnding(t, "BeginClose", <-begun, 4001, 4002, websocket.SideRemote, nil)
		wantEnding(t, "Read", <-read, 4001, 4002, websocket.SideRemote, nil)
	})
}

// BeginClose that is given up while it waits for another write has not happened.
func TestBeginCloseGivenUp(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := stalled(t, role, nil)
		w := startWrite(t, c, "stuck")
		ctx, cancel := context.WithCancel(context.Background())
		begun := background(func() error { return c.BeginClose(ctx, 4001, "") })
		pending(t, "BeginClose", begun)
		cancel()
		wantIs(t, "BeginClose", <-begun, context.Canceled)
		p.want("what was there before", opText, filling(role))
		p.want("the write", opText, "stuck")
		if err := <-w.done; err != nil {
			t.Error(err)
		}
		if err := c.Write(patience(t), websocket.MessageText, []byte("later")); err != nil {
			t.Error(err)
		}
		p.want("a later write", opText, "later")
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
