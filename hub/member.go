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
	first *websocket.PreparedMessage // goes before the queue: the socket has not taken it
	queue queue
	run   func() // goOn, bound once, so that starting it does not allocate
}

// The states of a member: see the package comment.
const (
	memberIdle     = iota // nothing waits
	memberDraining        // what waits is being written
	memberBlocked         // what waits is written once the socket has room: its loop will say
	memberLeaving         // removed from the hub; its last message is being written
	memberGone            // removed from the hub
)

func (m *member) isIdle() bool { return m.state.Load() == memberIdle }

// push queues a message, and has the queue written if nobody does that. If the queue is full it
// returns the message that is dropped.
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
	if m.isIdle() {
		m.first = msg
		m.block()
		return nil
	}
	m.queue.push(msg, limit)
	return lost
}

// block has what waits written when the socket has room, by whoever says that it has. If nobody
// does, a goroutine writes it. Under mu.
func (m *member) block() {
	if m.run == nil {
		m.run = m.goOn
	}
	m.state.Store(memberBlocked)
	if m.conn.WhenWritable(m.run) {
		return
	}
	m.state.Store(memberDraining)
	go m.run()
}

// goOn is called by the loop of a connection whose socket has room, or on a goroutine of its own.
func (m *member) goOn() {
	m.mu.Lock()
	hasRoom := m.state.CompareAndSwap(memberBlocked, memberDraining)
	m.mu.Unlock()
	if hasRoom {
		m.offer()
	} else {
		m.drain()
	}
}

// offer writes waiting messages until the socket is full again or there are none.
func (m *member) offer() {
	for {
		msg, _, left := m.next()
		if msg == nil {
			if left {
				m.hub.forget(m)
			}
			return
		}
		taken, err := m.conn.TryWritePrepared(msg)
		if err != nil {
			m.hub.remove(m) // nothing can be sent to it any more
		} else if !taken && m.putBack(msg) {
			return
		}
	}
}

// putBack makes a message that was not taken the first again. It fails if the member was removed.
func (m *member) putBack(msg *websocket.PreparedMessage) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state.Load() != memberDraining {
		return false
	}
	m.first = msg
	m.block()
	return true
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
	if msg, m.first = m.first, nil; msg != nil {
		return msg, m.queue.n > 0, false
	}
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
	if m.first != nil {
		waited++
	}
	m.queue, m.first = queue{}, nil
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
