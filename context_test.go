package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// Conn.Context ends with the connection, and its cause, or that of a context made of it,
// says how it ended.
func TestContext(t *testing.T) {
	type key struct{}
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		ctx := c.Context()
		if _, bounded := ctx.Deadline(); bounded || ctx.Err() != nil || context.Cause(ctx) != nil || ctx.Value(key{}) != nil {
			t.Errorf("before the end: deadline %v, err %v, cause %v", bounded, ctx.Err(), context.Cause(ctx))
		}
		if c.Context() != ctx || fmt.Sprint(ctx) != "websocket.Conn.Context" {
			t.Errorf("another context, or a strange name: %v", ctx)
		}
		child, cancel := context.WithCancel(context.WithValue(ctx, key{}, 1))
		defer cancel()
		other, cancelOther := context.WithCancel(ctx)
		cancelOther()
		wsplay.WantIs(t, "a child ends by itself", context.Cause(other), context.Canceled)
		called := make(chan error, 1)
		context.AfterFunc(ctx, func() { called <- context.Cause(ctx) })
		stop := context.AfterFunc(ctx, func() { t.Error("called after stop") })
		if !stop() || stop() {
			t.Error("stop does not tell what it did")
		}
		wsplay.Pending(t, "AfterFunc", called)

		p.Send(wsplay.CloseFrame(4000, "enough"))
		go func() { _, _ = p.Next(); _ = p.Close() }()
		_, _, read := c.Read(ctx)
		<-ctx.Done()
		<-child.Done()
		wsplay.WantIs(t, "Err", ctx.Err(), context.Canceled)
		for what, err := range map[string]error{
			"Read": read, "AfterFunc": <-called, "Cause": context.Cause(ctx), "a child's Cause": context.Cause(child),
			"the Cause of one that comes late": context.Cause(context.WithValue(ctx, key{}, 1)),
		} {
			if e := wsplay.WantClosed(t, err); e.Received == nil || *e.Received != (websocket.CloseError{Code: 4000, Reason: "enough"}) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if ctx.Value(key{}) != nil || child.Value(key{}) != 1 {
			t.Error("a value has come or gone")
		}
		if context.AfterFunc(ctx, func() {})() {
			t.Error("stop after the end")
		}
		synctest.Wait()
	})
}

// The context is of use as that of the connection's own calls, and to no call does it
// cost the connection.
func TestContextOfOwnCalls(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		other, _ := wsplay.Pipe(t, role, nil, 0)
		ctx := c.Context()
		for range 3 {
			go p.Send(wsplay.Frame(wsplay.OpText, "in"))
			if _, text, err := c.Read(ctx); string(text) != "in" || err != nil {
				t.Fatalf("%q, %v", text, err)
			}
			if err := c.Write(ctx, websocket.MessageText, []byte("out")); err != nil {
				t.Fatal(err)
			}
			p.Want("Write", wsplay.OpText, "out")
		}
		// It is a context like any other to another connection.
		read := wsplay.Go(func() error { _, _, err := other.Read(ctx); return err })
		wsplay.Pending(t, "a read of another connection", read)
		var own sync.WaitGroup
		own.Go(func() {
			_, _, err := c.Read(ctx)
			wsplay.WantClosed(t, err)
		})
		synctest.Wait()
		_ = c.CloseNow()
		own.Wait()
		wsplay.WantIs(t, "a read of another connection", <-read, context.Canceled)
		if err := other.Write(wsplay.Patience(t), websocket.MessageText, nil); err != nil {
			t.Errorf("the other connection has ended with it: %v", err)
		}
	})
}

// With a context that ends with the connection, calls say how that ended, as they do with
// any other: those that wait then, and those that come later.
func TestContextOfOwnCallsAtTheEnd(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		for range 20 { // a call that waits has more than one thing to be woken by
			c, p := wsplay.Pipe(t, role, nil, 0)
			later, cancel := context.WithTimeout(c.Context(), 24*time.Hour)
			defer cancel()
			calls := map[string]func(ctx context.Context) error{
				"Read":       func(ctx context.Context) error { _, _, err := c.Read(ctx); return err },
				"Reader":     func(ctx context.Context) error { _, _, err := c.Reader(ctx); return err },
				"Write":      func(ctx context.Context) error { return c.Write(ctx, websocket.MessageText, []byte("x")) },
				"Prepared":   func(ctx context.Context) error { return c.WritePrepared(ctx, wsplay.Prepared) },
				"Writer":     func(ctx context.Context) error { _, err := c.Writer(ctx, websocket.MessageText); return err },
				"Ping":       c.Ping,
				"BeginClose": func(ctx context.Context) error { return c.BeginClose(ctx, websocket.StatusNormalClosure, "") },
			}
			w, err := c.Writer(later, websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			var waiting sync.WaitGroup
			for _, name := range []string{"Read", "Reader", "Writer", "Ping"} {
				for _, ctx := range []context.Context{c.Context(), later} {
					waiting.Go(func() { wsplay.WantClosed(t, calls[name](ctx)) })
				}
			}
			synctest.Wait()
			_ = p.Close()
			_ = c.CloseNow()
			waiting.Wait()
			<-later.Done()
			for _, ctx := range []context.Context{c.Context(), later} {
				for _, call := range calls {
					wsplay.WantClosed(t, call(ctx))
				}
			}
			if _, err := w.Write([]byte("x")); err == nil {
				err = w.Close()
				wsplay.WantClosed(t, err)
			}
		}
	})
}

// The cause is a ClosedError also where no Close frame went either way.
func TestContextCauseOfLoss(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, p := wsplay.Pipe(t, role, nil, 0)
		_ = p.Close()
		_, _, read := c.Read(wsplay.Patience(t))
		var closed *websocket.ClosedError
		if err := context.Cause(c.Context()); !errors.As(err, &closed) || !errors.Is(err, io.EOF) || err.Error() != read.Error() {
			t.Errorf("%v, want what Read has returned: %v", err, read)
		}
	})
}

// Asking for the context allocates nothing.
func TestContextDoesNotAllocate(t *testing.T) {
	wsplay.EachRole(t, func(t *testing.T, role websocket.Role) {
		c, _ := wsplay.Pipe(t, role, nil, 0)
		if n := testing.AllocsPerRun(100, func() {
			if ctx := c.Context(); ctx.Err() != nil || ctx.Value("any") != nil {
				t.Error("it has ended")
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
