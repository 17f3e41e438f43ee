package rooms

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

// packet is a message between servers, in CBOR.
type packet struct {
	Kind    kind    `cbor:"kind"`
	Name    string  `cbor:"name,omitempty"` // of the server, for people
	Version uint64  `cbor:"version"`        // of the sender's roster
	Part    int     `cbor:"part,omitempty"` // of a roster, counted from 0
	Parts   int     `cbor:"parts,omitempty"`
	Entries []entry `cbor:"entries,omitempty"` // of a roster or a change
	Signal  *parcel `cbor:"signal,omitempty"`
}

type kind string

const (
	kindHello  kind = "hello"  // a server has started and wants to know the others
	kindBeat   kind = "beat"   // a sign of life
	kindChange kind = "change" // one entry changed, giving the stated version
	kindAsk    kind = "ask"    // for the roster
	kindRoster kind = "roster" // a part of it
	kindSignal kind = "signal" // for a member on the receiving server
	kindBye    kind = "bye"    // the server ends
)

// entry is a member in the sender's roster.
type entry struct {
	Room    string `cbor:"room"`
	ID      string `cbor:"id"`
	Name    string `cbor:"name,omitempty"`
	Session uint64 `cbor:"session"`
	Attempt uint64 `cbor:"attempt"`
	Epoch   uint64 `cbor:"epoch,omitempty"`
	State   string `cbor:"state"` // "present", "away", "left", or moved
	Reason  reason `cbor:"reason,omitempty"`
}

// moved is the state of a member that another server has taken over.
const moved = "moved"

// parcel is a signal to another server.
type parcel struct {
	Room        string `cbor:"room"`
	From        string `cbor:"from"`
	FromSession uint64 `cbor:"fromSession"`
	To          string `cbor:"to"`
	Session     uint64 `cbor:"session,omitempty"`
	Seq         uint64 `cbor:"seq,omitempty"`
	Ack         uint64 `cbor:"ack,omitempty"`
	Codec       string `cbor:"codec,omitempty"` // subprotocol of Data; "" without data
	Data        []byte `cbor:"data,omitempty"`
}

const (
	rosterPart = 200     // entries in a part of a roster: some 40 KB
	maxParts   = 1 << 14 // of a roster
	maxServer  = 200     // characters of the name of a server
)

// parsePacket validates a message from another server completely: another version of this
// program may run there.
func parsePacket(body []byte) (p packet, err error) {
	if err := cbor.Unmarshal(body, &p); err != nil {
		return p, err
	}
	switch p.Kind {
	case kindHello, kindBeat, kindAsk, kindBye:
	case kindChange:
		if len(p.Entries) != 1 {
			return p, fmt.Errorf("a change of %d entries", len(p.Entries))
		}
	case kindRoster:
		if p.Parts < 1 || p.Parts > maxParts || p.Part < 0 || p.Part >= p.Parts || len(p.Entries) > rosterPart {
			return p, fmt.Errorf("part %d of %d of a roster, with %d entries", p.Part, p.Parts, len(p.Entries))
		}
	case kindSignal:
		if p.Signal == nil {
			return p, errors.New("a signal without one")
		}
		return p, p.Signal.check()
	default:
		return p, fmt.Errorf("kind %.20q", string(p.Kind))
	}
	if len(p.Name) > maxServer {
		return p, errors.New("the name of the server is too long")
	}
	for _, e := range p.Entries {
		if err := e.check(); err != nil {
			return p, err
		}
		if p.Kind == kindRoster && e.State != Present.String() && e.State != Away.String() {
			return p, fmt.Errorf("a member of a roster is %.20q", e.State)
		}
	}
	return p, nil
}

func (e *entry) check() error {
	switch e.State {
	case Present.String(), Away.String(), moved:
		if e.Reason != noReason {
			return fmt.Errorf("state %q with a reason", e.State)
		}
	case Left.String():
		if e.Reason != byItself && e.Reason != lost {
			return fmt.Errorf("left because of %.20q", string(e.Reason))
		}
	default:
		return fmt.Errorf("state %.20q", e.State)
	}
	if !counts(e.Session) || !counts(e.Attempt) || e.Epoch > wire.MaxInteger {
		return errors.New("session, attempt or epoch out of range")
	}
	return errors.Join(wire.ValidRoom(e.Room), wire.ValidIdentity(e.ID), wire.ValidName(e.Name))
}

func (s *parcel) check() error {
	if !counts(s.FromSession) || s.Session > wire.MaxInteger || s.Seq > wire.MaxInteger || s.Ack > wire.MaxInteger {
		return errors.New("a number of a signal is out of range")
	}
	if (s.Codec != "") != (s.Seq != 0) {
		return errors.New("data without a number, or the other way round")
	}
	return errors.Join(wire.ValidRoom(s.Room), wire.ValidIdentity(s.From), wire.ValidIdentity(s.To))
}

// counts reports whether n is valid as a page's number: they start at 1.
func counts(n uint64) bool { return n >= 1 && n <= wire.MaxInteger }
