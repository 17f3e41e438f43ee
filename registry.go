package websocket

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
)

// Registry is a set of live connections, for a server that wants to reach all of
// them or to go away gracefully: http.Server.Shutdown does not know them. Put it
// into [AcceptOptions]. The zero value is ready; every method may be called from
// any goroutine.
type Registry struct {
	mu    sync.Mutex
	conns map[*Conn]struct{}
	empty chan struct{} // made by Shutdown; closed when the last has gone
}

// add takes c in. It refuses after Shutdown.
func (r *Registry) add(c *Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.empty != nil {
		return false
	}
	if r.conns == nil {
		r.conns = make(map[*Conn]struct{})
	}
	if c.life.register(func() { r.remove(c) }) { // it may have ended already
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

// Len returns how many connections there are.
func (r *Registry) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// All iterates over the connections there are now. Connections may come and go
// meanwhile.
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

// Shutdown closes every connection with StatusGoingAway and waits until all have
// ended. It does not wait for the functions that serve them to return. From its call on,
// new connections are refused with 503 Service Unavailable. When ctx ends first, the rest
// is dropped as by [Conn.CloseNow], and Shutdown returns ctx's error.
func (r *Registry) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	if r.empty == nil {
		r.empty = make(chan struct{})
		if len(r.conns) == 0 {
			close(r.empty)
		}
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
			_ = c.CloseNow()
			r.remove(c) // which may be under way elsewhere
		}
		return ctx.Err()
	}
}
