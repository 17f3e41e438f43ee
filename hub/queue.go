package hub

import "github.com/hawser-ws/websocket"

// queue is a ring of messages that grows as needed.
type queue struct {
	ring  []*websocket.PreparedMessage
	first int
	n     int
}

// smallRing is the largest ring that is kept while the queue is empty.
const smallRing = 4

// push adds a message. The queue must hold fewer than limit.
func (q *queue) push(m *websocket.PreparedMessage, limit int) {
	if q.n == len(q.ring) {
		larger := make([]*websocket.PreparedMessage, min(limit, max(smallRing, 2*q.n)))
		copied := copy(larger, q.ring[q.first:])
		copy(larger[copied:], q.ring[:q.first])
		q.ring, q.first = larger, 0
	}
	q.ring[(q.first+q.n)%len(q.ring)] = m
	q.n++
}

// pop removes and returns the oldest message.
func (q *queue) pop() *websocket.PreparedMessage {
	m := q.ring[q.first]
	q.ring[q.first] = nil
	q.first = (q.first + 1) % len(q.ring)
	q.n--
	return m
}

// shrink frees the ring of an empty queue if it is large.
func (q *queue) shrink() {
	if len(q.ring) > smallRing {
		*q = queue{}
	}
}
