package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// canceled records what a Canceler does to its transport.
type canceled struct {
	Canceler
	Transport // no other methods than a test needs
	on        bool
	touched   int
	limits    []time.Time
	closed    bool
}

func newCanceled(d Direction) *canceled {
	w := &canceled{}
	of := Transport(w)
	w.Init(&of, d)
	return w
}

func (w *canceled) InterruptRead(on bool)  { w.note(Reading, on) }
func (w *canceled) InterruptWrite(on bool) { w.note(Writing, on) }
func (w *canceled) LimitWrite(t time.Time) { w.limits = append(w.limits, t) }

func (w *canceled) Close() error {
	w.closed = true
	return nil
}

func (w *canceled) note(d Direction, on bool) {
	if d != w.direction {
		panic("the wrong direction")
	}
	w.on = on
	w.touched++
}

// arm is Arm as a connection uses it.
func (w *canceled) arm(ctx context.Context) error {
	if ctx.Done() == nil {
		w.Disarm()
		return nil
	}
	return w.Arm(ctx, ctx.Done())
}

// both runs a test for both directions, in a bubble.
func both(t *testing.T, test func(t *testing.T, w func() *canceled)) {
	for name, d := range map[string]Direction{"reading": Reading, "writing": Writing} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, func() *canceled { return newCanceled(d) }) })
		})
	}
}

// A context that ends during the call interrupts; the next context does not find
// the interruption.
func TestCancelerInterrupts(t *testing.T) {
	both(t, func(t *testing.T, canceler func() *canceled) {
		w := canceler()
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
			w.Park()
		}
		if err := w.arm(context.Background()); err != nil || w.on {
			t.Errorf("arm: %v, interrupted %v", err, w.on)
		}
		w.Interrupt()
		w.Resume()
		if w.on {
			t.Error("Resume leaves the interruption")
		}
	})
}

// The end of a context between calls interrupts nobody who does not use it.
func TestCancelerBetweenCalls(t *testing.T) {
	both(t, func(t *testing.T, canceler func() *canceled) {
		for times := 1; times <= 3; times++ {
			w := canceler()
			ctx, cancel := context.WithCancel(context.Background())
			for range times {
				if err := w.arm(ctx); err != nil {
					t.Fatal(err)
				}
				w.Park()
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
			w.Park()
			stop()
			w.Reset()
			synctest.Wait()
			if w.on {
				t.Error("Reset leaves an interruption")
			}
		}
	})
}

// The same context costs nothing from the third call on, and dropping it clears up.
func TestCancelerSameContext(t *testing.T) {
	w := newCanceled(Reading)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	call := func() {
		if err := w.arm(ctx); err != nil {
			t.Fatal(err)
		}
		w.Park()
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
	w.Reset()
	w.interruptIf(turn) // late
	if w.on {
		t.Error("a late callback interrupts")
	}
}

// What Close has interrupted stays so, though a context that comes too late is dropped.
// Writes need no such thing: Close ends them.
func TestCancelerRetires(t *testing.T) {
	both(t, func(t *testing.T, canceler func() *canceled) {
		w := canceler()
		w.Interrupt()
		if err := w.Canceler.Close(); err != nil || !w.closed {
			t.Errorf("closed %v: %v", w.closed, err)
		}
		w.Reset()
		if w.on != (w.direction == Reading) {
			t.Errorf("interrupted is %v after the end", w.on)
		}
	})
}

// A timeout is the Canceler's only while it interrupts.
func TestCancelerCaused(t *testing.T) {
	both(t, func(t *testing.T, canceler func() *canceled) {
		w := canceler()
		if w.Caused(os.ErrDeadlineExceeded) || w.ResumeAfter(os.ErrDeadlineExceeded) {
			t.Error("it has caused a timeout, and interrupts nobody")
		}
		w.Interrupt()
		if w.Caused(io.EOF) || w.ResumeAfter(io.EOF) {
			t.Error("it has caused the end of a stream")
		}
		if !w.Caused(os.ErrDeadlineExceeded) || !w.ResumeAfter(os.ErrDeadlineExceeded) || w.on {
			t.Error("it has not caused a timeout, or interrupts still")
		}
	})
}

// A limit does not replace an interruption.
func TestCancelerLimits(t *testing.T) {
	w := newCanceled(Writing)
	limit := time.Unix(1000, 0)
	w.Canceler.LimitWrite(limit)
	w.Interrupt()
	w.Canceler.LimitWrite(limit.Add(1))
	w.Resume()
	w.Canceler.LimitWrite(time.Time{})
	if !slices.Equal(w.limits, []time.Time{limit, {}}) {
		t.Errorf("limits: %v", w.limits)
	}
}

// A context that ends while its call is being parked leaves no interruption behind.
func TestCancelerParksTooLate(t *testing.T) {
	both(t, func(t *testing.T, canceler func() *canceled) {
		w := canceler()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if err := w.arm(ctx); err != nil {
			t.Fatal(err)
		}
		w.Park()
		if err := w.arm(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait()
		w.Park()
		if w.on || w.stop != nil {
			t.Errorf("interrupted %v, registered %v", w.on, w.stop != nil)
		}
	})
}

// A connection that gets another transport keeps its interruptions, and gets none once it is
// closed.
func TestMove(t *testing.T) {
	first, second := newCanceled(Reading), &canceled{}
	of := Transport(first)
	var reading, writing Canceler
	reading.Init(&of, Reading)
	writing.Init(&of, Writing)
	wantIs(t, "Move", Move(&reading, &writing, func() (Transport, error) { return nil, io.EOF }), io.EOF)
	if reading.Stream() != Transport(first) {
		t.Error("a Move that failed has an effect")
	}
	reading.Interrupt()
	to := func() (Transport, error) { return second, nil }
	if err := Move(&reading, &writing, to); err != nil || writing.Stream() != Transport(second) || !second.on {
		t.Errorf("%v, interrupted %v", err, second.on)
	}
	reading.Resume()
	first.direction, second.direction = Writing, Writing
	of = first
	writing.Interrupt()
	if err := Move(&reading, &writing, to); err != nil || !second.on {
		t.Errorf("%v, interrupted %v", err, second.on)
	}
	if err := reading.Close(); err != nil || !second.closed {
		t.Errorf("%v, closed %v", err, second.closed)
	}
	wantIs(t, "Move of what is closed", Move(&reading, &writing, to), net.ErrClosed)
}
