package gate

import "sync/atomic"

// Wakeup wakes one of those who wait for it. One wake that nobody waits for is kept for
// the next to wait; further ones are lost. The zero value is ready.
type Wakeup struct {
	tokens atomic.Pointer[chan struct{}] // made by the first to use it
}

// C returns the channel that gives a token for a wake.
func (w *Wakeup) C() <-chan struct{} { return w.channel() }

func (w *Wakeup) channel() chan struct{} {
	if tokens := w.tokens.Load(); tokens != nil {
		return *tokens
	}
	tokens := make(chan struct{}, 1)
	w.tokens.CompareAndSwap(nil, &tokens)
	return *w.tokens.Load()
}

// Wake wakes one waiter.
func (w *Wakeup) Wake() {
	select {
	case w.channel() <- struct{}{}:
	default: // a token is there already: whoever takes it looks again
	}
}
