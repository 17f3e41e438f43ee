package websocket

import (
	"context"
	"time"
)

// Context returns a context that ends when the connection has ended. [context.Cause] then
// returns the [*ClosedError] that says how. The context has no values and no deadline.
//
// The context is part of the connection: Context allocates nothing and returns the same
// one each time. It has the AfterFunc method that [context.AfterFunc] looks for, so no
// goroutine waits for the end.
func (c *Conn) Context() context.Context { return (*connContext)(c) }

// connContext is the context of [Conn.Context].
type connContext Conn

func (ctx *connContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (ctx *connContext) Done() <-chan struct{}       { return (*Conn)(ctx).done() }

func (ctx *connContext) Err() error {
	if (*Conn)(ctx).life.hasEnded() {
		return context.Canceled
	}
	return nil
}

// Value returns nothing but the cause of the end, for [context.Cause]. The key for that is
// private to package context, so a context of that package answers: one that has ended
// for the same cause.
func (ctx *connContext) Value(key any) any {
	c := (*Conn)(ctx)
	if !c.life.hasEnded() {
		return nil
	}
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(c.closedError())
	return ended.Value(key)
}

// AfterFunc starts f when the connection has ended, or now if it has. stop prevents that,
// and reports whether it could.
func (ctx *connContext) AfterFunc(f func()) (stop func() bool) { return (*Conn)(ctx).life.onEnd(f) }

// String is what contexts made of this one say of their parent.
func (ctx *connContext) String() string { return "websocket.Conn.Context" }

// endsWith reports whether ctx is the connection's own context, which ends when the
// connection has ended and never before.
func (c *Conn) endsWith(ctx context.Context) bool {
	switch own := ctx.(type) {
	case *serveContext:
		return own.c == c
	case *connContext:
		return (*Conn)(own) == c
	}
	return false
}
