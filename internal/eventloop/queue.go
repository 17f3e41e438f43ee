package eventloop

// queue is the run queue: members whose next turn is due without an event. It is a ring that
// the leader owns.
type queue struct {
	ring  []*Member // its length is a power of two
	first int
	count int
}

const (
	minRing  = 64
	keptRing = 1024 // a longer one is let go once it is empty
)

func (q *queue) len() int { return q.count }

func (q *queue) push(m *Member) {
	if q.count == len(q.ring) {
		ring := make([]*Member, max(minRing, 2*len(q.ring)))
		n := copy(ring, q.ring[q.first:])
		copy(ring[n:], q.ring[:q.first])
		q.ring, q.first = ring, 0
	}
	q.ring[(q.first+q.count)&(len(q.ring)-1)] = m
	q.count++
}

func (q *queue) pop() *Member {
	m := q.ring[q.first]
	q.ring[q.first] = nil
	q.first = (q.first + 1) & (len(q.ring) - 1)
	if q.count--; q.count == 0 && len(q.ring) > keptRing {
		*q = queue{}
	}
	return m
}
