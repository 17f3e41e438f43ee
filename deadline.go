package websocket

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// deadline turns the deadlines of a [net.Conn] into contexts: one that is
// cancelled when the deadline passes, replaced when the deadline is moved.
type deadline struct {
	parent context.Context

	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	closed bool
}

func (d *deadline) init(parent context.Context) {
	d.parent = parent
	d.ctx, d.cancel = context.WithCancelCause(parent)
}

// context returns the context for a call that begins now.
func (d *deadline) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ctx
}

// set moves the deadline; the zero time removes it. As with a net.Conn, it counts
// for the calls under way as well.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	passed := d.timer != nil && !d.timer.Stop() // its function may still be about to run
	d.timer = nil
	if (passed || d.ctx.Err() != nil) && d.parent.Err() == nil {
		d.cancel(os.ErrDeadlineExceeded)
		d.ctx, d.cancel = context.WithCancelCause(d.parent)
	}
	if t.IsZero() {
		return
	}
	cancel := d.cancel
	if until := time.Until(t); until > 0 {
		d.timer = time.AfterFunc(until, func() { cancel(os.ErrDeadlineExceeded) })
	} else {
		cancel(os.ErrDeadlineExceeded)
	}
}

func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.closed = true
	d.cancel(net.ErrClosed)
}

// translate makes the error of a call that the deadline or stop ended the one that a
// net.Conn gives.
func (d *deadline) translate(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) {
		for _, cause := range [...]error{os.ErrDeadlineExceeded, net.ErrClosed} {
			if errors.Is(context.Cause(ctx), cause) {
				return cause
			}
		}
	}
	return err
}
