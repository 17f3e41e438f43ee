package websocket

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// keepAlive pings the peer at intervals, from a timer: no goroutine waits in
// between.
//
// The peer is judged in two steps. While the ping waits behind other frames, it is
// alive if it takes any of them: that bounds how long the ping waits. Once the ping is
// on the wire it has Timeout to answer.
type keepAlive struct {
	set KeepAlive

	mu     sync.Mutex
	timer  *time.Timer // of the next ping; nil: stopped
	judge  *time.Timer // calls judgeQueued; made by the first ping
	queued bool        // a ping waits to be sent
	seen   signs       // those when the ping began to wait, or was last judged
}

// signs counts what the peer has given as signs of life.
type signs struct{ heard, written uint64 }

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
	c.out.setPace(&pace{keepAlive: set.Timeout})
	k.timer = time.AfterFunc(set.Interval, c.checkAlive)
}

// stop ends the pings. k may be nil.
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
	if k.judge != nil {
		k.judge.Stop()
	}
}

// again schedules the next ping.
func (k *keepAlive) again() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer != nil {
		k.timer.Reset(k.set.Interval)
	}
}

// checkAlive pings once and judges the silence that follows, if any.
func (c *Conn) checkAlive() {
	// Callbacks of the application may run in here. A panic in one ends its connection,
	// not the program.
	defer func() {
		if p := recover(); p != nil {
			c.event(conn.Break, conn.CloseBody{}, fmt.Errorf("panic in a callback: %v", p))
		}
	}()
	k := c.keepAlive
	call := c.pings.begin()
	defer c.pings.forget(call)
	k.startJudging(c)
	err := c.sendPing(context.Background(), call)
	k.stopJudging()
	if err != nil {
		return // the connection has ended, or is about to
	}
	before := c.signs(&c.out.pace.waited)
	ctx, cancel := context.WithTimeout(context.Background(), k.set.Timeout)
	err = c.awaitPong(ctx, call)
	cancel()
	switch {
	case err == nil, c.signs(&c.out.pace.waited) != before, c.waitsForApplication():
		k.again()
	case errors.Is(err, context.DeadlineExceeded):
		c.event(conn.Expire, conn.CloseBody{}, ErrKeepAlive)
	}
}

// signs counts the signs of life so far: what has arrived, and the given count of writes.
func (c *Conn) signs(writes *atomic.Uint64) signs {
	return signs{c.in.heard.Load(), writes.Load()}
}

// startJudging is called before a ping is sent.
func (k *keepAlive) startJudging(c *Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = c.signs(&c.out.pace.written)
	k.queued = true
	if k.judge == nil {
		k.judge = time.AfterFunc(k.set.Timeout, c.judgeQueued)
	} else {
		k.judge.Reset(k.set.Timeout)
	}
}

// stopJudging is called when the ping is sent.
func (k *keepAlive) stopJudging() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.queued = false
	k.judge.Stop()
}

// judgeQueued is called each time that a ping has waited to be sent for another Timeout.
func (c *Conn) judgeQueued() {
	k := c.keepAlive
	waits := c.waitsForApplication()
	now := c.signs(&c.out.pace.written)
	k.mu.Lock()
	queued, dead := k.queued, now == k.seen && !waits
	k.seen = now
	if queued && !dead {
		k.judge.Reset(k.set.Timeout)
	}
	k.mu.Unlock()
	if queued && dead {
		c.event(conn.Expire, conn.CloseBody{}, ErrKeepAlive)
	}
}

// waitsForApplication reports whether the next thing in the stream is for the
// application, which is not reading: what the peer sent after that is not seen.
func (c *Conn) waitsForApplication() bool {
	if !c.in.gate.TryLock() {
		return false
	}
	defer c.leaveRead()
	return c.in.atData()
}
