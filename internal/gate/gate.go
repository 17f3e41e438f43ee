// Package gate has a mutex that a caller can stop waiting for.
//
// A [Gate] guards one half of a connection: whoever is inside may use it. An
// uncontended lock and unlock are one atomic operation each, and both are inlined.
// Those who wait do so on a channel, beside whatever else ends their wait: a context,
// the end of the connection, or a result that somebody else produces for them.
//
//	         TryLock                TryLockOrQueue: one is about to wait
//	free ───────────────▶ held ──────────────────────────────────────────▶ queued
//	free ◀─────────────── held                                               │
//	free ◀───────────────────────────────────────────────────────────────────┘
//	         Unlock                 Unlock, which wakes one
//
// The state follows Drepper's futex mutex (Futexes Are Tricky, §5, mutex2), with a
// [Wakeup] in place of the futex: whoever is woken tries again, and may find that
// another was faster.
package gate

import (
	"context"
	"errors"
	"sync/atomic"
)

// Gate is a mutex whose waiters can give up. The zero value is free.
type Gate struct {
	state  atomic.Uint32
	wakeup Wakeup // a waiter should try again
}

const (
	free   = iota // nobody is inside
	held          // somebody is inside, nobody waits
	queued        // somebody is inside, and somebody may be waiting
)

// ErrUnusable is returned by [Gate.LockWhile] when there is nothing left to wait for.
var ErrUnusable = errors.New("gate: of no use any more")

// TryLock enters if nobody is inside.
func (g *Gate) TryLock() bool { return g.state.CompareAndSwap(free, held) }

// TryLockOrQueue enters if nobody is inside. If it fails, the caller counts as waiting:
// it receives from WaitC and then calls TryLockOrQueue again. It should have called
// WaitC before, since making the channel is the slower part.
func (g *Gate) TryLockOrQueue() bool { return g.state.Swap(queued) == free }

// WaitC returns the channel that wakes one waiter when it is worth trying again.
func (g *Gate) WaitC() <-chan struct{} { return g.wakeup.C() }

// Lock waits until the caller is inside, or until giveUp or ended is closed. A nil
// channel never is.
func (g *Gate) Lock(giveUp, ended <-chan struct{}) bool {
	if g.TryLock() {
		return true
	}
	wait := g.WaitC()
	for !g.TryLockOrQueue() {
		select {
		case <-wait:
		case <-giveUp:
			return false
		case <-ended:
			return false
		}
	}
	return true
}

// LockWhile waits until the caller is inside, as long as usable reports true: it asks
// before each attempt, and fails with ErrUnusable. Whoever makes usable report false
// calls WakeOne; each waiter that fails for it wakes the next. LockWhile fails with
// ctx.Err() when ctx ends. It calls beforeWait, unless that is nil, before each wait.
func (g *Gate) LockWhile(ctx context.Context, usable func() bool, beforeWait func()) error {
	wait := g.WaitC()
	for {
		if !usable() {
			g.WakeOne()
			return ErrUnusable
		}
		if g.TryLockOrQueue() {
			return nil
		}
		if beforeWait != nil {
			beforeWait()
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Unlock leaves, and wakes one waiter if there may be any.
func (g *Gate) Unlock() {
	if g.state.Swap(free) == queued {
		g.WakeOne()
	}
}

// WakeOne has one waiter try again. It is out of line so that Unlock is not.
//
//go:noinline
func (g *Gate) WakeOne() { g.wakeup.Wake() }

// Held reports whether somebody is inside: a hint, unless the caller knows that it is
// alone.
func (g *Gate) Held() bool { return g.state.Load() != free }
