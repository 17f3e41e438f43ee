package rtc

import (
	"net/http"
	"time"

	"github.com/hawser-ws/websocket"
	"google.golang.org/protobuf/proto"
)

// Event is the argument of [Options.Observe]: one of the types below.
type Event interface{ event() }

// Dialing is reported before each opening handshake.
type Dialing struct {
	URL    string // without the token, which is in a header
	Resume bool   // to resume as the participant whose connection was lost
}

// Connected is reported after the opening handshake.
type Connected struct {
	Conn     *websocket.Conn // for inspection
	Response *http.Response
}

// Direction is the direction of a signal.
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

// Signal is reported for every message.
type Signal struct {
	Direction Direction
	Message   proto.Message // must not be changed
	Size      int           // in bytes, before compression
	// RoundTrip is set in the answer to a ping: the time since that ping.
	RoundTrip time.Duration
}

// Disconnected is reported when a connection has ended or could not be made.
type Disconnected struct {
	Err error // a [*websocket.ClosedError] with the Close frames, or a [*websocket.HandshakeError]
}

// Waiting is reported before another attempt.
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
