package rtc

import (
	"context"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
)

// heartbeat sends the protocol's own pings. WebSocket has pings as well, which the
// engine answers by itself; but a browser can neither send nor see those, and so the
// protocol does not rely on them.
type heartbeat struct {
	send func(*livekit.SignalRequest) error

	pinging sync.WaitGroup
	timeout time.Duration
	silence *time.Timer // ends the connection; nil until started

	mu        sync.Mutex
	sent      time.Time // of the last ping
	roundTrip time.Duration
}

// start begins to ping at intervals; giveUp is called when the answers stay away. When
// it runs already nothing happens.
func (h *heartbeat) start(ctx context.Context, giveUp context.CancelCauseFunc, interval, timeout time.Duration) {
	if h.silence != nil {
		return
	}
	h.timeout = timeout
	h.silence = time.AfterFunc(timeout, func() { giveUp(ErrNoPong) })
	h.pinging.Go(func() {
		ticks := time.NewTicker(interval)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
			case <-ctx.Done():
				return
			}
			if h.send(h.ping()) != nil {
				return // the read tells
			}
		}
	})
}

// wait returns when nothing is left of it; the context given to start must have ended.
func (h *heartbeat) wait() {
	if h.silence != nil {
		h.silence.Stop()
	}
	h.pinging.Wait()
}

func (h *heartbeat) ping() *livekit.SignalRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent = time.Now()
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{
		Timestamp: h.sent.UnixMilli(),
		Rtt:       h.roundTrip.Milliseconds(),
	}}}
}

// answered is told of every signal. It returns the round-trip time if it is the answer
// to the last ping.
func (h *heartbeat) answered(res *livekit.SignalResponse) time.Duration {
	pong := res.GetPongResp()
	if pong == nil || h.silence == nil {
		return 0
	}
	h.silence.Reset(h.timeout)
	h.mu.Lock()
	defer h.mu.Unlock()
	if pong.LastPingTimestamp != h.sent.UnixMilli() {
		return 0
	}
	h.roundTrip = time.Since(h.sent)
	return h.roundTrip
}

// seconds is how a JoinResponse has its intervals.
func seconds(n int32, otherwise time.Duration) time.Duration {
	if n <= 0 {
		return otherwise
	}
	return time.Duration(n) * time.Second
}
