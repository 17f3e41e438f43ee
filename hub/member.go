package hub

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/websocket"
)

// member is a connection in a hub, with the messages that wait for it.
type member struct {
	conn  *websocket.Conn
	state atomic.Uint32 // changed under mu
	hub   *Hub
	index int         // in Hub.list; under Hub.mu
	stop  func() bool // forgets to be told of the end

	mu    sync.Mutex
	queue queue
	run   func() // drain, bound once, so that starting it costs nothing
}

// The states of a member, see the package.
const (
	memberIdle     = iota // nothing waits, no goroutine
	memberDraining        // a goroutine writes what waits
	memberLeaving         // it was removed from the hub, and the goroutine writes its last message
	memberGone            // it was removed from the hub
)

func (m *member) isIdle() bool { return m.state.Load() == memberIdle }

// push puts a message into the queue, and starts the goroutine that sends it if there is
// none. If the queue is full it returns the message that is dropped.
func (m *member) push(msg *websocket.PreparedMessage, limit int, slow SlowPolicy) (lost *websocket.PreparedMessage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state.Load() >= memberLeaving {
		return nil
	}
	if m.queue.n >= limit {
		if slow != DropOldest {
			return msg
		}
		lost = m.queue.pop()
	}
	m.queue.push(msg, limit)
	if m.isIdle() {
		m.state.Store(memberDraining)
		if m.run == nil {
			m.run = m.drain
		}
		go m.run()
	}
	return lost
}

// drain writes what waits until nothing does. All that waits leaves together, as in a
// [websocket.Batch].
func (m *member) drain() {
	ctx := context.Background()
	batch := m.conn.Batch()
	held := false
	for {
		msg, more, left := m.next()
		if msg == nil {
			if held { // what was to follow was dropped when the member left
				_ = batch.Flush(ctx)
			}
			if left {
				m.hub.forget(m)
			}
			return
		}
		write := m.conn.WritePrepared
		if more {
			write = batch.WritePrepared
		}
		if write(ctx, msg) != nil {
			m.hub.remove(m) // it can be sent nothing any more
			more = false
		}
		held = more
	}
}

// next returns the message to be written, and whether more wait. It returns nil when the
// queue is empty and drain has to end; left says that the member was removed meanwhile.
func (m *member) next() (msg *websocket.PreparedMessage, more, left bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.queue.n > 0 {
		msg = m.queue.pop()
		return msg, m.queue.n > 0, false
	}
	m.queue.shrink()
	if m.state.Load() == memberDraining {
		m.state.Store(memberIdle)
		return nil, false, false
	}
	m.state.Store(memberGone)
	return nil, false, true
}

// leave drops what waits, and reports how much that was, and whether a message is
// still being written.
func (m *member) leave() (waited int, writing bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	waited, writing = m.queue.n, m.state.Load() == memberDraining
	m.queue = queue{}
	if writing {
		m.state.Store(memberLeaving)
	} else {
		m.state.Store(memberGone)
	}
	return waited, writing
}

// comeBack makes a removed member active again, if its goroutine is still writing the last
// message, and reports whether it was. What is broadcast from then on waits behind that.
func (m *member) comeBack() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.CompareAndSwap(memberLeaving, memberDraining)
}
