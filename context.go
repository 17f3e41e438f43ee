package websocket

import (
	"context"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket/internal/transport"
)

// Context returns a context that ends when the connection has ended. [context.Cause] then
// returns the [*ClosedError] that says how. The context has no values and no deadline.
//
// Context allocates nothing and returns the same context each time. The context has the
// AfterFunc method that [context.AfterFunc] looks for, so no goroutine waits for the end.
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

// Value returns nothing but the cause of the end, for [context.Cause]. The key for the cause
// is private to package context. So Value asks a context of that package that has ended for
// the same cause.
func (ctx *connContext) Value(key any) any {
	c := (*Conn)(ctx)
	if !c.life.hasEnded() {
		return nil
	}
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(c.closedError())
	return ended.Value(key)
}

// AfterFunc starts f on a goroutine of its own when the connection has ended, or at once if
// it already has. stop prevents that, and reports whether it did.
func (ctx *connContext) AfterFunc(f func()) (stop func() bool) { return (*Conn)(ctx).life.onEnd(f) }

// String is how derived contexts print their parent.
func (ctx *connContext) String() string { return "websocket.Conn.Context" }

// serveContext is the context of a [ServeFunc]: [Conn.Context] with the values of the
// server. It has no other value of the request's context, because middleware recycles those
// when the handler has returned. Calls on the connection need not watch it, nor a context
// that only adds values to it.
type serveContext struct {
	c      *Conn
	server *http.Server // nil: not net/http
}

func (s *serveContext) Deadline() (time.Time, bool)           { return time.Time{}, false }
func (s *serveContext) Done() <-chan struct{}                 { return s.c.done() }
func (s *serveContext) Err() error                            { return s.c.Context().Err() }
func (s *serveContext) AfterFunc(f func()) (stop func() bool) { return s.c.life.onEnd(f) }

func (s *serveContext) Value(key any) any {
	switch key {
	case http.ServerContextKey:
		if s.server != nil {
			return s.server
		}
	case http.LocalAddrContextKey:
		if local, _ := s.c.addresses(); local != nil {
			return local
		}
	}
	return s.c.Context().Value(key)
}

// ofConnection reports whether ctx is a Conn.Context or a ServeFunc's context. Its Done
// would allocate a channel, so callers avoid it.
func ofConnection(ctx context.Context) bool {
	switch ctx.(type) {
	case *serveContext, *connContext:
		return true
	}
	return false
}

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

// interrupts returns ctx.Done(), or nil if the end of ctx need not interrupt a call. A ctx
// that ends only with the connection is not watched: closing the transport ends the wait.
func (c *Conn) interrupts(ctx context.Context) <-chan struct{} {
	if c.endsWith(ctx) {
		return nil
	}
	done := ctx.Done()
	if done == nil || c.life.isDone(done) {
		return nil
	}
	return done
}

// arm lets the end of ctx interrupt the next call of the transport, in the direction of
// canceler. It returns ctx.Err() if ctx has ended.
//
// host is a type parameter because reading and writing have different host interfaces.
// Converting them to a third one would cost more than the rest of arm.
func arm[H interface {
	interrupts(context.Context) <-chan struct{}
}](ctx context.Context, canceler *transport.Canceler, host H) error {
	if !ofConnection(ctx) { // the common cases, without a call of the host
		done := ctx.Done()
		if done == nil {
			canceler.Disarm()
			return nil
		}
		if canceler.IsArmed(done) {
			return canceler.Arm(ctx, done)
		}
	}
	done := host.interrupts(ctx)
	if done == nil {
		canceler.Disarm()
		return nil
	}
	return canceler.Arm(ctx, done)
}

// endCall is a function to be called when the connection has ended. Each context made from
// [Conn.Context] adds one. There may be very many, and they come and go in any order.
type endCall struct {
	f    func()
	next *endCall
	at   **endCall // the pointer to it in the list; nil: not in the list
	when endTime
}

// endTime says when an endCall is made.
type endTime uint8

const (
	afterDone  endTime = iota // on a goroutine of its own
	beforeDone                // in notifyEnded: whoever sees done closed sees what f did
)

// list adds call to the calls that are made at the end. Under mu.
func (l *lifetime) list(call *endCall) {
	if call.next = l.calls; call.next != nil {
		call.next.at = &call.next
	}
	call.at, l.calls = &l.calls, call
}

// unlist removes call, and reports whether it was listed. Under mu.
func (l *lifetime) unlist(call *endCall) bool {
	if call.at == nil {
		return false
	}
	if *call.at = call.next; call.next != nil {
		call.next.at = call.at
	}
	call.next, call.at = nil, nil
	return true
}

// onEnd starts f on a goroutine when the connection has ended, or now if it already has.
// stop prevents that, and reports whether it did.
func (l *lifetime) onEnd(f func()) (stop func() bool) {
	call := &endCall{f: f}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hasEnded() {
		go f()
		return func() bool { return false }
	}
	l.list(call)
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.unlist(call)
	}
}

// register lists f, to be called before anybody sees done closed. It reports false, and
// does not call f, if the connection has ended or is about to.
func (l *lifetime) register(f func()) (ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end.Load() != endNotBegun {
		return false
	}
	l.list(&endCall{f: f, when: beforeDone})
	return true
}

// clockStart is the beginning of a clock that nobody sets.
var clockStart = time.Now()
