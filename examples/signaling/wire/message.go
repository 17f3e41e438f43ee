// Package wire defines the messages between the page of a room and the server. There is one
// definition, with two encodings: JSON and CBOR. Messages from a page are fully validated here,
// so no other package has to.
package wire

// FromPage is a message from the page: [Join], [Signal] or [Leave].
type FromPage interface{ fromPage() }

// Join is the first message of a connection.
type Join struct {
	Key     string // proves who the member is: 22 characters, see [Identity]
	Name    string // what the others see; at most 40 characters, may be empty
	Session uint64 // of the page, 1 to MaxInteger
	Attempt uint64 // which connection of the session this is, 1 to MaxInteger
}

// Signal is for another member. At least To is there.
type Signal struct {
	To      string // an identity
	Session uint64 // of the page it is meant for; 0: whichever
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

// Welcome answers a Join.
type Welcome struct {
	ID         string    `json:"id"`
	Server     string    `json:"server"`
	Room       string    `json:"room"`
	Capacity   int       `json:"capacity"`
	Grace      int64     `json:"grace"` // ms
	Peers      []PeerNow `json:"peers"` // never nil
	Connection string    `json:"connection"`
}

// PeerNow is another member who is in the room already.
type PeerNow struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Session uint64 `json:"session"`
	State   string `json:"state"` // "present" or "away"
}

// Peer says what happened to another member.
type Peer struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Session uint64 `json:"session"`
	State   string `json:"state"`            // "present", "away" or "left"
	Reason  string `json:"reason,omitempty"` // "left" or "lost", if State is "left"
}

// Delivery is a signal that has arrived.
type Delivery struct {
	From    string
	Session uint64 // of the sender
	Seq     uint64
	Ack     uint64
	Data    Data
}

// Gone says that there was nobody to deliver a signal to.
type Gone struct {
	To  string `json:"to"`
	Seq uint64 `json:"seq,omitempty"`
}

func (Welcome) toPage()  {}
func (Peer) toPage()     {}
func (Delivery) toPage() {}
func (Gone) toPage()     {}
