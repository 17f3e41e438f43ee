package closing_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// RFC 6455 §1.4: "After sending a control frame indicating the connection should be
// closed, a peer does not send any further data". What the other has sent before
// its own Close frame may still be read.
func TestBeginClose(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		if err := c.BeginClose(wsplay.Patience(t), 4001, "bye"); err != nil {
			t.Fatal(err)
		}
		p.WantClose("our Close frame", 4001)
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, nil); !errors.As(err, new(*websocket.ClosedError)) {
			t.Errorf("a write after the Close frame: %v", err)
		}
		p.Send(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpText, "two"), wsplay.CloseFrame(4001, ""))
		wsplay.WantRead(t, c, "one")
		wsplay.WantRead(t, c, "two")
		_, _, err := c.Read(wsplay.Patience(t))
		wsplay.WantEnding(t, "the read after them", err, 4001, 4001, websocket.SideLocal, nil)
		p.HalfClose()
		if err := c.BeginClose(wsplay.Patience(t), 4002, ""); !errors.As(err, new(*websocket.ClosedError)) {
			t.Errorf("a second BeginClose: %v", err)
		}
	})
}

// Close after BeginClose sees the end that BeginClose began.
func TestCloseAfterBeginClose(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		if err := c.BeginClose(wsplay.Patience(t), websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		done := wsplay.Go(func() error { return c.Close(websocket.StatusGoingAway, "not said any more") })
		p.WantClose("our Close frame", websocket.StatusNormalClosure)
		wsplay.Pending(t, "Close before the peer's Close frame", done)
		p.Send(wsplay.CloseFrame(websocket.StatusNormalClosure, ""))
		p.HalfClose()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestBeginCloseIsBounded(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		if err := c.BeginClose(wsplay.Patience(t), websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		p.WantClose("our Close frame", websocket.StatusNormalClosure)
		_, _, err := c.Read(context.Background()) // the peer says nothing
		wsplay.WantIs(t, "a read that nobody answers", err, websocket.ErrCloseTimeout)
	})
}

// BeginClose waits to be sent when the peer's Close frame comes: it answers that, and
// says that the connection was ending.
func TestBeginCloseAnswers(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Stalled(t, role, nil)
		w := wsplay.StartWrite(t, c, "stuck")
		begun := wsplay.Go(func() error { return c.BeginClose(wsplay.Patience(t), 4001, "") })
		wsplay.Pending(t, "BeginClose", begun)
		p.Send(wsplay.CloseFrame(4002, ""))
		read := wsplay.Go(func() error { _, _, err := c.Read(wsplay.Patience(t)); return err })
		wsplay.Pending(t, "Read", read)
		p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
		p.Want("the write", wsplay.OpText, "stuck")
		p.WantClose("our Close frame", 4001)
		p.HalfClose()
		if err := <-w.Done; err != nil {
			t.Error(err)
		}
		wsplay.WantEnding(t, "BeginClose", <-begun, 4001, 4002, websocket.SideRemote, nil)
		wsplay.WantEnding(t, "Read", <-read, 4001, 4002, websocket.SideRemote, nil)
	})
}

// BeginClose that is given up while it waits for another write has not happened.
func TestBeginCloseGivenUp(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Stalled(t, role, nil)
		w := wsplay.StartWrite(t, c, "stuck")
		ctx, cancel := context.WithCancel(context.Background())
		begun := wsplay.Go(func() error { return c.BeginClose(ctx, 4001, "") })
		wsplay.Pending(t, "BeginClose", begun)
		cancel()
		wsplay.WantIs(t, "BeginClose", <-begun, context.Canceled)
		p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
		p.Want("the write", wsplay.OpText, "stuck")
		if err := <-w.Done; err != nil {
			t.Error(err)
		}
		if err := c.Write(wsplay.Patience(t), websocket.MessageText, []byte("later")); err != nil {
			t.Error(err)
		}
		p.Want("a later write", wsplay.OpText, "later")
	})
}

// BeginClose that is given up when its frame is next has cost the connection.
func TestBeginCloseGivenUpLate(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := wsplay.Stalled(t, role, nil)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := c.BeginClose(ctx, 4001, "")
		wsplay.WantEnding(t, "BeginClose", err, 0, 0, websocket.SideLocal, context.DeadlineExceeded)
	})
}

// Closed is called before Close returns: a program may end right after that.
func TestTraceClosedComesBeforeCloseReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		trace := &websocket.Trace{Closed: func(*websocket.Conn, *websocket.ClosedError) { told++ }}
		server, client := wstest.Pipe(&wstest.Options{Server: &websocket.ConnOptions{Trace: trace}})
		done := wsplay.Go(func() error { return server.Close(websocket.StatusNormalClosure, "") })
		_, _, _ = client.Read(wsplay.Patience(t))
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
