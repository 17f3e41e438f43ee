package writing_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// The plain way to write an echo answers all that has come together with one write.
func TestRepliesLeaveTogether(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, counted := counting(t, role, 0)
		_ = wsplay.Echo(context.Background(), c, func(string) {})
		for range 3 {
			var questions []naive.Frame
			for i := range 16 {
				questions = append(questions, wsplay.Frame(wsplay.OpText, fmt.Sprint(i)))
			}
			before := counted.writes.Load()
			p.Send(questions...)
			for i := range 16 {
				p.Want("the echo", wsplay.OpText, fmt.Sprint(i))
			}
			if n := counted.writes.Load() - before; n != 1 {
				t.Errorf("%d writes for 16 answers", n)
			}
		}
		c.CloseNow()
	})
}

// An answer does not wait for a body that takes its time with the next message, nor
// does what that body writes.
func TestRepliesDoNotWaitForTheBody(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		goOn := make(chan bool)
		_ = wsplay.Echo(context.Background(), c, func(text string) {
			if text == "slow" {
				goOn <- true
				_ = c.Write(context.Background(), websocket.MessageText, []byte("working"))
				<-goOn
			}
		})
		start := time.Now()
		p.Send(wsplay.Frame(wsplay.OpText, "quick"), wsplay.Frame(wsplay.OpText, "slow"), wsplay.Frame(wsplay.OpText, "next"), wsplay.Frame(wsplay.OpText, "last"))
		p.Want("while the body for the next runs", wsplay.OpText, "quick")
		if late := time.Since(start); late > 10*time.Millisecond {
			t.Errorf("it came after %v", late)
		}
		<-goOn
		p.Want("at once", wsplay.OpText, "working")
		if late := time.Since(start); late > 10*time.Millisecond {
			t.Errorf("it came after %v", late)
		}
		goOn <- true
		p.Want("the slow one", wsplay.OpText, "slow")
		p.Want("the next", wsplay.OpText, "next")
		p.Want("the last", wsplay.OpText, "last")
		c.CloseNow()
	})
}

// Nothing is left behind when the loop is left.
func TestRepliesLeaveWithTheLoop(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		p.Send(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpText, "two"), wsplay.Frame(wsplay.OpText, "three"))
		synctest.Wait()
		start := time.Now()
		for m, err := range c.Messages(context.Background()) {
			if err != nil {
				t.Error(err)
			}
			_ = c.Write(context.Background(), m.Type, m.Data)
			if string(m.Data) == "two" {
				break
			}
		}
		p.Want("one", wsplay.OpText, "one")
		p.Want("two", wsplay.OpText, "two")
		_ = c.Write(context.Background(), websocket.MessageText, []byte("not held back"))
		p.Want("after the loop", wsplay.OpText, "not held back")
		if late := time.Since(start); late != 0 {
			t.Errorf("it took %v", late)
		}
		wsplay.WantRead(t, c, "three")
		c.CloseNow()
	})
}

// A write that began while replies were held back, and gets its turn when the loop
// waits for the network already, is not held back for it.
func TestRepliesWriteBehindAnother(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 4<<10)
		goOn := make(chan bool)
		ctx := context.Background()
		go func() {
			for m, err := range c.Messages(ctx) {
				if err == nil && string(m.Data) == "one" {
					goOn <- true
					<-goOn
				}
			}
		}()
		p.Send(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpText, "two"))
		<-goOn
		large := strings.Repeat("x", 20_000)
		go c.Write(ctx, websocket.MessageText, []byte(large))
		synctest.Wait() // it waits for the peer to read
		small := wsplay.Go(func() error { return c.Write(ctx, websocket.MessageText, []byte("small")) })
		synctest.Wait() // it waits for the large one
		goOn <- true
		synctest.Wait() // and the loop for the network
		start := time.Now()
		_ = p.SetReadDeadline(start.Add(time.Second))
		p.Want("first", wsplay.OpText, large)
		p.Want("behind it", wsplay.OpText, "small")
		if err := <-small; err != nil {
			t.Error(err)
		}
		if late := time.Since(start); late > 5*time.Millisecond {
			t.Errorf("it came after %v", late)
		}
		c.CloseNow()
	})
}

// What Write has answered with nil is not lost to a CloseNow that follows the loop.
func TestRepliesAreSentWhenTheLoopIsLeft(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		p.Send(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpText, "two"), wsplay.Frame(wsplay.OpText, "three"))
		synctest.Wait()
		for m, err := range c.Messages(context.Background()) {
			if err != nil {
				t.Error(err)
			}
			if err := c.Write(context.Background(), m.Type, m.Data); err != nil {
				t.Error(err)
			}
			if string(m.Data) == "two" {
				break
			}
		}
		_ = c.CloseNow()
		p.Want("one", wsplay.OpText, "one")
		p.Want("two", wsplay.OpText, "two")
	})
}

// A loop that is left while the peer does not read is left all the same: the peer may
// be waiting for us to read. So two ends that write without end in one goroutine, and
// read with loops in another, do not wait for each other.
func TestRepliesDoNotKeepFromReading(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for name, beside := range map[string]bool{"alone": false, "beside a write": true} {
			c, p := wsplay.Pipe(t, role, nil, 1<<10)
			ctx := context.Background()
			p.Send(wsplay.Frame(wsplay.OpText, "one"), wsplay.Frame(wsplay.OpText, "two"), wsplay.Frame(wsplay.OpText, "three"))
			synctest.Wait()
			start := time.Now()
			large := strings.Repeat("x", 40<<10)
			var writing <-chan error
			for m, err := range c.Messages(ctx) {
				if err != nil || string(m.Data) != "one" {
					t.Fatalf("%q, %v", m.Data, err)
				}
				if err := c.Write(ctx, websocket.MessageText, []byte(large[:2<<10])); err != nil {
					t.Error(err)
				}
				if beside {
					writing = wsplay.Go(func() error { return c.Write(ctx, websocket.MessageText, []byte(large[2<<10:])) })
				}
				synctest.Wait()
				break
			}
			wsplay.WantRead(t, c, "two")
			if late := time.Since(start); late > 10*time.Millisecond {
				t.Errorf("%s: the next message was read after %v", name, late)
			}
			p.Want(name, wsplay.OpText, large[:2<<10])
			if beside {
				p.Want(name, wsplay.OpText, large[2<<10:])
				if err := <-writing; err != nil {
					t.Error(err)
				}
			}
			c.CloseNow()
		}
	})
}
