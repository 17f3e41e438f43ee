package websocket

import "sync/atomic"

// gate is a mutex that a caller can stop waiting for. An uncontended lock and
// unlock are one atomic operation each. The zero value is open.
//
// The state follows Drepper's futex mutex (Futexes Are Tricky, §5, mutex2), with
// a bell in place of the futex.
type gate struct {
	state atomic.Uint32
	bell  bell // rings when it is worth trying again
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
func (g *gate) turns() <-chan struct{} { return g.bell.rings() }

// lock waits until the caller is inside, or until giveUp or ended is closed. One
// that is nil never is.
func (g *gate) lock(giveUp, ended <-chan struct{}) bool {
	if g.tryLock() {
		return true
	}
	turns := g.turns()
	for !g.contend() {
		select {
		case <-turns:
		case <-giveUp:
			return false
		case <-ended:
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

// nudge tells one waiter to try again. It is out of line so that unlock is not.
//
//go:noinline
func (g *gate) nudge() { g.bell.ring() }

// bell wakes one of those who wait for it. A ring that nobody heard is kept for
// the next; further ones are lost. The zero value is ready.
type bell struct {
	tokens atomic.Pointer[chan struct{}] // made by the first to use it
}

// rings returns the channel that gives a token for a ring.
func (b *bell) rings() chan struct{} {
	if tokens := b.tokens.Load(); tokens != nil {
		return *tokens
	}
	tokens := make(chan struct{}, 1)
	b.tokens.CompareAndSwap(nil, &tokens)
	return *b.tokens.Load()
}

func (b *bell) ring() {
	select {
	case b.rings() <- struct{}{}:
	default: // a token is there already: whoever takes it looks again
	}
}
