package websocket

import (
	"context"
	"time"
)

// Context returns a context that ends when the connection has ended. From then on
// [context.Cause] returns the [*ClosedError] that says how. The context has no values and
// no deadline.
//
// It is part of the connection: the call allocates nothing, and [context.AfterFunc] on
// the context starts no goroutine before the end. Every call returns the same context.
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

// AfterFunc is how package context watches a context that is not its own without a
// goroutine.
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
