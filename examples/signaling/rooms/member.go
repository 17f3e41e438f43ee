package rooms

import (
	"cmp"
	"time"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// State is where a member stands, as the others see it:
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
	None    State = iota // not yet told to anybody
	Present              // connected, here or on another server
	Away                 // kept for the time of grace. Next: Present or Left
	Left                 // out of the room. Final
)

var stateNames = [...]string{"none", "present", "away", "left"}

// String returns the state as the messages say it.
func (s State) String() string { return stateNames[s] }

// reason is why a member has left.
type reason string

const (
	noReason reason = ""
	byItself reason = "left"
	lost     reason = "lost"
)

// claim is what a server says when a member has connected to it.
type claim struct {
	host    string // the server; "" if it is lost
	name    string
	session uint64
	attempt uint64
	epoch   uint64 // counts the sessions of the member, as far as the server knew
}

// supersedes reports whether this claim wins when two servers claim one member. All
// servers judge alike, so only one keeps the member. Within a session the page has
// numbered its attempts; of two sessions the one that came later, as far as the server
// that let it in knew.
func (c claim) supersedes(d claim) bool {
	return cmp.Or(
		cmp.Compare(c.epoch, d.epoch),
		cmp.Compare(c.session, d.session),
		cmp.Compare(c.attempt, d.attempt),
		cmp.Compare(c.host, d.host),
	) > 0
}

// member is somebody in a room.
type member struct {
	id    string
	room  *room
	claim claim
	conn  Conn // if present here

	state State
	since time.Time   // in this state
	grace *time.Timer // if away, and for us to count
}

// become is the one place where a member's state changes. Called also when a member
// that is present is so by another connection.
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

// count begins to count the grace of a member who is away.
func (r *Rooms) count(m *member) {
	var expiry *time.Timer
	expiry = time.AfterFunc(time.Until(m.since.Add(r.options.Grace)), func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if m.grace == expiry { // else somebody was faster
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

// tell tells all other members of the room who are connected here.
func (r *Rooms) tell(m *member, why reason) {
	for _, other := range m.room.members {
		if other != m && other.conn != nil {
			other.conn.Send(wire.Peer{
				ID: m.id, Name: m.claim.name, Session: m.claim.session, State: m.state.String(), Reason: string(why),
			})
		}
	}
}

// orphan keeps a member whose server has gone: it may come back, here or elsewhere.
func (r *Rooms) orphan(m *member) {
	m.claim.host = ""
	if m.state == Away {
		r.count(m) // what its server has counted so far is taken into account
		return
	}
	r.become(m, Away, noReason)
}
