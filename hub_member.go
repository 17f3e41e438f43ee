package websocket

import (
	"context"
	"sync"
	"sync/atomic"
)

// member is a connection in a hub, with the messages that wait for it.
type member struct {
	conn  *Conn
	state atomic.Uint32 // changed under mu
	plain bool          // offerPlain will do
	hub   *Hub
	index int         // in Hub.list; under Hub.mu
	stop  func() bool // forgets to be told of the end

	mu    sync.Mutex
	queue messageQueue
	run   func() // drain, bound once, so that starting it costs nothing
}

const (
	memberIdle     = iota // nothing waits, no goroutine
	memberDraining        // a goroutine writes what waits
	memberLeaving         // it was removed from the hub, and the goroutine writes its last message
	memberGone            // it was removed from the hub
)

// glance prefetches into the processor's cache what offer will look at.
func (m *member) glance() {
	c := m.conn
	_ = m.state.Load()
	_ = c.state()
	_ = c.out.gate.Held()
	_ = c.out.message.Load()
	_ = c.out.due.Load()
	_ = c.transport.NetConn()
}

// offer sends a message at once, and reports whether it did. It does not if other messages
// wait already, or if this one would have to wait. Under Hub.order, so that the queue of an
// idle member stays empty.
func (m *member) offer(msg *PreparedMessage) bool {
	switch {
	case m.state.Load() != memberIdle:
		return false
	case m.plain:
		return m.conn.offerPlain(msg)
	}
	return m.conn.offerPrepared(msg)
}

// push puts a message into the queue, and starts the goroutine that sends it if there is
// none. If the queue is full it returns the message that is dropped.
func (m *member) push(msg *PreparedMessage, limit int, slow SlowPolicy) (lost *PreparedMessage) {
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
	if m.state.Load() == memberIdle {
		m.state.Store(memberDraining)
		if m.run == nil {
			m.run = m.drain
		}
		go m.run()
	}
	return lost
}

// drain writes what waits until nothing does. All that waits leaves together, as in a
// [Batch].
func (m *member) drain() {
	held := false
	for {
		msg, more, left := m.next()
		if msg == nil {
			if held { // what was to follow was dropped when the member left
				_ = m.conn.Batch().Flush(context.Background())
			}
			if left {
				m.hub.forget(m)
			}
			return
		}
		hold := neverHeld
		if more {
			hold = inBatch
		}
		if m.conn.writePrepared(context.Background(), msg, hold) != nil {
			m.hub.remove(m) // it can be sent nothing any more
			more = false
		}
		held = more
	}
}

// next returns the message to be written, and whether more wait. It returns nil when the
// queue is empty and drain has to end; left says that the member was removed meanwhile.
func (m *member) next() (msg *PreparedMessage, more, left bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.queue.n > 0 {
		msg = m.queue.pop()
		return msg, m.queue.n > 0, false
	}
	m.queue.rest()
	if m.state.Load() == memberDraining {
		m.state.Store(memberIdle)
		return nil, false, false
	}
	m.state.Store(memberGone)
	return nil, false, true
}

// retire drops what waits, and reports how much that was, and whether a message is
// still being written.
func (m *member) retire() (waited int, writing bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	waited, writing = m.queue.n, m.state.Load() == memberDraining
	m.queue = messageQueue{}
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

// messageQueue is a ring that grows with what it holds.
type messageQueue struct {
	ring  []*PreparedMessage
	first int
	n     int
}

// smallQueue is the largest ring that is kept while nothing waits.
const smallQueue = 4

// push adds a message. The queue holds fewer than limit.
func (q *messageQueue) push(m *PreparedMessage, limit int) {
	if q.n == len(q.ring) {
		larger := make([]*PreparedMessage, min(limit, max(smallQueue, 2*q.n)))
		copied := copy(larger, q.ring[q.first:])
		copy(larger[copied:], q.ring[:q.first])
		q.ring, q.first = larger, 0
	}
	q.ring[(q.first+q.n)%len(q.ring)] = m
	q.n++
}

// pop takes the oldest message out.
func (q *messageQueue) pop() *PreparedMessage {
	m := q.ring[q.first]
	q.ring[q.first] = nil
	q.first = (q.first + 1) % len(q.ring)
	q.n--
	return m
}

// rest frees the ring of an empty queue if it is large.
func (q *messageQueue) rest() {
	if len(q.ring) > smallQueue {
		*q = messageQueue{}
	}
}
