package rtc

import (
	"context"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
)

// heartbeat sends the protocol's own pings. WebSocket has pings too, which the engine answers
// by itself. But browsers can neither send nor see those, so the protocol does not rely on
// them.
type heartbeat struct {
	send func(*livekit.SignalRequest) error

	pinging sync.WaitGroup
	timeout time.Duration
	silence *time.Timer // ends the connection; nil until started

	mu        sync.Mutex
	sent      time.Time // of the last ping
	roundTrip time.Duration
}

// start begins to ping at intervals. giveUp is called when no answer comes in time. If it is
// running already, start does nothing.
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
				return // the read reports it
			}
		}
	})
}

// wait returns when the goroutine has ended. The context given to start must have ended.
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

// answered is called with every signal. It returns the round-trip time if it answers the last
// ping.
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

// seconds converts an interval of a JoinResponse.
func seconds(n int32, otherwise time.Duration) time.Duration {
	if n <= 0 {
		return otherwise
	}
	return time.Duration(n) * time.Second
}
