package websocket

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// keepAlive pings the peer at intervals, by a timer: no goroutine waits in between.
//
// The peer is judged in two steps. While the ping waits behind other frames, the peer is
// alive if it takes any of them: that limits how long the ping waits. Once the ping is on
// the wire, the peer has Timeout to answer.
//
//	          Interval              sent              Timeout
//	resting ──────────▶ queued ──────────▶ sent ─────────────────▶ lost
//	   ▲                  │  ▲              │  a pong, other signs
//	   │                  │  └─ signs       │  of life, or data that
//	   │   Timeout, none  ▼                 │  the application leaves
//	   │                 lost               │
//	   └────────────────────────────────────┘
type keepAlive struct {
	set   KeepAlive
	host  keepAliveHost
	pings *pings

	pace *pace // counts reads and writes of the network

	mu     sync.Mutex
	timer  *time.Timer // of the next ping; nil: stopped
	judge  *time.Timer // calls judgeQueued; made by the first ping
	queued bool        // a ping waits to be sent
	seen   signs       // the counts when the ping began to wait, or was last judged
}

// keepAliveHost is a connection as its keepalive sees it.
type keepAliveHost interface {
	// sendPing returns when the ping is on the wire, or cannot be sent.
	sendPing(context.Context, *pingCall) error
	// awaitPong waits for the pong, and reads while nobody else does.
	awaitPong(context.Context, *pingCall) error
	// waitsForApplication reports whether the next thing in the stream is for the
	// application, which is not reading. What the peer sent after that cannot be seen.
	waitsForApplication() bool
	// lose ends the connection.
	lose(e conn.Event, cause error)
}

// signs counts signs of life of the peer.
type signs struct{ heard, written uint64 }

// newKeepAlive returns nil if keepalive is off.
func newKeepAlive(set KeepAlive, host keepAliveHost, pings *pings) *keepAlive {
	if set.Interval <= 0 {
		return nil
	}
	if set.Timeout <= 0 {
		set.Timeout = set.Interval
	}
	k := &keepAlive{set: set, host: host, pings: pings, pace: &pace{aliveTimeout: set.Timeout}}
	k.pace.keepAlive = k
	return k
}

// start schedules the first ping. k may be nil.
func (k *keepAlive) start() {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.timer = time.AfterFunc(k.set.Interval, k.check)
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

// again schedules the next ping, unless keepalive is stopped.
func (k *keepAlive) again() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer != nil {
		k.timer.Reset(k.set.Interval)
	}
}

// check sends a ping and waits for signs of life.
func (k *keepAlive) check() {
	call := k.pings.begin()
	defer k.pings.forget(call)
	k.startJudging()
	err := k.host.sendPing(context.Background(), call)
	k.stopJudging()
	if err != nil {
		return // the connection has ended, or is about to
	}
	before := k.signs(&k.pace.waited)
	ctx, cancel := context.WithTimeout(context.Background(), k.set.Timeout)
	err = k.host.awaitPong(ctx, call)
	cancel()
	switch {
	case err == nil, k.signs(&k.pace.waited) != before, k.host.waitsForApplication():
		k.again()
	case errors.Is(err, context.DeadlineExceeded):
		k.host.lose(conn.Expire, ErrKeepAlive)
	}
}

// signs returns the signs of life so far: what has arrived, and the given count of writes.
func (k *keepAlive) signs(writes *atomic.Uint64) signs {
	return signs{k.pace.heard.Load(), writes.Load()}
}

// startJudging is called before a ping is sent.
func (k *keepAlive) startJudging() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = k.signs(&k.pace.written)
	k.queued = true
	if k.judge == nil {
		k.judge = time.AfterFunc(k.set.Timeout, k.judgeQueued)
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

// judgeQueued is called after each Timeout that a ping has waited to be sent.
func (k *keepAlive) judgeQueued() {
	waits := k.host.waitsForApplication()
	now := k.signs(&k.pace.written)
	k.mu.Lock()
	queued, dead := k.queued, now == k.seen && !waits
	k.seen = now
	if queued && !dead {
		k.judge.Reset(k.set.Timeout)
	}
	k.mu.Unlock()
	if queued && dead {
		k.host.lose(conn.Expire, ErrKeepAlive)
	}
}
