package websocket_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
)

// slowScene is a hub of one connection whose peer reads nothing, half of a message on
// the wire, and of 99 whose peers read.
type slowScene struct {
	hub   hub.Hub
	slow  *websocket.Conn
	peer  *peer
	quick []*peer
	told  []string // by OnSlow
}

// half is a message of which not all fits into the stream.
var half = strings.Repeat("half", stall)

const slowQueue = 3

func newSlowScene(t *testing.T, role websocket.Role, policy hub.SlowPolicy, opts *websocket.ConnOptions) *slowScene {
	s := &slowScene{}
	s.hub.Queue, s.hub.Slow = slowQueue, policy
	s.slow, s.peer = facing(t, role, opts, stall)
	s.hub.OnSlow = func(c *websocket.Conn, m *websocket.PreparedMessage) {
		if c != s.slow || m.Type() != websocket.MessageText {
			t.Errorf("OnSlow was called with %v", c)
		}
		s.told = append(s.told, fmt.Sprint(s.hub.Len())) // any method may be called
	}
	s.hub.Add(s.slow)
	for range 99 {
		c, p := facing(t, role, nil, 0)
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
		p.want("at once", opText, text)
	}
	if d := time.Since(began); d > 0 {
		t.Errorf("it took %v", d)
	}
}

func TestHubDropsOldest(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropOldest, nil)
		for i := range 10 {
			s.tell(t, fmt.Sprint(i))
		}
		if n := s.hub.Dropped(); n != 7 || len(s.told) != 7 {
			t.Errorf("%d were dropped, OnSlow was told of %d; want 7", n, len(s.told))
		}
		s.peer.want("what was half sent", opText, half)
		for i := 7; i < 10; i++ {
			s.peer.want("the latest", opText, fmt.Sprint(i))
		}
		s.tell(t, "on it goes")
		s.peer.want("after that", opText, "on it goes")
	})
}

func TestHubDropsNewest(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropNewest, nil)
		for i := range 10 {
			s.tell(t, fmt.Sprint(i))
		}
		if n := s.hub.Dropped(); n != 7 || len(s.told) != 7 {
			t.Errorf("%d were dropped, OnSlow was told of %d; want 7", n, len(s.told))
		}
		s.peer.want("what was half sent", opText, half)
		for i := range 3 {
			s.peer.want("the first", opText, fmt.Sprint(i))
		}
		s.tell(t, "on it goes")
		s.peer.want("after that", opText, "on it goes")
	})
}

// The Close frame comes behind the frame that is half sent; what waited is dropped.
func TestHubClosesSlow(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.CloseSlow, nil)
		for i := range 10 {
			s.tell(t, fmt.Sprint(i))
		}
		if n := s.hub.Dropped(); n != slowQueue+1 || len(s.told) != 1 || s.told[0] != "99" {
			t.Errorf("%d were dropped, OnSlow was told %v", n, s.told)
		}
		s.peer.want("what was half sent", opText, half)
		s.peer.wantFarewell("in time", websocket.StatusTryAgainLater)
		s.peer.send(farewell(websocket.StatusTryAgainLater, ""))
		_ = s.peer.Close()
		_, _, err := s.slow.Read(patience(t))
		if e := wantClosed(t, err); e.Sent == nil || e.Sent.Code != websocket.StatusTryAgainLater {
			t.Errorf("Read: %v", err)
		}
	})
}

// Closing a connection whose peer takes nothing any more is bounded.
func TestHubCloseSlowIsBounded(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.CloseSlow, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Close: 3 * time.Second}})
		for i := range 10 {
			s.tell(t, fmt.Sprint(i))
		}
		within(t, "the end", 3*time.Second, func() {
			_, _, err := s.slow.Read(patience(t))
			wantIs(t, "Read", err, websocket.ErrCloseTimeout)
		})
	})
}

// Timeouts.Write bounds what a peer may take for what was broadcast.
func TestHubWriteTimeout(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropOldest, &websocket.ConnOptions{Timeouts: websocket.Timeouts{Write: 7 * time.Second}})
		within(t, "the end", 7*time.Second, func() {
			_, _, err := s.slow.Read(patience(t))
			wantIs(t, "Read", err, websocket.ErrWriteTimeout)
		})
		synctest.Wait()
		if s.hub.Len() != 99 {
			t.Errorf("%d are left", s.hub.Len())
		}
	})
}

// Remove drops what waits, but not what is half sent, and the connection goes on.
func TestHubRemoveDuringDrain(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropOldest, nil)
		s.tell(t, "waits")
		s.hub.Remove(s.slow)
		s.tell(t, "not in it any more")
		s.peer.want("what was half sent", opText, half)
		s.peer.wantNothing("the rest was dropped")
		if err := s.slow.Write(patience(t), websocket.MessageText, []byte("alive")); err != nil {
			t.Fatal(err)
		}
		s.peer.want("the connection goes on", opText, "alive")
		s.hub.Add(s.slow)
		s.tell(t, "back")
		s.peer.want("in it again", opText, "back")
		if s.hub.Dropped() != 0 {
			t.Errorf("%d are counted as dropped", s.hub.Dropped())
		}
	})
}

// A connection that ends while messages wait for it takes them along.
func TestHubEndDuringDrain(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		s := newSlowScene(t, role, hub.DropOldest, nil)
		s.tell(t, "waits")
		_ = s.slow.CloseNow()
		synctest.Wait()
		if s.hub.Len() != 99 {
			t.Errorf("%d are left", s.hub.Len())
		}
	})
}

// The queue's default, and a slow connection that goes on reading in the end: all that
// waits arrives.
func TestHubQueueDefault(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, stall)
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
		p.want("what was half sent", opText, half)
		for i := range 64 {
			p.want("what waited", opText, fmt.Sprint(i))
		}
		synctest.Wait()
		// What a write holds back leaves when the connection does.
		tell(t, &h, half)
		synctest.Wait()
		for i := range 10 {
			tell(t, &h, fmt.Sprint(i))
		}
		read := background(func() error { _, _, err := c.Read(context.Background()); return err })
		h.Remove(c)
		p.want("what was half sent", opText, half)
		p.wantNothing("the rest was dropped")
		p.send(whole(opText, ""))
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
