package rtc

import (
	"net/http"
	"time"

	"github.com/hawser-ws/websocket"
	"google.golang.org/protobuf/proto"
)

// Event is what [Options.Observe] is told: one of the types below.
type Event interface{ event() }

// Dialing is told before each opening handshake.
type Dialing struct {
	URL    string // without the token, which is in a header
	Resume bool   // as the participant whose connection was lost
}

// Connected is told when the opening handshake is done.
type Connected struct {
	Conn     *websocket.Conn // to look at
	Response *http.Response
}

// Direction is the way a signal goes.
type Direction int

const (
	Sent     Direction = iota // a SignalRequest
	Received                  // a SignalResponse
)

// String returns "sent" or "received".
func (d Direction) String() string {
	if d == Sent {
		return "sent"
	}
	return "received"
}

// Signal is told of every message.
type Signal struct {
	Direction Direction
	Message   proto.Message // not to be changed
	Size      int           // in bytes, before compression
	// RoundTrip is the time that a ping took, with the signal that answers it.
	RoundTrip time.Duration
}

// Disconnected is told when a connection has ended, or none was made.
type Disconnected struct {
	Err error // a [*websocket.ClosedError] with the Close frames, or a [*websocket.HandshakeError]
}

// Waiting is told before another connection is tried.
type Waiting struct {
	For     time.Duration
	Attempt int // the first is 1
	Of      int
}

func (Dialing) event()      {}
func (Connected) event()    {}
func (Signal) event()       {}
func (Disconnected) event() {}
func (Waiting) event()      {}
