package websocket

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// lifetimeLog is a host that writes down what its lifetime asks of it.
type lifetimeLog struct {
	life  *lifetime
	mu    sync.Mutex
	lines []string
}

func (h *lifetimeLog) add(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, line)
}

func (h *lifetimeLog) closeTimeout() time.Duration      { return 5 * time.Second }
func (h *lifetimeLog) stateChanged(from, to conn.State) { h.add(from.String() + " to " + to.String()) }
func (h *lifetimeLog) releaseAll()                      { h.add("release") }
func (h *lifetimeLog) traceEnded()                      { h.add("ended") }
func (h *lifetimeLog) ended()                           {}

func (h *lifetimeLog) expireIn(d time.Duration) timeLimit { return time.AfterFunc(d, h.life.expire) }

func (h *lifetimeLog) want(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.lines, want) {
		t.Errorf("the host sees %q, want %q", h.lines, want)
	}
}

func newLifetime() (*lifetime, *lifetimeLog) {
	log := new(lifetimeLog)
	log.life = &lifetime{host: log}
	return log.life, log
}

var normal = conn.CloseBody{Code: 1000}

// A closing handshake that is complete has no cause, even if the deadline passes then.
func TestLifetimeCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, log := newLifetime()
		if e := l.closedError(); l.current() != conn.Open || l.sentClose() || e.Began != SideNone || e.Cause != nil {
			t.Errorf("at first it is %v, %v", l.current(), e)
		}
		if do, ok := l.handle(conn.SendClose, normal, nil); do != conn.AwaitClose || !ok || !l.sentClose() {
			t.Errorf("our Close frame: %v, %v", do, ok)
		}
		if _, ok := l.handle(conn.SendClose, normal, io.EOF); ok {
			t.Error("a second Close frame is sent")
		}
		l.handle(conn.FlushClose, conn.CloseBody{}, nil)
		l.handle(conn.ReceiveClose, normal, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if e := l.closedError(); !e.Clean() || e.Cause != nil || e.Began != SideLocal {
			t.Errorf("it ended as %v", e)
		}
		log.want(t, "open to closed by us", "closed by us to closed by us", "closed by us to acknowledged",
			"acknowledged to terminated", "release", "ended")
	})
}

// The deadline of closing is one for all of it, and what was not written by then was not
// sent.
func TestLifetimeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLifetime()
		start := time.Now()
		l.handle(conn.SendClose, normal, nil)
		time.Sleep(3 * time.Second)
		l.handle(conn.ReceiveClose, normal, nil)
		<-l.done()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it ended after %v", took)
		}
		if e := l.closedError(); e.Sent != nil || e.Received == nil || !errors.Is(e, ErrCloseTimeout) {
			t.Errorf("it ended as %v, sent %v", e, e.Sent)
		}
	})
}

// The first cause stays, and the end of a connection is for ever.
func TestLifetimeKeepsFirstCause(t *testing.T) {
	l, log := newLifetime()
	l.keepCause(io.EOF)
	l.handle(conn.BreakWrite, conn.CloseBody{}, io.ErrClosedPipe)
	l.handle(conn.Break, conn.CloseBody{}, net.ErrClosed)
	l.keepCause(net.ErrClosed)
	if do, ok := l.handle(conn.Abandon, conn.CloseBody{}, nil); do != conn.Nothing || ok {
		t.Errorf("after the end: %v, %v", do, ok)
	}
	if e := l.closedError(); e.Cause != io.EOF {
		t.Errorf("cause %v", e.Cause)
	}
	log.want(t, "open to cut", "cut to terminated", "release", "ended")
}

// A connection that ended for no cause gets none later, and a peer that has said goodbye
// and gone, without waiting for our reply, is no cause.
func TestLifetimeOrderly(t *testing.T) {
	l, _ := newLifetime()
	l.handle(conn.Abandon, conn.CloseBody{}, nil)
	l.keepCause(io.EOF)
	if e := l.closedError(); e.Cause != nil {
		t.Errorf("after CloseNow: %v", e.Cause)
	}
	l, _ = newLifetime()
	l.handle(conn.ReceiveClose, normal, nil)
	l.handle(conn.SendClose, normal, nil)
	l.handle(conn.BreakWrite, conn.CloseBody{}, io.ErrClosedPipe)
	if e := l.closedError(); e.Cause != nil || e.Sent != nil {
		t.Errorf("a peer that did not wait: %v, sent %v", e.Cause, e.Sent)
	}
}

// Who waits is told once, in this order: the trace, the registry, all others.
func TestLifetimeTellsOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, log := newLifetime()
		early := l.done()
		if l.hasEnded() || !l.isDone(early) || l.isDone(make(chan struct{})) || l.done() != early {
			t.Error("done is not one channel, open at first")
		}
		later := func(line string) func() { return func() { <-early; log.add(line) } }
		l.onEnd(later("first"))
		stop := l.onEnd(later("stopped"))
		ok := l.register(func() {
			if l.hasEnded() {
				t.Error("done is closed before the registry knows")
			}
			if l.register(func() { t.Error("called too late") }) {
				t.Error("a registration during the end is accepted")
			}
			log.add("registry")
		})
		if !ok || !stop() || stop() {
			t.Error("not registered, or not stopped once")
		}
		l.notifyEnded() // a server's, before TCP ends
		synctest.Wait()
		log.want(t, "ended", "registry", "first")
		l.handle(conn.Abandon, conn.CloseBody{}, nil)
		synctest.Wait()
		log.want(t, "ended", "registry", "first", "open to terminated", "release")

		if l.register(func() {}) {
			t.Error("registered after the end")
		}
		stop = l.onEnd(func() { log.add("late") })
		synctest.Wait()
		if stop() || !l.hasEnded() {
			t.Error("what has ended can be stopped")
		}
		log.want(t, "ended", "registry", "first", "open to terminated", "release", "late")
	})
}

// The channel is made when it is asked for, also after the end.
func TestLifetimeDoneIsMadeLate(t *testing.T) {
	l, _ := newLifetime()
	if l.isDone(nil) {
		t.Error("no channel is done")
	}
	l.handle(conn.Abandon, conn.CloseBody{}, nil)
	if !l.hasEnded() {
		t.Error("not ended")
	}
	<-l.done()
	if !l.hasEnded() {
		t.Error("not ended any more")
	}
}

// Any of very many calls can be taken back, in any order.
func TestLifetimeListsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, log := newLifetime()
		stops := make([]func() bool, 5)
		for i := range stops {
			stops[i] = l.onEnd(func() { log.add(string(rune('a' + i))) })
		}
		for _, i := range []int{2, 4, 0} {
			if !stops[i]() {
				t.Errorf("call %d cannot be taken back", i)
			}
		}
		l.notifyEnded()
		synctest.Wait()
		slices.Sort(log.lines)
		log.want(t, "b", "d", "ended")
	})
}
