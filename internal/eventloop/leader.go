package eventloop

import (
	"runtime/debug"
	"time"
)

// runner is a goroutine that runs turns: the leader of a loop, who owns its batch and its
// run queue, or one that runs a single member alone.
type runner struct {
	loop   *Loop
	member *Member // whose turn is under way, if any
	word   uint64  // of the guard, for that turn
	leads  bool
}

// lead is the leader's goroutine. There is exactly one, from New until Close.
func (l *Loop) lead() {
	r := runner{loop: l, leads: true}
	defer r.pass()
	r.rounds()
}

// rounds serves a batch of events and then as much of the run queue, in turn, so that neither
// waits for the other.
func (r *runner) rounds() {
	l := r.loop
	for {
		for l.next < l.fresh {
			fd, gen, ev := l.poller.event(l.next)
			l.next++
			m := members.at(fd)
			if m == nil || !m.is(l, gen) {
				continue // an event of one who was removed
			}
			if due := m.source.Ready(ev); due != 0 && m.post(due) && !r.run(m, due) {
				return
			}
		}
		l.handover.take(&l.queue)
		for range min(l.queue.len(), batchSize) {
			m := l.queue.pop()
			if !r.run(m, m.take()) {
				return
			}
		}
		n, err := l.poller.wait(l.queue.len() == 0)
		if err != nil {
			return // closed
		}
		l.next, l.fresh = 0, n
	}
}

// run has a turn of m run: here, or if turns tend to wait, elsewhere. It reports whether this
// goroutine still leads.
func (r *runner) run(m *Member, ev Events) bool {
	if !r.loop.caution.spend() {
		return r.turn(m, ev)
	}
	m.state.Or(uint32(ev))
	go m.runAlone()
	return true
}

// turn runs a turn of m. It reports whether this goroutine still leads.
func (r *runner) turn(m *Member, ev Events) bool {
	r.loop.inTurn.Store(m) // before the word: who reads that first then knows whose turn it tells of
	word, unwatched, ok := r.loop.guard.enter()
	if !ok {
		return false
	}
	if unwatched {
		go r.loop.watch(word)
	}
	r.member, r.word = m, word
	more := m.source.Turn(ev)
	if !r.loop.guard.leave(word) {
		r.leads = false
		if (more || !m.settle()) && !r.loop.handover.give(m) {
			r.alone()
		}
		r.member = nil
		return false
	}
	r.member = nil
	if more || !m.settle() {
		r.loop.queue.push(m)
	}
	return true
}

// alone runs turns of r.member until none is due, or until the leader is awake and takes
// it over. Otherwise members that are always busy would not come back to the queue.
func (r *runner) alone() {
	m := r.member
	for !r.loop.guard.isClosed() {
		begun := time.Now()
		more := m.source.Turn(m.take() | Alone)
		if time.Since(begun) >= slowTurn {
			r.loop.caution.more()
		}
		if !more && m.settle() || r.loop.handover.give(m) {
			return
		}
	}
}

// pass is deferred by whoever runs turns. If a turn panicked or called Goexit, it has the
// others go on without this goroutine, and then tells the Source.
func (r *runner) pass() {
	m := r.member
	if m == nil {
		return // the end of the goroutine, or a panic of our own
	}
	p := recover()
	stack := debug.Stack()
	if r.leads && r.loop.guard.leave(r.word) {
		go r.loop.lead()
	}
	m.abandon(p, stack)
}
