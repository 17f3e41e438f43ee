package websocket_test

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
)

// fullSoon is how long closing may take where nobody waits for anything but the other.
const fullSoon = 100 * time.Millisecond

// Two ends close at once while a write is stuck each way: each reads what the other has
// to write, and both end in good order.
func TestCloseOfBothEndsWhenBothDirectionsAreFull(t *testing.T) {
	for _, size := range []int{1 << 10, 200 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := wstestPair(nil, 64)
				ends := []*websocket.Conn{server, client}
				var writes, closes []<-chan error
				for _, c := range ends {
					writes = append(writes, background(func() error {
						return c.Write(patience(t), websocket.MessageBinary, make([]byte, size))
					}))
				}
				synctest.Wait()
				within(t, "closing", fullSoon, func() {
					for i, c := range ends {
						closes = append(closes, background(func() error { return c.Close(websocket.StatusCode(4000+i), "") }))
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
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := stalled(t, role, nil)
		stuck := strings.Repeat("s", 100<<10)
		w := startWrite(t, c, stuck)
		sending := background(func() error {
			_, err := p.Write(p.wire(whole(opText, strings.Repeat("p", 200<<10)), whole(opPing, "still there?")))
			return err
		})
		pending(t, "the peer's write", sending)
		within(t, "Close", fullSoon, func() {
			done := background(func() error { return c.Close(4001, "bye") })
			if err := <-sending; err != nil {
				t.Fatal(err)
			}
			p.want("what was there before", opText, filling(role))
			p.want("the write", opText, stuck)
			p.want("the answer to its ping", opPong, "still there?")
			p.wantFarewell("our Close frame", 4001)
			p.send(farewell(4001, ""))
			p.halfClose()
			if err := errors.Join(<-done, <-w.done); err != nil {
				t.Error(err)
			}
		})
		wantEnding(t, "then", c.CloseNow(), 4001, 4001, websocket.SideLocal, nil)
	})
}

// What such a peer sends goes to an application that reads.
func TestCloseLeavesMessagesToTheApplication(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		const messages = 50
		c, p := stalled(t, role, nil)
		w := startWrite(t, c, "stuck")
		var got []string
		reading := background(func() error {
			for {
				_, m, err := c.Read(context.Background())
				if err != nil {
					return err
				}
				got = append(got, string(m))
			}
		})
		done := background(func() error { return c.Close(4001, "") })
		for i := range messages {
			p.send(whole(opText, fmt.Sprint(i)))
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		p.send(farewell(4002, ""))
		p.halfClose()
		synctest.Wait()
		go io.Copy(io.Discard, p)
		wantEnding(t, "Close", <-done, 4001, 4002, websocket.SideRemote, nil)
		wantEnding(t, "Read", <-reading, 4001, 4002, websocket.SideRemote, nil)
		if err := <-w.done; err != nil {
			t.Error(err)
		}
		if len(got) != messages {
			t.Errorf("the application got %d messages of %d", len(got), messages)
		}
	})
}
