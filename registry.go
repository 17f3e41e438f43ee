package websocket

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
)

// Registry is a set of open connections, for a server that wants to reach all of them or to
// shut down gracefully. (http.Server.Shutdown does not know connections that were taken over
// from it.) Set it in [AcceptOptions]. The zero value is ready to use. Every method may be
// called from any goroutine.
type Registry struct {
	mu    sync.Mutex
	conns map[*Conn]struct{}
	empty chan struct{}        // made by Shutdown, closed when conns is empty
	calls map[*func()]struct{} // that Shutdown makes
}

// add puts c into the set. It reports false after Shutdown.
func (r *Registry) add(c *Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.empty != nil {
		return false
	}
	if r.conns == nil {
		r.conns = make(map[*Conn]struct{})
	}
	if c.life.register(func() { r.remove(c) }) { // otherwise c has already ended
		r.conns[c] = struct{}{}
	}
	return true
}

func (r *Registry) remove(c *Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.conns[c]; !ok {
		return
	}
	delete(r.conns, c)
	if len(r.conns) == 0 && r.empty != nil {
		close(r.empty)
	}
}

// closed reports whether Shutdown has been called.
func (r *Registry) closed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.empty != nil
}

// onShutdown has Shutdown start f on a goroutine of its own, or starts it now if Shutdown has
// been called. stop prevents that.
func (r *Registry) onShutdown(f func()) (stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.empty != nil {
		go f()
		return func() {}
	}
	if r.calls == nil {
		r.calls = make(map[*func()]struct{})
	}
	call := &f
	r.calls[call] = struct{}{}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.calls, call)
	}
}

// Len returns the number of connections.
func (r *Registry) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// All iterates over the connections that are in the set when the iteration begins.
// Connections may come and go meanwhile.
func (r *Registry) All() iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		for _, c := range r.snapshot() {
			if !yield(c) {
				return
			}
		}
	}
}

func (r *Registry) snapshot() []*Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.conns))
}

// Shutdown closes every connection with StatusGoingAway and waits until all have ended. It
// does not wait for their [ServeFunc]s to return. Once it is called, new connections are
// refused with 503 Service Unavailable; connections of [ServeHTTP2] take no more streams, and
// end with their last. If ctx ends first, the remaining connections are
// dropped as by [Conn.CloseNow], and Shutdown returns ctx's error.
func (r *Registry) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	if r.empty == nil {
		r.empty = make(chan struct{})
		if len(r.conns) == 0 {
			close(r.empty)
		}
		for call := range r.calls {
			go (*call)()
		}
		clear(r.calls)
	}
	empty := r.empty
	r.mu.Unlock()
	for c := range r.All() {
		go func() { _ = c.CloseContext(ctx, StatusGoingAway, "") }()
	}
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		for c := range r.All() {
			_ = c.closeNow()
			r.remove(c) // another goroutine may be about to do so
		}
		return ctx.Err()
	}
}
