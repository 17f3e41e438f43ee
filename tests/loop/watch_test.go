package loop_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/websocket"
)

// watch is between a Loop and its application, in every test of this package. It holds the
// Loop to what its documentation promises of the calls:
//
//   - Open comes once, and before everything else;
//   - no call begins before the one before it has returned;
//   - Closed comes once if there is a Receiver, not at all if there is none, with a
//     ClosedError, and nothing comes after it.
type watch struct {
	t      *testing.T
	mu     sync.Mutex
	lives  map[*websocket.Conn]*life
	opened atomic.Int32
}

// life is one connection, as far as its application has been told.
type life struct {
	inside   atomic.Int32 // calls under way: 0 or 1
	receives atomic.Int32 // whether it has a Receiver
	closings atomic.Int32 // how many calls of Closed
	err      error        // what Closed was told
	over     chan struct{}
}

func newWatch(t *testing.T) *watch { return &watch{t: t, lives: map[*websocket.Conn]*life{}} }

// on puts the watch between loop and its application.
func (w *watch) on(loop *websocket.Loop) {
	loop.Open = w.open(loop.Open)
	if prepare := loop.Prepare; prepare != nil {
		loop.Prepare = func(r *request) (websocket.OpenFunc, error) {
			open, err := prepare(r)
			if open != nil {
				open = w.open(open)
			}
			return open, err
		}
	}
	closed := loop.Closed
	loop.Closed = func(c *websocket.Conn, r websocket.Receiver, err error) {
		l := w.life(c)
		l.enter(w.t, "Closed")
		defer l.inside.Store(0)
		if ended, ok := errors.AsType[*websocket.ClosedError](err); !ok || ended == nil || !errors.Is(err, net.ErrClosed) {
			w.t.Errorf("Closed was told %T %v, want a ClosedError", err, err)
		}
		if l.receives.Load() == 0 {
			w.t.Error("Closed was called for a connection without a Receiver")
		}
		if c.Context().Err() == nil {
			w.t.Error("Closed was called, and the connection's context has not ended")
		}
		if r == nil || reflect.TypeOf(r) != reflect.TypeFor[*watched]() || r.(*watched).life != l {
			w.t.Errorf("Closed was called with the Receiver %v", r)
		}
		l.err = err
		if l.closings.Add(1) != 1 {
			w.t.Error("Closed was called twice")
			return
		}
		defer close(l.over)
		if closed != nil {
			closed(c, r, err)
		}
	}
}

// life returns what is known of c.
func (w *watch) life(c *websocket.Conn) *life {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lives[c]
	if l == nil {
		l = &life{over: make(chan struct{})}
		w.lives[c] = l
	}
	return l
}

func (w *watch) open(open websocket.OpenFunc) websocket.OpenFunc {
	return func(ctx context.Context, c *websocket.Conn) (r websocket.Receiver, err error) {
		w.opened.Add(1)
		l := w.life(c)
		if l.receives.Load() != 0 {
			w.t.Error("Open was called twice, or after Add")
		}
		l.enter(w.t, "Open")
		defer l.inside.Store(0) // also after a panic
		if r, err = open(ctx, c); err != nil || r == nil {
			return nil, err
		}
		return w.receiver(c, r), nil
	}
}

// receiver watches over r, which is the Receiver of c.
func (w *watch) receiver(c *websocket.Conn, r websocket.Receiver) websocket.Receiver {
	l := w.life(c)
	l.receives.Store(1)
	return &watched{w.t, l, c, r}
}

// watched is a Receiver under watch.
type watched struct {
	t    *testing.T
	life *life
	c    *websocket.Conn
	r    websocket.Receiver
}

// Receive calls that of the application.
func (w *watched) Receive(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
	w.life.enter(w.t, "Receive")
	defer w.life.inside.Store(0)
	if c != w.c {
		w.t.Error("Receive was called with another connection's Conn")
	}
	return w.r.Receive(ctx, c, m)
}

func (l *life) enter(t *testing.T, call string) {
	if !l.inside.CompareAndSwap(0, 1) {
		t.Errorf("%s began while another call for the connection was running", call)
	}
	if l.closings.Load() != 0 {
		t.Errorf("%s was called after Closed", call)
	}
}

// end says whether every connection has had its due, after Shutdown.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lives {
		if want := l.receives.Load(); l.closings.Load() != want {
			w.t.Errorf("Closed was called %d times, want %d", l.closings.Load(), want)
		}
		if n := l.inside.Load(); n != 0 {
			w.t.Error("a call had not returned when Shutdown did")
		}
	}
}
