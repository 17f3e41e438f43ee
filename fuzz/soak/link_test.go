//go:build linux

package soak

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket"
)

// link is one connection, from the handshake to its end, as a plan has it.
type link struct {
	plan
	path
	streams [2]*stream // by the side they come from
	air     broadcasts // of a hub, as they came
	ends    [2]end
	carrier *carrier // of a stream of HTTP/2; nil before it is aboard

	passed   atomic.Int64    // bytes on the wire, where that is the network
	finish   context.Context // ends when writers are to stop where they are, for the ending
	toFinish context.CancelFunc
	busyNow  atomic.Int32 // writers that have not stopped

	mu      sync.Mutex
	excuses []string // why the stream may have ended early, besides the fault
	failed  bool
	sealed  bool // no server end may join any more
	joined  bool
	left    chan struct{} // closed when the server end is over
}

func newLink(r *run, p plan) *link {
	l := &link{plan: p, left: make(chan struct{})}
	l.path.begin(r)
	l.finish, l.toFinish = context.WithCancel(context.Background())
	lanes := [2]int{p.writers[client], p.writers[server]}
	if p.front.echoes() {
		lanes[server] = lanes[client]
	}
	for s := range side(2) {
		l.streams[s] = newStream(l, s, max(1, lanes[s]))
		l.ends[s] = end{link: l, side: s, over: make(chan struct{})}
	}
	return l
}

// fail reports what should not be. The first of a link says the most.
func (l *link) fail(format string, args ...any) {
	l.mu.Lock()
	first := !l.failed
	l.failed = true
	excuses := l.excuses
	l.mu.Unlock()
	if first {
		l.run.fail(fmt.Sprintf(format, args...), fmt.Sprintf("%v; struck: %v; excuses: %q", &l.plan, l.struck.Load(), excuses))
	}
}

// excuse says why the stream may end early.
func (l *link) excuse(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.excuses = append(l.excuses, why)
}

// hasExcuse reports whether anybody has given an excuse.
func (l *link) hasExcuse() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.excuses) > 0
}

// excused reports whether the stream may have ended early.
func (l *link) excused() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.excuses) > 0 || l.struck.Load()
}

// overdue is how much longer than its life a link may take. Nothing here is to fail
// because the machine is busy with something else, or stands still for a minute.
const overdue = 5 * time.Minute

// live connects, runs the client end, and judges.
func (l *link) live(ctx context.Context) {
	l.run.links.Store(l.id, l)
	defer l.run.links.Delete(l.id)
	late := time.AfterFunc(l.life+overdue, func() {
		l.fail("it does not end; goroutines:\n%s", stacks())
		l.excuse("it was ended by force")
		l.hangUp()
	})
	defer late.Stop()

	c, err := l.run.net.dial(ctx, l)
	if err != nil {
		l.dialFailed(err)
	} else {
		l.run.count.connections.Add(1)
		over := time.AfterFunc(l.life, l.toFinish)
		stop := context.AfterFunc(ctx, l.toFinish)
		l.ends[client].serve(c)
		over.Stop()
		stop()
	}
	l.mu.Lock()
	l.sealed = true
	joined := l.joined
	l.mu.Unlock()
	if joined && l.front.shares() {
		<-l.left // what others use does not end because this one is late
	} else if joined { // what the client has said last may still be on its way
		late := l.gone.Done()
		if l.fault.silent() { // or never arrive
			ctx, cancel := context.WithTimeout(context.Background(), silenceFound)
			defer cancel()
			late = ctx.Done()
		}
		select {
		case <-l.left:
		case <-late:
		}
	}
	l.forget()
	l.run.net.drop(l)
	if joined {
		<-l.left
	}
	if err == nil {
		l.judge(joined)
	}
}

// dialFailed: without a fault nothing may fail.
func (l *link) dialFailed(err error) {
	if _, typed := errors.AsType[*websocket.HandshakeError](err); !typed {
		l.fail("Dial returned %T: %v", err, err)
	}
	switch {
	case l.struck.Load():
	case l.fault.silent() && errors.Is(err, context.DeadlineExceeded): // the machine is slow
	case l.carrier != nil && strings.Contains(err.Error(), "SETTINGS"): // it is slower than ten seconds
		l.run.carriers.strike(l.carrier)
	case l.front == byHTTP2 && isInternalError(err):
		// The server's end is up and has cancelled a write. net/http resets the stream then,
		// and drops the response where that still waits.
	default:
		l.fail("Dial: %v", err)
	}
}

// join is the server end's way in. It returns when that is over; not ok if the link is.
func (l *link) join(c *websocket.Conn, serve func(e *end, c *websocket.Conn)) (ok bool) {
	l.mu.Lock()
	if l.sealed || l.joined {
		l.mu.Unlock()
		return false
	}
	l.joined = true
	l.mu.Unlock()
	defer close(l.left)
	serve(&l.ends[server], c)
	return true
}

// hangUp drops both ends.
func (l *link) hangUp() {
	for s := range l.ends {
		if c := l.ends[s].conn.Load(); c != nil {
			_ = c.CloseNow()
		}
	}
	l.forget()
	l.run.net.drop(l)
}

// allHasCome: also what a loop has read and is about to send back.
func (l *link) allHasCome() bool {
	return l.streams[client].missing() == "" && l.streams[server].missing() == "" &&
		(!l.front.echoes() || l.streams[server].answers(l.streams[client]))
}

// quiet waits until all writers have stopped and all that they sent has come, or the
// link is over.
func (l *link) quiet() {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(overdue - time.Minute); time.Now().Before(limit); {
		if l.busyNow.Load() == 0 && l.allHasCome() {
			return
		}
		select {
		case <-tick.C:
		case <-l.ends[client].over:
			return
		case <-l.ends[server].over:
			return
		}
	}
	l.fail("waiting for what was sent: %s %s", l.streams[client].missing(), l.streams[server].missing())
}
