package websocket

import "context"

// CloseRead reads and drops nothing: it deals with control frames, in a goroutine
// of its own, for an application that only writes. A data message from the peer
// closes the connection with StatusPolicyViolation. The context returned is
// cancelled when the connection has ended, and when ctx is.
//
// It may be called any number of times: there is one goroutine, which reads until the
// contexts of all calls have ended. As long as it does, no message can be read.
func (c *Conn) CloseRead(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	if ctx.Err() != nil {
		cancel()
		return ctx
	}
	r, first := c.joinCloseRead(ctx)
	stop := context.AfterFunc(r.ctx, cancel)
	context.AfterFunc(ctx, func() {
		stop()
		c.leaveCloseRead(r)
	})
	if first {
		go c.readNothing(r)
	}
	return ctx
}

// closeRead is the reading that calls of [Conn.CloseRead] share. It stands among what is
// called at the end of the connection: few connections have one, and it would cost all
// of them a field.
type closeRead struct {
	ctx    context.Context // ends with the reading
	cancel context.CancelFunc
	calls  int // whose contexts have not ended; under life.mu
}

// joinCloseRead returns the reading under way, or a new one that the caller is to start.
func (c *Conn) joinCloseRead(ctx context.Context) (r *closeRead, first bool) {
	l := &c.life
	l.mu.Lock()
	defer l.mu.Unlock()
	for call := l.onEnd; call != nil; call = call.next {
		if r := call.closeRead; r != nil && r.ctx.Err() == nil {
			r.calls++
			return r, false
		}
	}
	r = &closeRead{calls: 1}
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx)) // callbacks find the values of the first
	if !c.ended() {
		l.onEnd = &endCall{f: r.cancel, next: l.onEnd, closeRead: r}
	}
	return r, true
}

// leaveCloseRead is called when the context of a call has ended. The last ends the
// reading.
func (c *Conn) leaveCloseRead(r *closeRead) {
	l := &c.life
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.calls--; r.calls > 0 {
		return
	}
	for at := &l.onEnd; *at != nil; at = &(*at).next {
		if (*at).closeRead == r {
			*at = (*at).next
			break
		}
	}
	r.cancel()
}

// readNothing reads until a data frame comes, which nobody wants.
func (c *Conn) readNothing(r *closeRead) {
	defer r.cancel()
	if c.enterRead(r.ctx) != nil {
		return
	}
	err := c.nextFrame(r.ctx)
	c.leaveRead()
	if err == nil {
		_ = c.Close(StatusPolicyViolation, "unexpected data message")
	}
}
