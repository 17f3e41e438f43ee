package websocket

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// keepAlive pings the peer at intervals, from a timer: no goroutine waits in
// between.
type keepAlive struct {
	set KeepAlive

	mu    sync.Mutex
	timer *time.Timer // nil: stopped
}

func (c *Conn) startKeepAlive(set KeepAlive) {
	if set.Interval <= 0 {
		return
	}
	if set.Timeout <= 0 {
		set.Timeout = set.Interval
	}
	k := &keepAlive{set: set}
	k.mu.Lock()
	defer k.mu.Unlock()
	c.keepAlive = k
	k.timer = time.AfterFunc(set.Interval, c.checkAlive)
}

// stop is for nil as well.
func (k *keepAlive) stop() {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer != nil {
		k.timer.Stop()
		k.timer = nil
	}
}

func (k *keepAlive) again() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer != nil {
		k.timer.Reset(k.set.Interval)
	}
}

// checkAlive pings once and judges the silence that follows, if any.
func (c *Conn) checkAlive() {
	// Callbacks of the application may run in here; their panics are its own
	// connection's end, not the program's.
	defer func() {
		if p := recover(); p != nil {
			c.event(conn.Break, conn.CloseBody{}, fmt.Errorf("panic in a callback: %v", p))
		}
	}()
	heard := c.in.heard.Load()
	ctx, cancel := context.WithTimeout(context.Background(), c.keepAlive.set.Timeout)
	err := c.Ping(ctx)
	cancel()
	switch {
	case err == nil, c.in.heard.Load() != heard, c.waitsForApplication():
		c.keepAlive.again()
	case errors.Is(err, context.DeadlineExceeded):
		c.event(conn.Expire, conn.CloseBody{}, ErrKeepAlive)
	}
}

// waitsForApplication reports whether the next thing in the stream is for the
// application, which is not reading: what the peer sent after that is not seen.
func (c *Conn) waitsForApplication() bool {
	if !c.in.gate.tryLock() {
		return false
	}
	defer c.leaveRead()
	return c.in.atData()
}
