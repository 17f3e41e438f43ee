package websocket

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// watched records what a watch does to its transport.
type watched struct {
	watch
	transport // of the connection: it has no other methods than this test needs
	on        bool
	touched   int
}

func newWatched() *watched {
	w := &watched{}
	w.conn = &Conn{transport: w}
	return w
}

func (w *watched) interruptRead(on bool) { w.on = on; w.touched++ }

// A context that ends during the call interrupts; the next context does not find
// the interruption.
func TestWatchInterrupts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched()
		for range 4 { // a new context each time, as with a timeout for each call
			ctx, cancel := context.WithCancel(context.Background())
			if err := w.arm(ctx); err != nil || w.on {
				t.Fatalf("arm: %v, interrupted %v", err, w.on)
			}
			cancel()
			synctest.Wait()
			if !w.on {
				t.Fatal("the context ended and nothing was interrupted")
			}
			if err := w.arm(ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("arm with a context that has ended: %v", err)
			}
			w.rest()
		}
		if err := w.arm(context.Background()); err != nil || w.on {
			t.Errorf("arm: %v, interrupted %v", err, w.on)
		}
		w.trip()
		w.resume()
		if w.on {
			t.Error("resume leaves the interruption")
		}
	})
}

// The end of a context between calls interrupts nobody who does not use it.
func TestWatchBetweenCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for times := 1; times <= 3; times++ {
			w := newWatched()
			ctx, cancel := context.WithCancel(context.Background())
			for range times {
				if err := w.arm(ctx); err != nil {
					t.Fatal(err)
				}
				w.rest()
			}
			cancel()
			synctest.Wait()
			if w.on {
				t.Errorf("after %d calls: nobody is in a call, and the transport is interrupted", times)
			}
			if times == 1 && w.touched > 0 {
				t.Error("a context seen once stays registered")
			}
			other, stop := context.WithCancel(context.Background())
			if err := w.arm(other); err != nil || w.on {
				t.Errorf("after %d calls: arm: %v, interrupted %v", times, err, w.on)
			}
			w.rest()
			stop()
			w.drop()
			synctest.Wait()
			if w.on {
				t.Error("drop leaves an interruption")
			}
		}
	})
}

// The same context costs nothing from the third call on, and dropping it clears up.
func TestWatchSameContext(t *testing.T) {
	w := newWatched()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	call := func() {
		if err := w.arm(ctx); err != nil {
			t.Fatal(err)
		}
		w.rest()
	}
	call()
	call()
	if n := testing.AllocsPerRun(100, call); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
	if w.touched != 0 {
		t.Errorf("the transport was touched %d times", w.touched)
	}
	turn := w.state.word.Load() / nextTurn
	w.drop()
	w.tripIf(turn) // late
	if w.on {
		t.Error("a late callback interrupts")
	}
}

// The context of the connection's own end is not watched.
func TestWatchOwnEnd(t *testing.T) {
	w := newWatched()
	if err := w.arm(endContext{context.Background(), w.conn.done()}); err != nil || w.stop != nil {
		t.Errorf("arm: %v, registered %v", err, w.stop != nil)
	}
}

type endContext struct {
	context.Context
	done <-chan struct{}
}

func (c endContext) Done() <-chan struct{} { return c.done }
