package closing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// fullSoon is how long closing may take where nobody waits for anything but the other.
const fullSoon = 100 * time.Millisecond

// Two ends close at once while a write is stuck each way: each reads what the other has
// to write, and both end in good order.
func TestCloseOfBothEndsWhenBothDirectionsAreFull(t *testing.T) {
	for _, size := range []int{1 << 10, 200 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := wsplay.Pair(nil, 64)
				ends := []*websocket.Conn{server, client}
				var writes, closes []<-chan error
				for _, c := range ends {
					writes = append(writes, wsplay.Go(func() error {
						return c.Write(wsplay.Patience(t), websocket.MessageBinary, make([]byte, size))
					}))
				}
				synctest.Wait()
				wsplay.Within(t, "closing", fullSoon, func() {
					for i, c := range ends {
						closes = append(closes, wsplay.Go(func() error { return c.Close(websocket.StatusCode(4000+i), "") }))
					}
					for i := range ends {
						if err := <-writes[i]; err != nil {
							t.Errorf("the write of the %v: %v", ends[i].Role(), err)
						}
						err := <-closes[i]
						e, closed := errors.AsType[*websocket.ClosedError](err)
						if err != nil && !(closed && e.Clean() && e.Began == websocket.SideRemote && e.Cause == nil) {
							t.Errorf("Close of the %v: %v", ends[i].Role(), err)
						}
					}
				})
				// At most one end may have met the other's Close frame before its own was out.
				var began [2]websocket.Side
				for i, c := range ends {
					e, _ := errors.AsType[*websocket.ClosedError](c.CloseNow())
					began[i] = e.Began
					if !e.Clean() || e.Sent.Code != websocket.StatusCode(4000+i) || e.Received.Code != websocket.StatusCode(4001-i) {
						t.Errorf("the %v: %v", c.Role(), e)
					}
				}
				if began == [2]websocket.Side{websocket.SideRemote, websocket.SideRemote} {
					t.Error("neither began")
				}
			})
		})
	}
}

// A peer that finishes its write before it reads is a healthy one. It gets the message
// that was stuck, and the Close frame behind it; we began.
func TestCloseWhenThePeerWritesFirst(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Stalled(t, role, nil)
		stuck := strings.Repeat("s", 100<<10)
		w := wsplay.StartWrite(t, c, stuck)
		sending := wsplay.Go(func() error {
			_, err := p.Write(p.Wire(wsplay.Frame(wsplay.OpText, strings.Repeat("p", 200<<10)), wsplay.Frame(wsplay.OpPing, "still there?")))
			return err
		})
		wsplay.Pending(t, "the peer's write", sending)
		wsplay.Within(t, "Close", fullSoon, func() {
			done := wsplay.Go(func() error { return c.Close(4001, "bye") })
			if err := <-sending; err != nil {
				t.Fatal(err)
			}
			p.Want("what was there before", wsplay.OpText, wsplay.Filling(role))
			p.Want("the write", wsplay.OpText, stuck)
			p.Want("the answer to its ping", wsplay.OpPong, "still there?")
			p.WantClose("our Close frame", 4001)
			p.Send(wsplay.CloseFrame(4001, ""))
			p.HalfClose()
			if err := errors.Join(<-done, <-w.Done); err != nil {
				t.Error(err)
			}
		})
		wsplay.WantEnding(t, "then", c.CloseNow(), 4001, 4001, websocket.SideLocal, nil)
	})
}

// What such a peer sends goes to an application that reads.
func TestCloseLeavesMessagesToTheApplication(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		const messages = 50
		c, p := wsplay.Stalled(t, role, nil)
		w := wsplay.StartWrite(t, c, "stuck")
		var got []string
		reading := wsplay.Go(func() error {
			for {
				_, m, err := c.Read(context.Background())
				if err != nil {
					return err
				}
				got = append(got, string(m))
			}
		})
		done := wsplay.Go(func() error { return c.Close(4001, "") })
		for i := range messages {
			p.Send(wsplay.Frame(wsplay.OpText, fmt.Sprint(i)))
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		p.Send(wsplay.CloseFrame(4002, ""))
		p.HalfClose()
		synctest.Wait()
		go io.Copy(io.Discard, p)
		wsplay.WantEnding(t, "Close", <-done, 4001, 4002, websocket.SideRemote, nil)
		wsplay.WantEnding(t, "Read", <-reading, 4001, 4002, websocket.SideRemote, nil)
		if err := <-w.Done; err != nil {
			t.Error(err)
		}
		if len(got) != messages {
			t.Errorf("the application got %d messages of %d", len(got), messages)
		}
	})
}
