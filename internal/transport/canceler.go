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
// Arm, Park, Disarm and Reset are called inside the gate of the direction, Interrupt, Stream and
// Close from anywhere.
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

	*watch // nil until a context was seen that can interrupt

	mu    sync.Mutex
	state cancelerState

	direction Direction
	calls     uint8 // inside the gate: how many calls in a row have armed the same context, up to 2
}

// watch is the context that a Canceler has seen last.
type watch struct {
	done <-chan struct{} // contexts that share it end together
	stop func() bool     // unregisters; nil when nothing is registered
}

// interruptExpecter is a stream that has to know of an InterruptRead before the read begins.
type interruptExpecter interface{ ExpectInterrupt() }

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
func (c *Canceler) Init(of *Transport, d Direction) { c.of, c.direction = of, d }

// Transport returns what is interrupted.
func (c *Canceler) Transport() Transport { return *c.of }

// interrupt makes calls of the direction fail. Under mu.
func (c *Canceler) interrupt() {
	c.state.set(interrupted)
	if c.direction == Writing {
		(*c.of).InterruptWrite(true)
	} else {
		(*c.of).InterruptRead(true)
	}
}

// resume ends that. Reads that Close has interrupted stay so. Under mu.
func (c *Canceler) resume() {
	c.state.clear(interrupted)
	if c.direction == Writing {
		(*c.of).InterruptWrite(false)
		return
	}
	(*c.of).InterruptRead(false)
	if c.state.is(retired) {
		(*c.of).InterruptRead(true)
	}
}

// Arm lets the end of ctx interrupt the transport from now on. It returns ctx.Err() if ctx
// has ended. done is ctx.Done(), which the caller has looked at before. For a context that
// never ends, or ends only with the connection, call Disarm instead.
func (c *Canceler) Arm(ctx context.Context, done <-chan struct{}) error {
	if c.IsArmed(done) {
		c.state.clear(parked)
		select {
		case <-done:
			return ctx.Err()
		default:
			return nil
		}
	}
	if c.watch == nil {
		c.watch = new(watch)
	}
	if c.stop != nil {
		c.Reset()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if done != c.done {
		c.done, c.calls = done, 0
	}
	if c.direction == Reading {
		if s, ok := (*c.of).(interruptExpecter); ok {
			s.ExpectInterrupt()
		}
	}
	c.mu.Lock()
	turn := c.state.turn()
	c.mu.Unlock()
	c.stop = context.AfterFunc(ctx, func() { c.interruptIf(turn) })
	return nil
}

// IsArmed reports whether the last Arm was for a context that ends with done, and is in
// effect.
func (c *Canceler) IsArmed(done <-chan struct{}) bool {
	return c.watch != nil && c.stop != nil && done == c.done
}

// Disarm is Arm for a context that cannot interrupt.
func (c *Canceler) Disarm() {
	if c.watch != nil && (c.stop != nil || c.done != nil) {
		c.Reset()
	}
}

// Park is called when a call that may have armed is over.
func (c *Canceler) Park() {
	if c.watch != nil && c.stop != nil {
		c.park()
	}
}

func (c *Canceler) park() {
	if c.calls++; c.calls >= 2 {
		c.calls = 2 // seen twice in a row: it will be seen again
		if c.state.set(parked); c.state.is(interrupted) {
			c.Reset() // interruptIf may not have seen that nobody is interrupted
		}
		return
	}
	done, calls := c.done, c.calls
	c.Reset()
	c.done, c.calls = done, calls
}

// Reset forgets the context and ends an interruption, whoever asked for it.
func (c *Canceler) Reset() {
	if c.watch != nil {
		if c.stop != nil {
			c.stop()
		}
		*c.watch = watch{}
	}
	c.calls = 0
	c.state.clear(parked)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.turn()
	if c.state.is(interrupted) {
		c.resume()
	}
}

// Resume ends an interruption, whoever asked for it. It also removes a deadline that was
// set on the transport by others. The caller then looks at its own context before it goes
// on.
func (c *Canceler) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resume()
}

// Caused reports whether err, which the transport has just returned, says that it stands
// interrupted by us.
func (c *Canceler) Caused(err error) bool { return c.state.is(interrupted) && IsTimeout(err) }

// ResumeAfter is Resume if we have caused err, and reports that.
func (c *Canceler) ResumeAfter(err error) bool {
	if !c.Caused(err) {
		return false
	}
	c.Resume()
	return true
}

// LimitWrite bounds the Write that comes next, unless the transport stands interrupted.
func (c *Canceler) LimitWrite(deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.state.is(interrupted) {
		(*c.of).LimitWrite(deadline)
	}
}

// Interrupt interrupts the transport.
func (c *Canceler) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupt()
}

// interruptIf is what a context calls that has ended, by the turn of its registration.
func (c *Canceler) interruptIf(turn uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.state.isTurn(turn) {
		return
	}
	// A deadline that passes while nobody writes is not harmless: TLS answers a KeyUpdate
	// in the middle of a read, and a write that fails once fails for ever.
	if c.interrupt(); c.state.is(parked) {
		c.resume() // the next call finds that the context is done
	}
}
