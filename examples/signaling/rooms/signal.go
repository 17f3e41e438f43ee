package rooms

import "github.com/hawser-ws/websocket/examples/signaling/wire"

// Signal carries a signal to another member. If it cannot be delivered now, it is dropped; the
// page sends it again. The sender is told only if the receiver does not exist.
func (s *Seat) Signal(signal wire.Signal) {
	r := s.rooms
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.taken() {
		return
	}
	to := s.member.room.members[signal.To]
	switch {
	case to == nil:
		s.conn.Send(wire.Gone{To: signal.To, Seq: signal.Seq})
	case to.state != Present:
	case r.hosts(to):
		deliver(to, signal.Session, wire.Delivery{
			From: s.member.id, Session: s.member.claim.session, Seq: signal.Seq, Ack: signal.Ack, Data: signal.Data,
		})
	default:
		r.forward(s.member, to, signal)
	}
}

// deliver gives a signal to a member, if it is meant for the present session.
func deliver(to *member, session uint64, d wire.Delivery) {
	if to.conn != nil && (session == 0 || session == to.claim.session) {
		to.conn.Send(d)
	}
}
