package eventloop

// loopless is in place of a loop for Members that have no descriptor. It has no leader who could be
// awake, so whoever has a turn begin runs it on a goroutine of its own.
var loopless = &Loop{handover: handover{leader: asleep}}

// Loopless has s driven without a loop: what happens is reported by Post. m must not have been added
// to a loop, and cannot be added to one later.
func (m *Member) Loopless(s Source) { m.loop, m.source, m.fd = loopless, s, -1 }

// Post reports events of a Member without a loop. Any goroutine may call it. Source.Ready must bear
// that two of them do so at a time.
func (m *Member) Post(ev Events) {
	if due := m.source.Ready(ev); due != 0 && m.post(due) {
		m.state.Or(uint32(due))
		m.hand()
	}
}
