package rooms

import (
	"iter"
	"slices"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// announce tells the other servers of a change to our roster.
func (r *Rooms) announce(m *member, state string, why reason) {
	r.version++
	e := m.entry()
	e.State, e.Reason = state, why
	r.broadcast(packet{Kind: kindChange, Entries: []entry{e}})
}

func (m *member) entry() entry {
	return entry{
		Room: m.room.name, ID: m.id, Name: m.claim.name, State: m.state.String(),
		Session: m.claim.session, Attempt: m.claim.attempt, Epoch: m.claim.epoch,
	}
}

// sendRoster sends all members that we host, in parts.
func (r *Rooms) sendRoster(to string) {
	var roster []entry
	for m := range r.hostedBy(r.bus.ID()) {
		roster = append(roster, m.entry())
	}
	parts := max(1, (len(roster)+rosterPart-1)/rosterPart)
	for part := range parts {
		from := part * rosterPart
		r.send(to, packet{
			Kind: kindRoster, Part: part, Parts: parts, Entries: roster[from:min(from+rosterPart, len(roster))],
		})
	}
}

// hostedBy iterates over the members of a server. They may leave their rooms during the loop.
func (r *Rooms) hostedBy(id string) iter.Seq[*member] {
	var hosted []*member
	for _, rm := range r.rooms {
		for _, m := range rm.members {
			if m.claim.host == id {
				hosted = append(hosted, m)
			}
		}
	}
	return slices.Values(hosted)
}

// apply applies what another server says about a member.
func (r *Rooms) apply(from string, e entry) {
	var m *member
	if rm := r.rooms[e.Room]; rm != nil {
		m = rm.members[e.ID]
	}
	theirs := claim{host: from, name: e.Name, session: e.Session, attempt: e.Attempt, epoch: e.Epoch}
	switch e.State {
	case Left.String():
		if m != nil && m.claim.host == from {
			r.become(m, Left, e.Reason)
		}
	case moved:
		if m != nil && m.claim.host == from {
			r.orphan(m) // until we hear where it is
		}
	case Present.String():
		r.assign(m, e, theirs, Present)
	case Away.String():
		r.assign(m, e, theirs, Away)
	}
}

// assign gives a member to the server that claims it, if the claim wins.
func (r *Rooms) assign(m *member, e entry, theirs claim, state State) {
	switch {
	case m == nil:
		if m = r.place(e); m == nil {
			return
		}
	case m.claim == theirs && m.state == state:
		return // nothing new
	case m.claim.host == theirs.host: // its own server is the authority
	case !theirs.supersedes(m.claim):
		return
	case r.hosts(m) && m.state == Present && state == Away:
		// The two servers could not see each other. We have the connection.
		m.claim.epoch = theirs.epoch + 1
		r.announce(m, Present.String(), noReason)
		return
	case r.hosts(m):
		r.yield(m)
	}
	told := m.state == state && m.claim.session == theirs.session && state == Away
	m.claim = theirs
	if !told {
		r.become(m, state, noReason)
	} else {
		m.stopTimer() // its server counts the grace time
	}
}

// place makes room for a member of another server, within limits.
func (r *Rooms) place(e entry) *member {
	rm := r.rooms[e.Room]
	if rm == nil {
		if len(r.rooms) >= overshoot*r.options.Rooms {
			return nil
		}
		rm = r.open(e.Room)
	}
	if len(rm.members) >= overshoot*r.options.Capacity {
		return nil
	}
	return rm.enter(e.ID)
}

// yield gives up a member to another server with the better claim.
func (r *Rooms) yield(m *member) {
	r.announce(m, moved, noReason)
	if m.conn != nil {
		m.conn.Close(wire.StatusReplaced, "this member has connected again, to another server")
		m.conn = nil
	}
}
