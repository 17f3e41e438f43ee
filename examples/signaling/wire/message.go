// Package wire defines the messages between the page of a room and the server. There is one
// definition, with two encodings: JSON and CBOR. Messages from a page are fully validated here,
// so no other package has to.
package wire

// FromPage is a message from the page: [Join], [Signal] or [Leave].
type FromPage interface{ fromPage() }

// Join is the first message of a connection.
type Join struct {
	Key     string // proves the member's identity: 22 characters, see [Identity]
	Name    string // what the others see; at most 40 characters, may be empty
	Session uint64 // of the page, 1 to MaxInteger
	Attempt uint64 // number of the connection within the session, 1 to MaxInteger
}

// Signal is a message to another member. Only To is required.
type Signal struct {
	To      string // an identity
	Session uint64 // of the receiving page; 0: any
	Seq     uint64 // 0: none, and no data
	Ack     uint64 // 0: none
	Data    Data
}

// Leave says that the member leaves.
type Leave struct{}

func (Join) fromPage()   {}
func (Signal) fromPage() {}
func (Leave) fromPage()  {}

// ToPage is a message to the page: [Welcome], [Peer], [Delivery] or [Gone].
type ToPage interface{ toPage() }

// Welcome is the answer to a Join.
type Welcome struct {
	ID         string    `json:"id"`
	Server     string    `json:"server"`
	Room       string    `json:"room"`
	Capacity   int       `json:"capacity"`
	Grace      int64     `json:"grace"` // ms
	Peers      []PeerNow `json:"peers"` // never nil
	Connection string    `json:"connection"`
}

// PeerNow is a member that is already in the room.
type PeerNow struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Session uint64 `json:"session"`
	State   string `json:"state"` // "present" or "away"
}

// Peer reports a change of another member.
type Peer struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Session uint64 `json:"session"`
	State   string `json:"state"`            // "present", "away" or "left"
	Reason  string `json:"reason,omitempty"` // "left" or "lost", if State is "left"
}

// Delivery is a signal from another member.
type Delivery struct {
	From    string
	Session uint64 // of the sender
	Seq     uint64
	Ack     uint64
	Data    Data
}

// Gone reports that a signal's receiver does not exist.
type Gone struct {
	To  string `json:"to"`
	Seq uint64 `json:"seq,omitempty"`
}

func (Welcome) toPage()  {}
func (Peer) toPage()     {}
func (Delivery) toPage() {}
func (Gone) toPage()     {}
