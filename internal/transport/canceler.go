package transport

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Canceler lets a context interrupt one direction of a Transport, at no cost per call
// while the context stays the same.
//
// To interrupt is to set a deadline in the past: what has been read or written so far
// stays, and the connection with it. A context seen twice in a row stays registered
// between calls. One seen once is dropped when its call ends, so that the usual "defer
// cancel()" does not set off an interruption nobody waits for.
//
// Arm, Park, Disarm and Reset are called inside the gate of the direction, Interrupt from
// anywhere.
//
// A call of the transport that times out did so because of us if, and only if, the flag
// interrupted is set when it returns:
//   - The flag is set before the deadline. Whoever meets the deadline finds the flag.
//   - Only calls inside the gate clear the two (Resume, Reset), and none of them while
//     the gate's holder is in the transport. So the flag is still there afterwards.
//   - The one other place that clears them is interruptIf, for a context that ends
//     between two calls. Arm clears the flag parked before it looks whether its context has
//     ended. Either interruptIf sees that, and leaves the interruption, or Arm sees that
//     the context has ended, and no call begins. A call with another context drops the
//     registration first, under mu, behind interruptIf.
//   - A callback that comes late, after its registration was dropped, does nothing.
//
// Two deadlines of our own come without the flag, and are known where they are set:
// that of LimitWrite, and that of an inline loop. Any other timeout is the stream's own,
// or of somebody who set a deadline on NetConn.
type Canceler struct {
	// A pointer to where the connection has its transport: the interface itself would take
	// a word more in each direction of every connection.
	of *Transport

	done <-chan struct{} // of the context last seen; contexts that share it end together
	stop func() bool     // unregisters; nil when nothing is registered

	mu    sync.Mutex
	state cancelerState

	direction Direction
	calls     uint8 // inside the gate: how many calls in a row have armed the same context, up to 2
}

// Direction is what a Canceler interrupts.
type Direction uint8

const (
	Reading Direction = iota
	Writing
)

// cancelerState is three flags, and above them a count of registrations, by which a late
// callback knows that it is late. A connection has two of these: it is one word.
type cancelerState struct{ word atomic.Uint32 }

const (
	interrupted = 1 << iota // the transport stands interrupted; changed under mu
	parked                  // a context stays registered, and no call is under way
	retired                 // the connection has ended
	nextTurn                // one registration; changed under mu
)

func (s *cancelerState) is(flag uint32) bool { return s.word.Load()&flag != 0 }
func (s *cancelerState) set(flag uint32)     { s.word.Or(flag) }
func (s *cancelerState) clear(flag uint32)   { s.word.And(^flag) }

// turn begins a registration, or forgets the one that was.
func (s *cancelerState) turn() (turn uint32) { return s.word.Add(nextTurn) / nextTurn }

func (s *cancelerState) isTurn(turn uint32) bool { return s.word.Load()/nextTurn == turn }

// Init says what is to be interrupted. of must not move.
func (w *Canceler) Init(of *Transport, d Direction) { w.of, w.direction = of, d }

// interrupt makes calls of the direction fail. Under mu.
func (w *Canceler) interrupt() {
	w.state.set(interrupted)
	if w.direction == Writing {
		(*w.of).InterruptWrite(true)
	} else {
		(*w.of).InterruptRead(true)
	}
}

// resume ends that. Reads that Close has interrupted stay so. Under mu.
func (w *Canceler) resume() {
	w.state.clear(interrupted)
	if w.direction == Writing {
		(*w.of).InterruptWrite(false)
		return
	}
	(*w.of).InterruptRead(false)
	if w.state.is(retired) {
		(*w.of).InterruptRead(true)
	}
}

// Arm makes ctx able to interrupt the transport from now on. It fails, with ctx.Err(), if
// ctx is done. done is ctx.Done(), which the caller has looked at before: a context that
// is done when the connection has ended needs Disarm only, as does one that never is.
func (w *Canceler) Arm(ctx context.Context, done <-chan struct{}) error {
	if w.stop != nil && done == w.done {
		w.state.clear(parked)
		select {
		case <-done:
			return ctx.Err()
		default:
			return nil
		}
	}
	if w.stop != nil {
		w.Reset()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if done != w.done {
		w.done, w.calls = done, 0
	}
	w.mu.Lock()
	turn := w.state.turn()
	w.mu.Unlock()
	w.stop = context.AfterFunc(ctx, func() { w.interruptIf(turn) })
	return nil
}

// IsArmed reports whether the last Arm was for a context that ends with done, and is in
// effect.
func (w *Canceler) IsArmed(done <-chan struct{}) bool { return w.stop != nil && done == w.done }

// Disarm is Arm for a context that cannot interrupt.
func (w *Canceler) Disarm() {
	if w.stop != nil || w.done != nil {
		w.Reset()
	}
}

// Park is called when a call that may have armed is over.
func (w *Canceler) Park() {
	if w.stop != nil {
		w.park()
	}
}

func (w *Canceler) park() {
	if w.calls++; w.calls >= 2 {
		w.calls = 2 // seen twice in a row: it will be seen again
		if w.state.set(parked); w.state.is(interrupted) {
			w.Reset() // interruptIf may not have seen that nobody is interrupted
		}
		return
	}
	done, calls := w.done, w.calls
	w.Reset()
	w.done, w.calls = done, calls
}

// Reset forgets the context and ends an interruption, whoever asked for it.
func (w *Canceler) Reset() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	w.done, w.calls = nil, 0
	w.state.clear(parked)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.turn()
	if w.state.is(interrupted) {
		w.resume()
	}
}

// Retire is called before the transport is closed: what Close interrupts stays so.
func (w *Canceler) Retire() { w.state.set(retired) }

// Resume ends an interruption, whoever asked for it. It also removes a deadline that was
// set on the transport by others. The caller then looks at its own context before it goes
// on.
func (w *Canceler) Resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resume()
}

// Caused reports whether err, which the transport has just returned, says that it stands
// interrupted by us.
func (w *Canceler) Caused(err error) bool { return w.state.is(interrupted) && TimedOut(err) }

// ResumeAfter is Resume if we have caused err, and reports that.
func (w *Canceler) ResumeAfter(err error) bool {
	if !w.Caused(err) {
		return false
	}
	w.Resume()
	return true
}

// LimitWrite bounds the Write that comes next, unless the transport stands interrupted.
func (w *Canceler) LimitWrite(deadline time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.state.is(interrupted) {
		(*w.of).LimitWrite(deadline)
	}
}

// Interrupt interrupts the transport.
func (w *Canceler) Interrupt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupt()
}

// interruptIf is what a context calls that has ended, by the turn of its registration.
func (w *Canceler) interruptIf(turn uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.state.isTurn(turn) {
		return
	}
	// A deadline that passes while nobody writes is not harmless: TLS answers a KeyUpdate
	// in the middle of a read, and a write that fails once fails for ever.
	if w.interrupt(); w.state.is(parked) {
		w.resume() // the next call finds that the context is done
	}
}
