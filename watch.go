package websocket

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// watch lets a context interrupt one direction of a transport, at no cost per
// call while the context stays the same.
//
// To interrupt is to set a deadline in the past: what has been read or written so
// far stays, and the connection with it. A context seen twice in a row stays
// registered between calls. One seen once is dropped when its call ends, so that
// the usual "defer cancel()" does not set off an interruption nobody waits for.
//
// arm, rest and drop are called inside the gate of the direction, trip from
// anywhere.
//
// A call of the transport that times out did so because of us if, and only if, tripped
// is set when it returns:
//   - The flag is set before the deadline. Whoever meets the deadline finds the flag.
//   - Only calls inside the gate clear the two (resume, drop), and none of them while
//     the gate's holder is in the transport. So the flag is still there afterwards.
//   - The one other place that clears them is tripIf, for a context that ends between
//     two calls. arm sets resting to false before it looks whether its context has
//     ended: either tripIf sees that, and leaves the interruption, or arm sees that the
//     context has ended, and no call begins. A call with another context drops the
//     registration first, under mu, behind tripIf.
//   - A callback that comes late, after its registration was dropped, does nothing.
//
// Two deadlines of our own come without the flag, and are known where they are set:
// [Timeouts.Write] in transmitPart, and that of a loop over messages in residence. Any
// other timeout is the stream's own, or of somebody who set a deadline on NetConn.
type watch struct {
	conn *Conn

	done <-chan struct{} // of the context last seen; contexts that share it end together
	stop func() bool     // unregisters; nil when nothing is registered

	mu    sync.Mutex
	state watchState

	direction direction
	calls     uint8 // inside the gate: how many calls in a row have armed the same context, up to 2
}

// watchState is two flags, and above them a count of registrations, by which a late
// callback knows that it is late. A connection has two of these: it is one word.
type watchState struct{ word atomic.Uint32 }

const (
	tripped  = 1 << iota // the transport stands interrupted; changed under mu
	resting              // a context stays registered, and no call is under way
	nextTurn             // one registration; changed under mu
)

func (s *watchState) is(flag uint32) bool { return s.word.Load()&flag != 0 }

func (s *watchState) set(flag uint32, on bool) {
	if on {
		s.word.Or(flag)
	} else {
		s.word.And(^flag)
	}
}

// turn begins a registration, or forgets the one that was.
func (s *watchState) turn() (turn uint32) { return s.word.Add(nextTurn) / nextTurn }

func (s *watchState) isTurn(turn uint32) bool { return s.word.Load()/nextTurn == turn }

type direction uint8

const (
	reading direction = iota
	writing
)

// interrupt sets the transport's interruption. Under mu.
func (w *watch) interrupt(on bool) {
	w.state.set(tripped, on)
	if w.direction == writing {
		w.conn.transport.interruptWrite(on)
		return
	}
	w.conn.transport.interruptRead(on)
	if !on && w.conn.state() == conn.Terminated {
		w.conn.transport.interruptRead(true) // as close has left it
	}
}

// arm makes ctx able to interrupt the transport from now on. It fails, with
// ctx.Err(), if ctx is done. A ctx that is done when the connection has ended needs no
// watching: that interrupts of itself.
func (w *watch) arm(ctx context.Context) error {
	if w.conn.endsWith(ctx) {
		w.disarm()
		return nil
	}
	done := ctx.Done()
	if done == nil || w.conn.life.isDone(done) {
		w.disarm()
		return nil
	}
	if w.stop != nil && done == w.done {
		w.state.set(resting, false)
		select {
		case <-done:
			return ctx.Err()
		default:
			return nil
		}
	}
	if w.stop != nil {
		w.drop()
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
	w.stop = context.AfterFunc(ctx, func() { w.tripIf(turn) })
	return nil
}

// disarm is arm for a context that needs no watching.
func (w *watch) disarm() {
	if w.stop != nil || w.done != nil {
		w.drop()
	}
}

// rest is called when a call that may have armed the watch is over.
func (w *watch) rest() {
	if w.stop != nil {
		w.restArmed()
	}
}

func (w *watch) restArmed() {
	if w.calls++; w.calls >= 2 {
		w.calls = 2 // seen twice in a row: it will be seen again
		if w.state.set(resting, true); w.state.is(tripped) {
			w.drop() // tripIf may not have seen that nobody is interrupted
		}
		return
	}
	done, calls := w.done, w.calls
	w.drop()
	w.done, w.calls = done, calls
}

// drop forgets the context and clears an interruption it may have caused.
func (w *watch) drop() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	w.done, w.calls = nil, 0
	w.state.set(resting, false)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.turn()
	w.clear()
}

// resume clears an interruption, whoever asked for it, also a deadline that was on
// the transport before. The caller then looks at its own context before it goes on.
func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupt(false)
}

// caused reports whether err, which the transport has just returned, says that it
// stands interrupted by us.
func (w *watch) caused(err error) bool { return w.state.is(tripped) && timedOut(err) }

// resumeAfter is resume if we have caused err, and reports that.
func (w *watch) resumeAfter(err error) bool {
	if !w.caused(err) {
		return false
	}
	w.resume()
	return true
}

func (w *watch) clear() {
	if w.state.is(tripped) {
		w.interrupt(false)
	}
}

// limit bounds the write that comes next, unless the transport stands interrupted.
func (w *watch) limit(t transport, deadline time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.state.is(tripped) {
		t.limitWrite(deadline)
	}
}

// trip interrupts the transport.
func (w *watch) trip() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupt(true)
}

func (w *watch) tripIf(turn uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.state.isTurn(turn) {
		return
	}
	// A deadline that passes while nobody writes is not harmless: TLS answers a
	// KeyUpdate in the middle of a read, and a write that fails once fails for ever.
	if w.interrupt(true); w.state.is(resting) {
		w.interrupt(false) // the next call finds the context done
	}
}
