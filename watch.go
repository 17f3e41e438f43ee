package websocket

import (
	"context"
	"sync"
	"time"
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
type watch struct {
	conn *Conn

	done <-chan struct{} // of the context last seen; contexts that share it end together
	stop func() bool     // unregisters; nil when nothing is registered

	mu   sync.Mutex
	turn uint32 // counts registrations, so that a late callback knows it is late

	direction direction
	tripped   bool  // the transport stands interrupted; under mu
	calls     uint8 // inside the gate: how many calls in a row have armed the same context, up to 2
}

type direction uint8

const (
	reading direction = iota
	writing
)

// interrupt sets the transport's interruption. Under mu.
func (w *watch) interrupt(on bool) {
	if w.tripped = on; w.direction == reading {
		w.conn.transport.interruptRead(on)
	} else {
		w.conn.transport.interruptWrite(on)
	}
}

// arm makes ctx able to interrupt the transport from now on. It fails, with
// ctx.Err(), if ctx is done. A ctx that is done when the connection has ended needs no
// watching: that interrupts of itself.
func (w *watch) arm(ctx context.Context) error {
	if own, ok := ctx.(*serveContext); ok && own.c == w.conn {
		w.disarm()
		return nil
	}
	done := ctx.Done()
	if done == nil || w.conn.life.isDone(done) {
		w.disarm()
		return nil
	}
	if w.stop != nil && done == w.done {
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
	w.turn++
	turn := w.turn
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
		w.calls = 2
		return // seen twice in a row: it will be seen again
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
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn++
	w.clear()
}

// resume clears an interruption, whoever asked for it, also a deadline that was on
// the transport before. The caller then looks at its own context before it goes on.
func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupt(false)
}

func (w *watch) clear() {
	if w.tripped {
		w.interrupt(false)
	}
}

// limit bounds the write that comes next, unless the transport stands interrupted.
func (w *watch) limit(t transport, deadline time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.tripped {
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
	if w.turn == turn {
		w.interrupt(true)
	}
}
