package verdict

import (
	"bytes"
	"encoding/json"
	"slices"
)

// An Event is something that a case waits for: a message, a ping, a pong, or that nothing
// happens until a timer expires.
type Event struct {
	Kind    string // message, ping, pong or timeout
	Payload []byte // for a timeout, its tag
	Binary  bool   // of a message
}

// MarshalJSON writes the event as the original does: a tuple, with long payloads clipped.
func (e Event) MarshalJSON() ([]byte, error) {
	switch e.Kind {
	case "message":
		return json.Marshal([]any{e.Kind, printable(e.Payload), e.Binary})
	case "timeout":
		return json.Marshal([]any{e.Kind, string(e.Payload)})
	}
	return json.Marshal([]any{e.Kind, printable(e.Payload)})
}

// ExpectedClose says how the connection must end.
type ExpectedClose struct {
	Codes        []int `json:"closeCode"`    // allowed in the peer's Close frame; a frame without a code is always allowed
	ByMe         bool  `json:"closedByMe"`   // the suite sends the first Close frame
	RequireClean bool  `json:"requireClean"` // closing handshake and end of TCP, both in order
}

func SameEvents(a, b []Event) bool {
	return slices.EqualFunc(a, b, func(a, b Event) bool {
		return a.Kind == b.Kind && a.Binary == b.Binary && bytes.Equal(a.Payload, b.Payload)
	})
}

func GotText(payload string) Event   { return Event{Kind: "message", Payload: []byte(payload)} }
func GotBinary(payload string) Event { return Event{"message", []byte(payload), true} }
func GotPong(payload string) Event   { return Event{Kind: "pong", Payload: []byte(payload)} }

// WeClose is the usual end: the suite closes, the peer answers with a Close frame, and then the
// server ends TCP.
var WeClose = ExpectedClose{Codes: []int{1000}, ByMe: true, RequireClean: true}
