package websocket_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/naive"
)

// The plain way to write an echo answers all that has come together with one write.
func TestRepliesLeaveTogether(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p, counted := counting(t, role, 0)
		_ = echoes(context.Background(), c, func(string) {})
		for range 3 {
			var questions []naive.Frame
			for i := range 16 {
				questions = append(questions, whole(opText, fmt.Sprint(i)))
			}
			before := counted.writes.Load()
			p.send(questions...)
			for i := range 16 {
				p.want("the echo", opText, fmt.Sprint(i))
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
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		goOn := make(chan bool)
		_ = echoes(context.Background(), c, func(text string) {
			if text == "slow" {
				goOn <- true
				_ = c.Write(context.Background(), websocket.MessageText, []byte("working"))
				<-goOn
			}
		})
		start := time.Now()
		p.send(whole(opText, "quick"), whole(opText, "slow"), whole(opText, "next"), whole(opText, "last"))
		p.want("while the body for the next runs", opText, "quick")
		if late := time.Since(start); late > 10*time.Millisecond {
			t.Errorf("it came after %v", late)
		}
		<-goOn
		p.want("at once", opText, "working")
		if late := time.Since(start); late > 10*time.Millisecond {
			t.Errorf("it came after %v", late)
		}
		goOn <- true
		p.want("the slow one", opText, "slow")
		p.want("the next", opText, "next")
		p.want("the last", opText, "last")
		c.CloseNow()
	})
}

// Nothing is left behind when the loop is left.
func TestRepliesLeaveWithTheLoop(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		p.send(whole(opText, "one"), whole(opText, "two"), whole(opText, "three"))
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
		p.want("one", opText, "one")
		p.want("two", opText, "two")
		_ = c.Write(context.Background(), websocket.MessageText, []byte("not held back"))
		p.want("after the loop", opText, "not held back")
		if late := time.Since(start); late != 0 {
			t.Errorf("it took %v", late)
		}
		wantRead(t, c, "three")
		c.CloseNow()
	})
}

// A write that began while replies were held back, and gets its turn when the loop
// waits for the network already, is not held back for it.
func TestRepliesWriteBehindAnother(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 4<<10)
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
		p.send(whole(opText, "one"), whole(opText, "two"))
		<-goOn
		large := strings.Repeat("x", 20_000)
		go c.Write(ctx, websocket.MessageText, []byte(large))
		synctest.Wait() // it waits for the peer to read
		small := background(func() error { return c.Write(ctx, websocket.MessageText, []byte("small")) })
		synctest.Wait() // it waits for the large one
		goOn <- true
		synctest.Wait() // and the loop for the network
		start := time.Now()
		_ = p.SetReadDeadline(start.Add(time.Second))
		p.want("first", opText, large)
		p.want("behind it", opText, "small")
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
	eachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := facing(t, role, nil, 0)
		p.send(whole(opText, "one"), whole(opText, "two"), whole(opText, "three"))
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
		p.want("one", opText, "one")
		p.want("two", opText, "two")
	})
}

// A loop that is left while the peer does not read is left all the same: the peer may
// be waiting for us to read. So two ends that write without end in one goroutine, and
// read with loops in another, do not wait for each other.
func TestRepliesDoNotKeepFromReading(t *testing.T) {
	eachRole(t, func(t *testing.T, role websocket.Role) {
		for name, beside := range map[string]bool{"alone": false, "beside a write": true} {
			c, p := facing(t, role, nil, 1<<10)
			ctx := context.Background()
			p.send(whole(opText, "one"), whole(opText, "two"), whole(opText, "three"))
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
					writing = background(func() error { return c.Write(ctx, websocket.MessageText, []byte(large[2<<10:])) })
				}
				synctest.Wait()
				break
			}
			wantRead(t, c, "two")
			if late := time.Since(start); late > 10*time.Millisecond {
				t.Errorf("%s: the next message was read after %v", name, late)
			}
			p.want(name, opText, large[:2<<10])
			if beside {
				p.want(name, opText, large[2<<10:])
				if err := <-writing; err != nil {
					t.Error(err)
				}
			}
			c.CloseNow()
		}
	})
}
