package rooms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/websocket"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// Seat is a member's place in a room through one connection. It has no effect once the member
// has connected again.
type Seat struct {
	rooms  *Rooms
	member *member
	conn   Conn
}

// Join admits a member, sends it a welcome that names its connection for the trace, and tells
// the others. The error is a [websocket.CloseError].
func (r *Rooms) Join(name string, j wire.Join, connection string, conn Conn) (*Seat, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life != running {
		return nil, websocket.CloseError{Code: websocket.StatusGoingAway, Reason: "the server goes away: connect again soon"}
	}
	m, err := r.admit(name, j)
	if err != nil {
		return nil, err
	}
	replaced := m.conn
	m.conn = conn
	conn.Send(r.welcome(m, connection))
	r.become(m, Present, noReason)
	if replaced != nil {
		replaced.Close(wire.StatusReplaced, "this member has connected again")
	}
	return &Seat{r, m, conn}, nil
}

// admit finds or creates the member, and claims it for this server.
func (r *Rooms) admit(name string, j wire.Join) (*member, error) {
	id := wire.Identity(j.Key)
	rm := r.rooms[name]
	if rm == nil {
		if len(r.rooms) >= r.options.Rooms {
			return nil, websocket.CloseError{Code: wire.StatusTooManyRooms, Reason: "there are too many rooms"}
		}
		rm = r.open(name)
	}
	m := rm.members[id]
	ours := claim{host: r.bus.ID(), name: j.Name, session: j.Session, attempt: j.Attempt}
	switch {
	case m == nil && len(rm.members) >= r.options.Capacity:
		return nil, websocket.CloseError{
			Code: wire.StatusRoomFull, Reason: fmt.Sprintf("the room is full: %d members", r.options.Capacity),
		}
	case m == nil:
		m = rm.enter(id)
	case m.claim.session != j.Session:
		ours.epoch = m.claim.epoch + 1
	case j.Attempt <= m.claim.attempt:
		return nil, websocket.CloseError{Code: wire.StatusReplaced, Reason: "a later connection of this page was faster"}
	default:
		ours.epoch = m.claim.epoch
	}
	m.claim = ours
	return m, nil
}

func (r *Rooms) open(name string) *room {
	rm := &room{name: name, members: make(map[string]*member)}
	r.rooms[name] = rm
	return rm
}

func (rm *room) enter(id string) *member {
	m := &member{id: id, room: rm}
	rm.members[id] = m
	return m
}

func (r *Rooms) welcome(m *member, connection string) wire.Welcome {
	w := wire.Welcome{
		ID: m.id, Server: r.options.Name, Room: m.room.name, Capacity: r.options.Capacity,
		Grace: r.options.Grace.Milliseconds(), Peers: []wire.PeerNow{}, Connection: connection,
	}
	for _, other := range m.room.members {
		if other != m {
			w.Peers = append(w.Peers, wire.PeerNow{
				ID: other.id, Name: other.claim.name, Session: other.claim.session, State: other.state.String(),
			})
		}
	}
	slices.SortFunc(w.Peers, func(a, b wire.PeerNow) int { return strings.Compare(a.ID, b.ID) })
	return w
}

// taken reports whether the seat still belongs to the member.
func (s *Seat) taken() bool { return s.rooms.life == running && s.member.conn == s.conn }

// Leave removes a member that will not come back.
func (s *Seat) Leave() { s.vacate(Left, byItself) }

// Lose marks a member as away after its connection was lost.
func (s *Seat) Lose() { s.vacate(Away, noReason) }

func (s *Seat) vacate(to State, why reason) {
	s.rooms.mu.Lock()
	defer s.rooms.mu.Unlock()
	if s.taken() {
		s.rooms.become(s.member, to, why)
	}
}
