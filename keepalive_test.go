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
	heard *atomic.Uint32 // counts what has arrived; set by keepAlive

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

func (h *aliveScript) shell(k *keepAlive) aliveShell {
	return &aliveByTimer{k: k, pings: new(pings)}
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

// keepAlive returns a keepalive of 10 s, with 4 s to answer.
func (h *aliveScript) keepAlive() *keepAlive {
	k := newKeepAlive(KeepAlive{Interval: 10 * time.Second, Timeout: 4 * time.Second}, h)
	h.heard = &k.pace.heard
	return k
}

// play has a keepalive of 10 s, with 4 s to answer, run for as long: see want.
func (h *aliveScript) play(t *testing.T, last time.Duration) *keepAlive {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h.ended = cancel
	k := h.keepAlive()
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
				k = h.keepAlive()
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
	if k := newKeepAlive(KeepAlive{Timeout: time.Second}, nil); k != nil {
		t.Error("a keepalive without an interval")
	} else {
		k.start()
		k.pong(1)
		k.room()
		k.stop()
	}
	if k := newKeepAlive(KeepAlive{Interval: time.Second}, nil); k.set.Timeout != time.Second {
		t.Errorf("timeout %v", k.set.Timeout)
	}
}

// Each line is what happens, with the counts at that time, and what follows.
func TestPulse(t *testing.T) {
	type step struct {
		e       pulseEvent
		now     signs
		verdict verdict
		phase   pulsePhase
	}
	none, heard, written, waited := signs{}, signs{heard: 1}, signs{written: 1}, signs{written: 1, waited: 1}
	ping := step{onTime, none, verdictPing, pulseQueued}
	posted := step{onPosted, none, verdictWait, pulsePosted}
	sent := step{onSent, none, verdictWait, pulseWaiting}
	for name, script := range map[string][]step{
		"a pong": {ping, sent, {onPong, heard, verdictRest, pulseResting}, {onTime, heard, verdictPing, pulseQueued}},
		"a pong that is faster than the sender": {ping, {onPong, heard, verdictRest, pulseResting}, {onSent, heard, verdictNone, pulseResting},
			{onPosted, heard, verdictNone, pulseResting}, {onRoom, heard, verdictNone, pulseResting}},
		"a pong of a posted ping": {ping, posted, {onPong, heard, verdictRest, pulseResting}},
		"other bytes":             {ping, sent, {onTime, heard, verdictRest, pulseResting}},
		"room in the network":     {ping, sent, {onTime, waited, verdictRest, pulseResting}},
		"bytes that the look has found": {ping, sent, {onTime, none, verdictDoubt, pulseWaiting},
			{onNoExcuse, heard, verdictRest, pulseResting}},
		"a pong that the look has found": {ping, sent, {onTime, none, verdictDoubt, pulseWaiting},
			{onPong, heard, verdictRest, pulseResting}, {onNoExcuse, heard, verdictNone, pulseResting}},
		"an application in the way": {ping, sent, {onTime, none, verdictDoubt, pulseWaiting}, {onHidden, none, verdictRest, pulseResting}},
		"silence": {ping, sent, {onTime, none, verdictDoubt, pulseWaiting}, {onNoExcuse, none, verdictLost, pulseOver},
			{onTime, none, verdictNone, pulseOver}, {onPong, heard, verdictNone, pulseOver}, {onHidden, none, verdictNone, pulseOver}},
		"a write that the system took": {ping, sent, {onTime, written, verdictDoubt, pulseWaiting}, {onNoExcuse, written, verdictLost, pulseOver}},
		"a ping that waits, and the peer takes something": {ping, {onTime, written, verdictWait, pulseQueued}, {onTime, written, verdictDoubt, pulseQueued},
			{onNoExcuse, written, verdictLost, pulseOver}},
		"a ping that waits, and an application in the way": {ping, {onTime, none, verdictDoubt, pulseQueued}, {onHidden, none, verdictWait, pulseQueued}},
		"a ping that waits is not sent by room for others": {ping, {onRoom, written, verdictNone, pulseQueued}},
		"a posted ping, and the peer takes something": {ping, posted, {onTime, written, verdictWait, pulsePosted},
			{onRoom, written, verdictWait, pulseWaiting}, {onTime, written, verdictDoubt, pulseWaiting}},
		"a posted ping, and the peer sends something": {ping, posted, {onTime, heard, verdictWait, pulsePosted}},
		"a posted ping, and nothing":                  {ping, posted, {onTime, none, verdictDoubt, pulsePosted}, {onNoExcuse, none, verdictLost, pulseOver}},
		"a ping is sent once":                         {ping, sent, {onSent, heard, verdictNone, pulseWaiting}, {onPosted, heard, verdictNone, pulseWaiting}},
		"nothing but the time matters at rest": {{onSent, heard, verdictNone, pulseResting}, {onPong, heard, verdictNone, pulseResting},
			{onHidden, heard, verdictNone, pulseResting}, {onNoExcuse, none, verdictNone, pulseResting}},
		"the end": {ping, {onEnd, none, verdictNone, pulseOver}, {onTime, none, verdictNone, pulseOver}},
	} {
		t.Run(name, func(t *testing.T) {
			var p pulse
			for i, s := range script {
				if v := p.on(s.e, s.now); v != s.verdict || p.phase != s.phase {
					t.Fatalf("step %d, event %d: verdict %d in phase %d, want %d in %d", i+1, s.e, v, p.phase, s.verdict, s.phase)
				}
			}
		})
	}
}

// scriptShell is a shell that a test plays.
type scriptShell struct{ did []string }

func (s *scriptShell) set(d time.Duration) { s.did = append(s.did, d.String()) }
func (s *scriptShell) stop()               { s.did = append(s.did, "stop") }
func (s *scriptShell) ping()               { s.did = append(s.did, "ping") }
func (s *scriptShell) look()               { s.did = append(s.did, "look") }
func (s *scriptShell) answers(uint64) bool { return false }

// A connection may move to a loop while the shell before waits for a pong. That ends, and its
// ping still counts.
func TestKeepAliveMoves(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		want  []string
	}{
		"at rest":               {5 * time.Second, []string{"10s", "ping", "4s"}},
		"while a pong is late":  {11 * time.Second, []string{"4s", "look", "stop"}},
		"when it has been lost": {20 * time.Second, []string{"stop"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &aliveScript{pong: silence, ended: func() {}}
				k := h.keepAlive()
				k.start()
				time.Sleep(test.after)
				synctest.Wait()
				to := &scriptShell{}
				k.move(to)
				synctest.Wait() // nobody waits for the pong any more, or this bubble would not end
				k.due()         // too early
				switch name {
				case "at rest":
					time.Sleep(10 * time.Second)
					k.due()
				case "while a pong is late":
					time.Sleep(4 * time.Second)
					k.due()
					k.on(onNoExcuse)
				}
				if k.stop(); name == "at rest" {
					to.did = slices.DeleteFunc(to.did, func(s string) bool { return s == "stop" })
					test.want = []string{"10s", "4s", "ping"}
				}
				if !slices.Equal(to.did, test.want) {
					t.Errorf("the new shell was told %q, want %q", to.did, test.want)
				}
			})
		})
	}
}
