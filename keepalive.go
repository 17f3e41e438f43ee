package websocket

import (
	"context"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// keepAlive pings the peer at intervals, and ends the connection of a peer that is gone. Its
// pulse decides. A shell has the time pass, and sends the pings:
//
//	aliveByTimer ──┐                        verdict
//	               ├──▶ keepAlive ──▶ pulse ───────▶ back to the shell, or lose
//	aliveOnLoop  ──┘  event
//
// In between no goroutine waits. By a timer, one waits for each pong, because it has to read
// while the application does not; a loop reads anyway.
type keepAlive struct {
	set  KeepAlive
	host keepAliveHost
	pace pace // counts reads and writes of the network

	mu    sync.Mutex
	pulse pulse
	shell aliveShell
	at    time.Duration // when the shell is to call due, counted from clockStart
}

// keepAliveHost is a connection as its keepalive sees it.
type keepAliveHost interface {
	// shell returns what has the time pass for k.
	shell(k *keepAlive) aliveShell
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

// aliveShell is where a keepAlive gets the time from. set and stop are called under mu.
type aliveShell interface {
	// set has due called in d, and not earlier. It replaces what was set before.
	set(d time.Duration)
	// stop undoes set, and ends the waiting for a pong.
	stop()
	// ping sends a ping, and reports what becomes of it.
	ping()
	// look finds out whether the application is in the way, and reports that.
	look()
	// answers reports whether a pong that answers the pings up to a number answers the last
	// one of the shell. A shell that waits for its pongs returns false: it sees them itself.
	answers(upTo uint64) bool
}

// newKeepAlive returns nil if keepalive is off.
func newKeepAlive(set KeepAlive, host keepAliveHost) *keepAlive {
	if set.Interval <= 0 {
		return nil
	}
	if set.Timeout <= 0 {
		set.Timeout = set.Interval
	}
	k := &keepAlive{set: set, host: host, pace: pace{aliveTimeout: set.Timeout}}
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
	k.shell = k.host.shell(k)
	k.wait(k.set.Interval)
}

// wait has due called in d. Under mu.
func (k *keepAlive) wait(d time.Duration) {
	k.at = time.Since(clockStart) + d
	k.shell.set(d)
}

// move has another shell go on. A ping that is under way is left to the shell before.
func (k *keepAlive) move(to aliveShell) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shell.stop()
	k.shell = to
	switch k.pulse.phase {
	case pulseOver:
	case pulseResting:
		k.wait(k.set.Interval)
	default:
		k.wait(k.set.Timeout)
	}
}

// stop ends the pings. k may be nil.
func (k *keepAlive) stop() {
	if k == nil {
		return
	}
	k.on(onEnd)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shell != nil {
		k.shell.stop()
	}
}

// pong is called when a pong has answered the pings up to a number, 0 for none. k may be nil.
func (k *keepAlive) pong(upTo uint64) {
	if k == nil || upTo == 0 {
		return
	}
	k.mu.Lock()
	by := k.shell
	k.mu.Unlock()
	if by.answers(upTo) {
		k.on(onPong)
	}
}

// room is called when a socket that was full has taken all that was posted. k may be nil.
func (k *keepAlive) room() {
	if k != nil {
		k.on(onRoom)
	}
}

// due is called when the time has come that a shell was set to.
func (k *keepAlive) due() {
	switch by, v := k.on(onTime); v {
	case verdictPing:
		by.ping()
	case verdictDoubt:
		by.look()
	}
}

// on handles an event, except for the verdicts verdictPing and verdictDoubt.
func (k *keepAlive) on(e pulseEvent) (by aliveShell, v verdict) {
	if by, v = k.judge(e); v == verdictLost {
		k.host.lose(conn.Expire, ErrKeepAlive)
	}
	return by, v
}

// judge has the pulse handle an event, and sets the time of the next onTime.
func (k *keepAlive) judge(e pulseEvent) (by aliveShell, v verdict) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e == onTime && time.Since(clockStart) < k.at {
		return k.shell, verdictNone // the time was set anew just when it had come
	}
	v = k.pulse.on(e, k.signs())
	switch v {
	case verdictRest:
		k.wait(k.set.Interval)
	case verdictPing, verdictWait:
		k.wait(k.set.Timeout)
	}
	return k.shell, v
}

// signs returns the signs of life so far.
func (k *keepAlive) signs() signs {
	return signs{k.pace.heard.Load(), k.pace.written.Load(), k.pace.waited.Load()}
}

// aliveByTimer has a keepAlive go on by a timer.
type aliveByTimer struct {
	k     *keepAlive
	pings *pings
	timer *time.Timer // nil: never set
	// giveUp ends the waiting for the pong. Under mu of k.
	giveUp context.CancelFunc
}

func (s *aliveByTimer) set(d time.Duration) {
	if s.k.pulse.phase == pulseResting {
		s.endWaiting()
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(d, s.k.due)
		return
	}
	s.timer.Reset(d)
}

func (s *aliveByTimer) stop() {
	s.timer.Stop()
	s.endWaiting()
}

// endWaiting is called when the ping has been judged.
func (s *aliveByTimer) endWaiting() {
	if s.giveUp != nil {
		s.giveUp()
		s.giveUp = nil
	}
}

// ping sends a ping and waits for its pong.
func (s *aliveByTimer) ping() {
	k := s.k
	call := s.pings.begin()
	defer s.pings.forget(call)
	if k.host.sendPing(context.Background(), call) != nil {
		k.on(onEnd)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if k.on(onSent); !s.waits(cancel) {
		return // the connection is on a loop now, or has ended
	}
	switch err := k.host.awaitPong(ctx, call); {
	case err == nil:
		k.on(onPong)
	case ctx.Err() == nil:
		k.on(onEnd)
	}
}

// waits notes how the waiting for a pong ends early. It reports whether there is any.
func (s *aliveByTimer) waits(giveUp context.CancelFunc) bool {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	if s.k.shell != s || s.k.pulse.phase != pulseWaiting {
		return false
	}
	s.giveUp = giveUp
	return true
}

func (s *aliveByTimer) look() {
	if s.k.host.waitsForApplication() {
		s.k.on(onHidden)
		return
	}
	s.k.on(onNoExcuse)
}

func (*aliveByTimer) answers(uint64) bool { return false }
