package eventloop

import "sync/atomic"

// Member is the place of a Source in a loop. It is embedded by what the Source belongs to,
// and used once: it cannot be added again, not even after Remove. Its zero value is ready
// for [Loop.Add].
type Member struct {
	loop   *Loop
	source Source
	fd     int32
	state  atomic.Uint32 // the generation, and below it the run state
}

// The run state. doc.go draws it.
const (
	eventBits  = uint32(Readable | Writable | Ended | Kicked) // came while a turn ran
	running    = 1 << 4                                       // a goroutine runs turns, or will from the run queue
	removed    = 1 << 5                                       // events are not for it any more
	generation = 8                                            // the bits above tell apart who had the descriptor in turn
)

// post notes events. It reports whether the caller is to run turns, beginning with ev;
// otherwise whoever does so already will see them.
func (m *Member) post(ev Events) (run bool) {
	for {
		s := m.state.Load()
		switch {
		case s&removed != 0 && ev != Kicked:
			return false
		case s&running != 0:
			if m.state.CompareAndSwap(s, s|uint32(ev)) {
				return false
			}
		default:
			if m.state.CompareAndSwap(s, s|running) {
				return true
			}
		}
	}
}

// take returns what came since the turn before, for the next one.
func (m *Member) take() Events { return Events(m.state.And(^eventBits) & eventBits) }

// settle ends the running, unless events came meanwhile: then it reports false, and the
// caller is to run another turn.
func (m *Member) settle() (settled bool) {
	for {
		s := m.state.Load()
		switch {
		case s&eventBits != 0:
			return false
		case m.state.CompareAndSwap(s, s&^running):
			return true
		}
	}
}

// is reports whether m is in l and of this generation.
func (m *Member) is(l *Loop, gen uint32) bool {
	s := m.state.Load()
	return m.loop == l && s>>generation == gen && s&removed == 0
}

// Busy reports whether a turn is under way, or about to begin.
func (m *Member) Busy() bool { return m.state.Load()&running != 0 }

// Kick has a turn begin soon, with [Kicked] among its events. Any goroutine may call it, and
// the turn itself. It is meant for rare events: while the leader sleeps, the turn runs on a
// goroutine of its own. It may come after Remove, but not before Add.
func (m *Member) Kick() {
	if m.loop != nil && m.post(Kicked) {
		m.state.Or(uint32(Kicked))
		m.hand()
	}
}

// Remove takes the Source out of the loop: there are no events for it any more. A turn that is
// under way goes on, one that is due already still begins, and so does one that Kick asks for.
// Remove comes before the descriptor is closed, so that no event of the next descriptor of that
// number is taken for one of this. Only the first call counts. Without Add it does nothing.
func (m *Member) Remove() {
	if m.loop != nil && m.state.Or(removed)&removed == 0 {
		m.loop.drop(m)
	}
}

// hand has the turn that is due run elsewhere: m is running, and the caller is to run it.
func (m *Member) hand() {
	if !m.loop.handover.give(m) {
		go m.runAlone()
	}
}

// runAlone is a goroutine that runs turns which the leader does not run.
func (m *Member) runAlone() {
	r := runner{loop: m.loop, member: m}
	defer r.pass()
	r.alone()
	r.member = nil
}

// Loop returns the loop that the member was added to. It is nil before Add, and without a loop.
func (m *Member) Loop() *Loop {
	if m.loop == loopless {
		return nil
	}
	return m.loop
}

// PassOn has the loop go on with others, if it is the turn of this member that it waits for.
// Whoever is about to wait calls it.
func (m *Member) PassOn() {
	if m.loop == nil {
		return
	}
	if word := m.loop.guard.word.Load(); word&inside != 0 && m.loop.inTurn.Load() == m {
		m.loop.passOn(m, word)
	}
}
