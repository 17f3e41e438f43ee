package closing_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

type callNumber struct{}

// Any number of calls share one goroutine. The context of each derives from its own
// argument, and all end with the connection.
func TestCloseReadAgainAndAgain(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		synctest.Wait()
		before := runtime.NumGoroutine()
		var contexts []context.Context
		for i := range 100 {
			ctx := c.CloseRead(context.WithValue(t.Context(), callNumber{}, i))
			contexts = append(contexts, ctx)
		}
		synctest.Wait()
		if now := runtime.NumGoroutine(); now > before+1 {
			t.Errorf("%d goroutines for 100 calls, want 1", now-before)
		}
		for i, ctx := range contexts {
			if ctx.Value(callNumber{}) != i || ctx.Err() != nil {
				t.Errorf("the context of call %d: %v, %v", i, ctx.Value(callNumber{}), ctx.Err())
			}
		}
		p.Send(wsplay.Frame(wsplay.OpPing, "hi"))
		p.Want("the pong", wsplay.OpPong, "hi")
		_ = c.CloseNow()
		for _, ctx := range contexts {
			<-ctx.Done()
		}
		<-c.CloseRead(context.Background()).Done() // after the end
	})
}

// A context that ends takes no other with it. When all have ended, nobody reads, and
// the connection goes on.
func TestCloseReadContexts(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		for range 3 {
			first, cancelFirst := context.WithCancel(context.Background())
			second, cancelSecond := context.WithTimeout(context.Background(), time.Minute)
			one, two, again := c.CloseRead(first), c.CloseRead(second), c.CloseRead(second)
			cancelFirst()
			<-one.Done()
			p.Send(wsplay.Frame(wsplay.OpPing, "a"))
			p.Want("it goes on reading for the others", wsplay.OpPong, "a")
			synctest.Wait()
			if two.Err() != nil || again.Err() != nil {
				t.Fatalf("the others have ended: %v, %v", two.Err(), again.Err())
			}
			if <-c.CloseRead(first).Done(); two.Err() != nil {
				t.Error("a call with a context that has ended ends others")
			}
			<-two.Done()
			<-again.Done()
			if !errors.Is(two.Err(), context.DeadlineExceeded) {
				t.Errorf("the second has ended with %v", two.Err())
			}
			cancelSecond()
			synctest.Wait()
			p.Send(wsplay.Frame(wsplay.OpText, "for a read"))
			wsplay.WantRead(t, c, "for a read")
		}
		last := c.CloseRead(context.Background())
		p.Send(wsplay.Frame(wsplay.OpText, "for nobody"))
		p.WantClose("a message that nobody reads", websocket.StatusPolicyViolation)
		_ = c.CloseNow()
		<-last.Done()
	})
}

// What CloseRead calls has returned when CloseNow and Close have: the application may release
// what it uses.
func TestCloseWaitsForCloseRead(t *testing.T) {
	for name, closes := range map[string]func(*websocket.Conn) error{
		"CloseNow": (*websocket.Conn).CloseNow,
		"Close":    func(c *websocket.Conn) error { return c.Close(1000, "") },
	} {
		for _, takes := range []time.Duration{time.Second, time.Hour} {
			wsplay.ForRoles(t, name+" "+takes.String()+"/", func(t *testing.T, role websocket.Role) {
				returned := false
				c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{OnPingReceived: func(context.Context, []byte) bool {
					time.Sleep(takes)
					returned = true
					return true
				}}, 0)
				_ = c.CloseRead(context.Background())
				p.Send(wsplay.Frame(wsplay.OpPing, ""), wsplay.CloseFrame(1000, ""))
				p.HalfClose()
				synctest.Wait()
				wsplay.Within(t, name, min(takes, 10*time.Second), func() { _ = closes(c) })
				if takes == time.Second && !returned {
					t.Error("it has not waited for the callback")
				}
				time.Sleep(takes)
				_ = p.Close()
			})
		}
	}
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) { // not for itself
		var c *websocket.Conn
		c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{OnPingReceived: func(context.Context, []byte) bool {
			wsplay.Within(t, "CloseNow in a callback", 0, func() { _ = c.CloseNow() })
			return true
		}}, 0)
		ended := c.CloseRead(context.Background())
		p.Send(wsplay.Frame(wsplay.OpPing, ""))
		<-ended.Done()
		_ = p.Close()
	})
}

// The reading belongs to no single call: what one had in its context may be of a request
// that is over, and middleware may have given it to the next.
func TestCloseReadHasNoValues(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		found := make(chan any, 1)
		c, p := wsplay.Pipe(t, role, &websocket.ConnOptions{OnPingReceived: func(ctx context.Context, _ []byte) bool {
			found <- ctx.Value(callNumber{})
			return true
		}}, 0)
		first, cancel := context.WithCancel(context.WithValue(context.Background(), callNumber{}, 1))
		_ = c.CloseRead(first)
		_ = c.CloseRead(context.WithValue(context.Background(), callNumber{}, 2))
		cancel()
		p.Send(wsplay.Frame(wsplay.OpPing, ""))
		p.Want("it reads", wsplay.OpPong, "")
		if v := <-found; v != nil {
			t.Errorf("OnPingReceived finds the values of call %v", v)
		}
	})
}
