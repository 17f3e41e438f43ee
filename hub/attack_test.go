package hub_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/hub"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// A hub whose members do not read, go away, or make the application panic.
func TestAttackHub(t *testing.T) {
	for _, policy := range []hub.SlowPolicy{hub.CloseSlow, hub.DropOldest, hub.DropNewest} {
		t.Run("a member that never reads", func(t *testing.T) {
			wsplay.ForRoles(t, policy.String()+"/", func(t *testing.T, role websocket.Role) { neverReads(t, role, policy) })
		})
	}
	t.Run("a member that resets while messages wait for it", func(t *testing.T) {
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
			s := newSlowScene(t, role, hub.DropOldest, nil)
			s.tell(t, "waits")
			s.peer.Reset()
			synctest.Wait()
			if s.hub.Len() != 99 {
				t.Errorf("%d are left", s.hub.Len())
			}
			s.tell(t, "on it goes")
		})
	})
	t.Run("a member that sends a bad frame while messages wait for it", func(t *testing.T) {
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
			s := newSlowScene(t, role, hub.DropOldest, wsplay.CloseSoon)
			s.tell(t, "waits")
			go s.peer.Send(wsplay.Frame(3, ""))
			_, _, err := s.slow.Read(wsplay.Patience(t))
			if wsplay.WantClosed(t, err).Cause == nil {
				t.Error(err)
			}
			s.tell(t, "on it goes")
			time.Sleep(time.Minute)
			if s.hub.Len() != 99 {
				t.Errorf("%d are left", s.hub.Len())
			}
		})
	})
	t.Run("panic in user callback does not kill process, OnSlow", func(t *testing.T) {
		wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
			s := newSlowScene(t, role, hub.DropNewest, nil)
			s.hub.OnSlow = func(*websocket.Conn, *websocket.PreparedMessage) { panic("in OnSlow") }
			for i := range 2 * slowQueue {
				func() {
					defer func() { // it is the caller's, who can recover
						if p := recover(); (p != nil) != (i >= slowQueue) {
							t.Errorf("broadcast %d: recovered %v", i, p)
						}
					}()
					s.tell(t, "told")
				}()
				if i >= slowQueue { // the others were told before
					for _, p := range s.quick {
						p.Want("at once", wsplay.OpText, "told")
					}
				}
			}
			if n := s.hub.Dropped(); n != slowQueue || s.hub.Len() != 100 {
				t.Errorf("%d dropped, %d members", n, s.hub.Len())
			}
		})
	})
}

// neverReads: what waits for a peer that never reads is bounded by the queue, however
// much is broadcast, and nobody else waits.
func neverReads(t *testing.T, role websocket.Role, policy hub.SlowPolicy) {
	const broadcasts, size = 5_000, 8 << 10
	c, p := wsplay.Pipe(t, role, wsplay.CloseSoon, 1024)
	quick, reader := wsplay.Pipe(t, role, nil, 64<<10)
	h := hub.Hub{Slow: policy, Queue: 8}
	h.Add(c)
	h.Add(quick)
	heard := 0
	p.Floods.Go(func() {
		for {
			if _, err := reader.Next(); err != nil {
				return
			}
			heard++
		}
	})
	goroutines := 0
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	for i := range broadcasts {
		if err := h.Broadcast(websocket.Prepare(websocket.MessageText, []byte(fmt.Sprintf("%04d", i)+strings.Repeat("x", size)))); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // who reads has read
		goroutines = max(goroutines, runtime.NumGoroutine())
	}
	if after := live(); after > before+(8+8)*2*size+2*wsplay.Little {
		t.Errorf("%d bytes are held after %d broadcasts, %d before", after, broadcasts, before)
	}
	if goroutines > 50 {
		t.Errorf("%d goroutines", goroutines)
	}
	time.Sleep(time.Minute)
	if want := 2; policy == hub.CloseSlow && h.Len() != want-1 || policy != hub.CloseSlow && h.Len() != want {
		t.Errorf("%d members are left", h.Len())
	}
	// One is being written, eight or a batch of them wait, and the rest is counted.
	if n := h.Dropped(); policy != hub.CloseSlow && (n < broadcasts-20 || n > broadcasts-8) || policy == hub.CloseSlow && (n == 0 || n > 9) {
		t.Errorf("%d were dropped", n)
	}
	_ = quick.CloseNow()
	_ = reader.Close()
	_ = p.Close()
	p.Floods.Wait()
	if heard != broadcasts {
		t.Errorf("who reads heard %d of %d", heard, broadcasts)
	}
}
