package websocket

import (
	"context"
	"net/http"
)

// CloseRead is for an application that only writes. It starts a goroutine that answers
// pings and the peer's Close frame, and returns at once. No data message is expected:
// if one arrives the connection is closed with StatusPolicyViolation. The context
// returned ends when the connection has ended, or when ctx does.
//
// It may be called any number of times. All calls share one goroutine, which reads until
// the contexts of all of them have ended. Until then other reads wait for it. The context
// that callbacks such as OnPingReceived get has no value but [http.ServerContextKey]: it
// belongs to no single call.
func (c *Conn) CloseRead(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	if ctx.Err() != nil {
		cancel()
		return ctx
	}
	r, first := c.life.joinCloseRead(ctx)
	stop := context.AfterFunc(r.ctx, cancel)
	context.AfterFunc(ctx, func() {
		stop()
		c.life.leaveCloseRead(r)
	})
	if first {
		go c.readNothing(r)
	}
	return ctx
}

// closeRead is the reading that calls of [Conn.CloseRead] share.
type closeRead struct {
	ctx    context.Context // ends when the reading does
	cancel context.CancelFunc
	end    *endCall // nil if the connection had ended
	calls  int      // those whose contexts have not ended; under lifetime.mu
}

// joinCloseRead returns the reading under way, or a new one that the caller is to start.
func (l *lifetime) joinCloseRead(ctx context.Context) (r *closeRead, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.closeRead; r != nil && r.ctx.Err() == nil {
		r.calls++
		return r, false
	}
	r = &closeRead{calls: 1}
	// Other values may be of a request that ends before the reading does.
	server := context.WithValue(context.Background(), http.ServerContextKey, ctx.Value(http.ServerContextKey))
	r.ctx, r.cancel = context.WithCancel(server)
	if !l.hasEnded() {
		r.end = &endCall{f: r.cancel}
		l.list(r.end)
		l.closeRead = r
	}
	return r, true
}

// leaveCloseRead is called when the context of a call has ended. The last of them ends
// the reading.
func (l *lifetime) leaveCloseRead(r *closeRead) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.calls--; r.calls > 0 {
		return
	}
	if r.end != nil {
		l.unlist(r.end)
	}
	if l.closeRead == r {
		l.closeRead = nil
	}
	r.cancel()
}

// readNothing reads until a data frame comes, and closes the connection then.
func (c *Conn) readNothing(r *closeRead) {
	defer r.cancel()
	if c.in.enter(r.ctx) != nil {
		return
	}
	err := c.in.nextFrame(r.ctx)
	c.in.leave()
	if err == nil {
		_ = c.Close(StatusPolicyViolation, "unexpected data message")
	}
}
