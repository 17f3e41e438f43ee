package rooms

import (
	"cmp"
	"time"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// State is the state of a member, as the others see it:
//
//	        join                    connection lost
//	None -----------> Present ---------------------> Away
//	                   |  ^                           |  |
//	     leave, 1000,  |  |  join with the same key   |  | grace is over
//	     1001          |  +---------------------------+  |
//	                   v                                 v
//	                  Left <-----------------------------+
type State uint8

const (
	None    State = iota // not announced yet
	Present              // connected, here or on another server
	Away                 // kept for the grace time. Next: Present or Left
	Left                 // out of the room; final
)

var stateNames = [...]string{"none", "present", "away", "left"}

// String returns the state as written in messages.
func (s State) String() string { return stateNames[s] }

// reason is why a member has left.
type reason string

const (
	noReason reason = ""
	byItself reason = "left"
	lost     reason = "lost"
)

// claim is what a server announces when a member has connected to it.
type claim struct {
	host    string // the server; "" if it is lost
	name    string
	session uint64
	attempt uint64
	epoch   uint64 // counts the member's sessions, as far as the server knew
}

// supersedes reports whether c wins over d when two servers claim one member. All servers
// decide alike, so only one keeps the member. Within a session, the page has numbered its
// attempts. Of two sessions, the later one wins, as far as the server that admitted it knew.
func (c claim) supersedes(d claim) bool {
	return cmp.Or(
		cmp.Compare(c.epoch, d.epoch),
		cmp.Compare(c.session, d.session),
		cmp.Compare(c.attempt, d.attempt),
		cmp.Compare(c.host, d.host),
	) > 0
}

// member is a member of a room.
type member struct {
	id    string
	room  *room
	claim claim
	conn  Conn // if connected here

	state State
	since time.Time   // in this state
	grace *time.Timer // set if the member is away and we count the grace time
}

// become is the only place where a member's state changes. It is also called when a present
// member has connected again.
func (r *Rooms) become(m *member, to State, why reason) {
	m.stopTimer()
	if m.state != to {
		m.since = time.Now()
	}
	m.state = to
	switch to {
	case Away:
		m.conn = nil
		if r.hosts(m) || m.claim.host == "" {
			r.count(m)
		}
	case Left:
		m.conn = nil
		delete(m.room.members, m.id)
		if len(m.room.members) == 0 {
			delete(r.rooms, m.room.name)
		}
	}
	r.tell(m, why)
	if r.hosts(m) {
		r.announce(m, to.String(), why)
	}
}

// hosts reports whether a member is connected here, or was and is kept here.
func (r *Rooms) hosts(m *member) bool { return m.claim.host == r.bus.ID() }

// count starts the grace time of a member that is away.
func (r *Rooms) count(m *member) {
	var expiry *time.Timer
	expiry = time.AfterFunc(time.Until(m.since.Add(r.options.Grace)), func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if m.grace == expiry { // otherwise the timer was replaced
			r.become(m, Left, lost)
		}
	})
	m.grace = expiry
}

func (m *member) stopTimer() {
	if m.grace != nil {
		m.grace.Stop()
		m.grace = nil
	}
}

// tell tells all other members of the room that are connected here.
func (r *Rooms) tell(m *member, why reason) {
	for _, other := range m.room.members {
		if other != m && other.conn != nil {
			other.conn.Send(wire.Peer{
				ID: m.id, Name: m.claim.name, Session: m.claim.session, State: m.state.String(), Reason: string(why),
			})
		}
	}
}

// orphan keeps a member whose server was lost. It may come back, here or elsewhere.
func (r *Rooms) orphan(m *member) {
	m.claim.host = ""
	if m.state == Away {
		r.count(m) // including what its server has counted so far
		return
	}
	r.become(m, Away, noReason)
}
