package eventloop

import "sync"

// handover is where others leave members for the leader's run queue: whoever calls Kick,
// and a leader who was deposed and has ended its turn. It does not wake a leader who
// sleeps. Then there is time to run the member oneself.
type handover struct {
	mu     sync.Mutex
	leader rest
	slept  rest // the deepest since the watchman has looked
	due    []*Member
}

// rest is what the leader does when it does not serve.
type rest int

const (
	awake  rest = iota
	asleep      // it waits for events
)

// give leaves m, whose state is running, to the leader. It reports false if the leader
// sleeps: the caller is to run m itself.
func (h *handover) give(m *Member) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.leader == asleep {
		return false
	}
	h.due = append(h.due, m)
	return true
}

// take moves what was given to the leader's run queue.
func (h *handover) take(q *queue) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, m := range h.due {
		q.push(m)
		h.due[i] = nil
	}
	if h.due = h.due[:0]; cap(h.due) > keptRing {
		h.due = nil
	}
}

// sleep is called by the leader before it waits. It reports false if there is something to
// take.
func (h *handover) sleep() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.due) > 0 {
		return false
	}
	h.leader, h.slept = asleep, asleep
	return true
}

func (h *handover) wake() {
	h.mu.Lock()
	h.leader = awake
	h.mu.Unlock()
}

// hasSlept reports whether the leader has slept since the last call.
func (h *handover) hasSlept() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	slept := h.slept == asleep
	h.slept = h.leader
	return slept
}
