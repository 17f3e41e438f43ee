package websocket

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// aliveScript is a peer, and the way to it, as a keepalive meets them.
type aliveScript struct {
	send  func(context.Context, *pingCall) error // nil: at once
	pong  func(context.Context, *pingCall) error // nil: at once
	waits bool
	heard *atomic.Uint64 // counts what has arrived; set by play

	pings int
	lost  []error
	ended context.CancelFunc
	event conn.Event
}

func (h *aliveScript) sendPing(ctx context.Context, call *pingCall) error {
	h.pings++
	if h.send == nil {
		return nil
	}
	return h.send(ctx, call)
}

func (h *aliveScript) awaitPong(ctx context.Context, call *pingCall) error {
	if h.pong == nil {
		return nil
	}
	return h.pong(ctx, call)
}

func (h *aliveScript) waitsForApplication() bool { return h.waits }

func (h *aliveScript) lose(e conn.Event, cause error) {
	h.event, h.lost = e, append(h.lost, cause)
	h.ended()
}

var errOver = errors.New("over")

// silence is a pong that does not come.
func silence(ctx context.Context, _ *pingCall) error {
	<-ctx.Done()
	return ctx.Err()
}

// play has a keepalive of 10 s, with 4 s to answer, run for as long: see want.
func (h *aliveScript) play(t *testing.T, last time.Duration) *keepAlive {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h.ended = cancel
	k := newKeepAlive(KeepAlive{Interval: 10 * time.Second, Timeout: 4 * time.Second}, h, new(pings))
	h.heard = &k.pace.heard
	k.start()
	defer k.stop()
	select {
	case <-time.After(last):
	case <-ctx.Done():
	}
	synctest.Wait()
	return k
}

func (h *aliveScript) want(t *testing.T, pings int, lost ...error) {
	t.Helper()
	if h.pings != pings || !slices.Equal(h.lost, lost) {
		t.Errorf("%d pings, lost by %v; want %d, %v", h.pings, h.lost, pings, lost)
	}
}

func TestKeepAliveTimer(t *testing.T) {
	for name, test := range map[string]struct {
		host  *aliveScript
		pings int
		lost  []error
	}{
		"pings at intervals":                     {&aliveScript{}, 6, nil},
		"a peer that is silent is lost":          {&aliveScript{pong: silence}, 1, []error{ErrKeepAlive}},
		"data that nobody reads hides a pong":    {&aliveScript{pong: silence, waits: true}, 4, nil},
		"a connection that has ended is let go":  {&aliveScript{pong: func(context.Context, *pingCall) error { return errOver }}, 1, nil},
		"a ping that cannot be sent is the last": {&aliveScript{send: func(context.Context, *pingCall) error { return errOver }}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := test.host
				h.play(t, 65*time.Second)
				h.want(t, test.pings, test.lost...)
			})
		})
	}
}

// A pong that is late does not matter while other bytes arrive, or while the peer makes
// room for what is written to it.
func TestKeepAliveOtherSigns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &aliveScript{}
		h.pong = func(ctx context.Context, call *pingCall) error {
			h.heard.Add(1)
			return silence(ctx, call)
		}
		h.play(t, 30*time.Second) // one ping each 14 s
		h.want(t, 2)
	})
	for name, test := range map[string]struct {
		took time.Duration
		lost []error
	}{
		"a write that waited":          {4 * time.Second / waitedShare, nil},
		"a write that the system took": {time.Microsecond, []error{ErrKeepAlive}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, k := &aliveScript{}, (*keepAlive)(nil)
				h.pong = func(ctx context.Context, call *pingCall) error {
					k.pace.count(test.took)
					return silence(ctx, call)
				}
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				h.ended = cancel
				k = newKeepAlive(KeepAlive{Interval: 10 * time.Second, Timeout: 4 * time.Second}, h, new(pings))
				k.start()
				defer k.stop()
				select {
				case <-time.After(15 * time.Second):
				case <-ctx.Done():
				}
				synctest.Wait()
				h.want(t, 1, test.lost...)
			})
		})
	}
}

// While a ping waits to be sent the peer is alive as long as it takes anything.
func TestKeepAliveQueuedPing(t *testing.T) {
	stuck := func(ctx context.Context, h *aliveScript, signs int) {
		for range signs {
			time.Sleep(3 * time.Second)
			h.heard.Add(1)
		}
		<-ctx.Done()
	}
	for name, test := range map[string]struct {
		signs int
		waits bool
		ends  time.Duration // after the ping
	}{
		"nothing is taken":                {0, false, 4 * time.Second},
		"something is taken for a while":  {3, false, 16 * time.Second},
		"the application has data unread": {0, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over, cancel := context.WithCancel(context.Background())
				defer cancel()
				h := &aliveScript{waits: test.waits}
				h.send = func(context.Context, *pingCall) error {
					stuck(over, h, test.signs)
					return errOver
				}
				start := time.Now()
				h.play(t, time.Minute)
				if test.ends == 0 {
					h.want(t, 1)
					cancel()
					return
				}
				h.want(t, 1, ErrKeepAlive)
				if took := time.Since(start) - 10*time.Second; took != test.ends || h.event != conn.Expire {
					t.Errorf("%v after %v, want %v", h.event, took, test.ends)
				}
			})
		})
	}
}

// Where there is no interval there is no keepalive, and that is no trouble to those who
// start and stop it. Without a timeout the interval is one.
func TestKeepAliveSettings(t *testing.T) {
	if k := newKeepAlive(KeepAlive{Timeout: time.Second}, nil, nil); k != nil {
		t.Error("a keepalive without an interval")
	} else {
		k.start()
		k.stop()
	}
	if k := newKeepAlive(KeepAlive{Interval: time.Second}, nil, nil); k.set.Timeout != time.Second {
		t.Errorf("timeout %v", k.set.Timeout)
	}
}
