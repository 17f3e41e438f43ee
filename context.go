package websocket

import (
	"context"
	"time"
)

// Context returns a context that ends when the connection has ended. From then on
// [context.Cause] returns the [*ClosedError] that says how. The context has no values and
// no deadline.
//
// It is part of the connection: the call allocates nothing, and returns the same context
// each time. The context has the method AfterFunc that [context.AfterFunc] looks for, so
// no goroutine waits for the end.
func (c *Conn) Context() context.Context { return (*connContext)(c) }

// connContext is the context of [Conn.Context].
type connContext Conn

func (ctx *connContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (ctx *connContext) Done() <-chan struct{}       { return (*Conn)(ctx).done() }

func (ctx *connContext) Err() error {
	if (*Conn)(ctx).ended() {
		return context.Canceled
	}
	return nil
}

// Value has nothing to return but the cause of the end. [context.Cause] finds it by a key
// that only contexts of its own package know. So one of those, which has ended for the
// same cause, answers in our place.
func (ctx *connContext) Value(key any) any {
	c := (*Conn)(ctx)
	if !c.ended() {
		return nil
	}
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(c.closedError())
	return ended.Value(key)
}

// AfterFunc starts f when the connection has ended, or now if it has. stop prevents that,
// and reports whether it could.
func (ctx *connContext) AfterFunc(f func()) (stop func() bool) { return (*Conn)(ctx).onEnd(f) }

// String is what contexts made of this one say of their parent.
func (ctx *connContext) String() string { return "websocket.Conn.Context" }

// endsWith reports whether ctx is the connection's own and nothing else: it ends when the
// connection has ended.
func (c *Conn) endsWith(ctx context.Context) bool {
	switch own := ctx.(type) {
	case *serveContext:
		return own.c == c
	case *connContext:
		return (*Conn)(own) == c
	}
	return false
}
