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
	stop  func() bool // cancels the notification of the connection's end

	mu    sync.Mutex
	queue queue
	run   func() // drain, bound once, so that starting it does not allocate
}

// The states of a member: see the package comment.
const (
	memberIdle     = iota // nothing waits, no goroutine
	memberDraining        // a goroutine writes what waits
	memberLeaving         // removed from the hub; the goroutine writes its last message
	memberGone            // removed from the hub
)

func (m *member) isIdle() bool { return m.state.Load() == memberIdle }

// push queues a message, and starts the goroutine that writes the queue if there is none. If
// the queue is full it returns the message that is dropped.
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

// drain writes waiting messages until there are none. All that wait leave together, as in a
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
			m.hub.remove(m) // nothing can be sent to it any more
			more = false
		}
		held = more
	}
}

// next returns the message to write, and whether more wait. It returns nil if the queue is
// empty and drain has to end. left reports that the member was removed meanwhile.
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

// leave drops the waiting messages. It returns how many there were, and whether a message is
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

// comeBack makes a removed member active again if its goroutine is still writing the last
// message, and reports whether it was. Later broadcasts wait behind that message.
func (m *member) comeBack() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.CompareAndSwap(memberLeaving, memberDraining)
}
