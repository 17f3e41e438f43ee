package websocket

import (
	"sync"
	"sync/atomic"
)

// gate is a mutex that a caller can stop waiting for. An uncontended lock and
// unlock are one atomic operation each. The zero value is open.
//
// The state follows Drepper's futex mutex (Futexes Are Tricky, §5, mutex2), with
// a one-slot channel in place of the futex.
type gate struct {
	state atomic.Uint32
	mu    sync.Mutex
	wake  chan struct{} // made by the first to wait; a token says "try again"
}

const (
	gateFree    = iota // nobody is inside
	gateHeld           // somebody is inside, nobody waits
	gateWaiters        // somebody is inside, and somebody may be waiting
)

// tryLock enters if nobody is inside.
func (g *gate) tryLock() bool { return g.state.CompareAndSwap(gateFree, gateHeld) }

// contend enters, or announces that the caller is about to wait on the channel
// that turns returns. After a token from it, contend again.
func (g *gate) contend() bool { return g.state.Swap(gateWaiters) == gateFree }

// turns returns the channel that hands one waiter its turn.
func (g *gate) turns() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wake == nil {
		g.wake = make(chan struct{}, 1)
	}
	return g.wake
}

// lock waits until the caller is inside or giveUp is closed. A nil giveUp never is.
func (g *gate) lock(giveUp <-chan struct{}) bool {
	if g.tryLock() {
		return true
	}
	turns := g.turns()
	for !g.contend() {
		select {
		case <-turns:
		case <-giveUp:
			return false
		}
	}
	return true
}

// unlock leaves, and wakes one waiter if there may be any.
func (g *gate) unlock() {
	if g.state.Swap(gateFree) == gateWaiters {
		g.nudge()
	}
}

// nudge tells one waiter to try again.
func (g *gate) nudge() {
	select {
	case g.turns() <- struct{}{}:
	default: // a token is there already: whoever takes it tries again
	}
}
