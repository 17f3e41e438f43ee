package hub_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// slowScene is a hub of one connection whose peer reads nothing, half of a message on
// the wire, and of 99 whose peers read.
type slowScene struct {
	hub   hub.Hub
	slow  *websocket.Conn
	peer  *wsplay.Peer
	quick []*wsplay.Peer
	told  []string // by OnSlow
}

// half is a message of which not all fits into the stream.
var half = strings.Repeat("half", wsplay.Stall)

const slowQueue = 3

func newSlowScene(t *testing.T, role websocket.Role, policy hub.SlowPolicy, opts *websocket.ConnOptions) *slowScene {
	s := &slowScene{}
	s.hub.Queue, s.hub.Slow = slowQueue, policy
	s.slow, s.peer = wsplay.Pipe(t, role, opts, wsplay.Stall)
	s.hub.OnSlow = func(c *websocket.Conn, m *websocket.PreparedMessage) {
		if c != s.slow || m.Type() != websocket.MessageText {
			t.Errorf("OnSlow was called with %v", c)
		}
		s.told = append(s.told, fmt.Sprint(s.hub.Len())) // any method may be called
	}
	s.hub.Add(s.slow)
	for range 99 {
		c, p := wsplay.Pipe(t, role, nil, 0)
		s.hub.Add(c)
		s.quick = append(s.quick, p)
	}
	s.tell(t, half)
	synctest.Wait()
	return s
}

// tell broadcasts, and has the quick ones hear it before any time has passed.
func (s *slowScene) tell(t *testing.T, text string) {
	t.Helper()
	began := time.Now()
	tell(t, &s.hub, text)
	for _, p := range s.quick {
		p.Want("at once", wsplay.OpText, text)
	}
	if d := time.Since(began); d > 0 {
		t.Errorf("it took %v", d)
	}
}

func TestHubDropsOldest(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropOldest, nil)
		for i := range 10 {
			s.tell(t, fmt.Sprint(i))
		}
		if n := s.hub.Dropped(); n != 7 || len(s.told) != 7 {
			t.Errorf("%d were dropped, OnSlow was told of %d; want 7", n, len(s.told))
		}
		s.peer.Want("what was half sent", wsplay.OpText, half)
		for i := 7; i < 10; i++ {
			s.peer.Want("the latest", wsplay.OpText, fmt.Sprint(i))
		}
		s.tell(t, "on it goes")
		s.peer.Want("after that", wsplay.OpText, "on it goes")
	})
}

func TestHubDropsNewest(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropNewest, nil)
		for i := range 10 {
			s.tell(t, fmt.Sprint(i))
		}
		if n := s.hub.Dropped(); n != 7 || len(s.told) != 7 {
			t.Errorf("%d were dropped, OnSlow was told of %d; want 7", n, len(s.told))
		}
		s.peer.Want("what was half sent", wsplay.OpText, half)
		for i := range 3 {
			s.peer.Want("the first", wsplay.OpText, fmt.Sprint(i))
		}
		s.tell(t, "on it goes")
		s.peer.Want("after that", wsplay.OpText, "on it goes")
	})
}

// The Close frame comes behind the frame that is half sent; what waited is dropped.
func TestHubClosesSlow(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.CloseSlow, nil)
		for i := range 10 {
			s.tell(t, fmt.Sprint(i))
		}
		if n := s.hub.Dropped(); n != slowQueue+1 || len(s.told) != 1 || s.told[0] != "99" {
			t.Errorf("%d were dropped, OnSlow was told %v", n, s.told)
		}
		s.peer.Want("what was half sent", wsplay.OpText, half)
		s.peer.WantClose("in time", websocket.StatusTryAgainLater)
		s.peer.Send(wsplay.CloseFrame(websocket.StatusTryAgainLater, ""))
		_ = s.peer.Close()
		_, _, err := s.slow.Read(wsplay.Patience(t))
		if e := wsplay.WantClosed(t, err); e.Sent == nil || e.Sent.Code != websocket.StatusTryAgainLater {
			t.Errorf("Read: %v", err)
		}
	})
}

// Closing a connection whose peer takes nothing any more is bounded.
func TestHubCloseSlowIsBounded(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.CloseSlow, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: 3 * time.Second}})
		for i := range 10 {
			s.tell(t, fmt.Sprint(i))
		}
		wsplay.Within(t, "the end", 3*time.Second, func() {
			_, _, err := s.slow.Read(wsplay.Patience(t))
			wsplay.WantIs(t, "Read", err, websocket.ErrCloseTimeout)
		})
	})
}

// Timeouts.Write bounds what a peer may take for what was broadcast.
func TestHubWriteTimeout(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropOldest, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: 7 * time.Second}})
		wsplay.Within(t, "the end", 7*time.Second, func() {
			_, _, err := s.slow.Read(wsplay.Patience(t))
			wsplay.WantIs(t, "Read", err, websocket.ErrWriteTimeout)
		})
		synctest.Wait()
		if s.hub.Len() != 99 {
			t.Errorf("%d are left", s.hub.Len())
		}
	})
}

// Remove drops what waits, but not what is half sent, and the connection goes on.
func TestHubRemoveDuringDrain(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropOldest, nil)
		s.tell(t, "waits")
		s.hub.Remove(s.slow)
		s.tell(t, "not in it any more")
		s.peer.Want("what was half sent", wsplay.OpText, half)
		s.peer.WantNothing("the rest was dropped")
		if err := s.slow.Write(wsplay.Patience(t), websocket.MessageText, []byte("alive")); err != nil {
			t.Fatal(err)
		}
		s.peer.Want("the connection goes on", wsplay.OpText, "alive")
		s.hub.Add(s.slow)
		s.tell(t, "back")
		s.peer.Want("in it again", wsplay.OpText, "back")
		if s.hub.Dropped() != 0 {
			t.Errorf("%d are counted as dropped", s.hub.Dropped())
		}
	})
}

// A connection that ends while messages wait for it takes them along.
func TestHubEndDuringDrain(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropOldest, nil)
		s.tell(t, "waits")
		_ = s.slow.CloseNow()
		synctest.Wait()
		if s.hub.Len() != 99 {
			t.Errorf("%d are left", s.hub.Len())
		}
	})
}

// A connection that is closing leaves with the next broadcast also if messages wait for
// it. It does not count as slow.
func TestHubClosingDuringDrain(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropOldest, nil)
		s.tell(t, "waits")
		s.peer.Send(wsplay.CloseFrame(websocket.StatusGoingAway, ""))
		read := wsplay.Go(func() error { _, _, err := s.slow.Read(wsplay.Patience(t)); return err })
		synctest.Wait()
		if n := s.hub.Len(); n != 100 {
			t.Errorf("%d are in the hub", n)
		}
		for range 2 * slowQueue {
			s.tell(t, "too late")
		}
		if n := s.hub.Len(); n != 99 || s.hub.Dropped() != 0 || len(s.told) != 0 {
			t.Errorf("%d are left, %d messages were dropped, OnSlow was told of %d", n, s.hub.Dropped(), len(s.told))
		}
		s.peer.Want("what was half sent", wsplay.OpText, half)
		s.peer.WantReply(websocket.StatusGoingAway)
		_ = s.peer.Close()
		wsplay.WantClosed(t, <-read)
	})
}

// The queue's default, and a slow connection that goes on reading in the end: all that
// waits arrives.
func TestHubQueueDefault(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, wsplay.Stall)
		h := hub.Hub{Slow: hub.DropNewest}
		h.Add(c)
		tell(t, &h, half)
		synctest.Wait()
		for i := range 70 {
			tell(t, &h, fmt.Sprint(i))
		}
		if h.Dropped() != 6 {
			t.Errorf("%d were dropped, want 6", h.Dropped())
		}
		p.Want("what was half sent", wsplay.OpText, half)
		for i := range 64 {
			p.Want("what waited", wsplay.OpText, fmt.Sprint(i))
		}
		synctest.Wait()
		// What a write holds back leaves when the connection does.
		tell(t, &h, half)
		synctest.Wait()
		for i := range 10 {
			tell(t, &h, fmt.Sprint(i))
		}
		read := wsplay.Go(func() error { _, _, err := c.Read(context.Background()); return err })
		h.Remove(c)
		p.Want("what was half sent", wsplay.OpText, half)
		p.WantNothing("the rest was dropped")
		p.Send(wsplay.Frame(wsplay.OpText, ""))
		if err := <-read; err != nil {
			t.Error(err)
		}
	})
}

func TestSlowPolicyString(t *testing.T) {
	for p, want := range map[hub.SlowPolicy]string{
		hub.CloseSlow: "CloseSlow", hub.DropOldest: "DropOldest", hub.DropNewest: "DropNewest",
	} {
		if p.String() != want {
			t.Errorf("%q, want %q", p, want)
		}
	}
}
