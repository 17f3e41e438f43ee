// Package watch records what the server sees of each connection, frame by frame, for the page
// at the other end. The hooks of [websocket.Trace] write the record. A page that presents the
// member's key can read it, on any server.
package watch

import "fmt"

// Event is something that happened on a connection. At most one of the pointers is set,
// according to Kind.
type Event struct {
	N    int64   `json:"n"`  // 1, 2, 3 …
	MS   float64 `json:"ms"` // since the handshake, in milliseconds
	Kind string  `json:"kind"`
	*Handshake
	*Frame
	*Change
	*End
	Lost int64 `json:"lost,omitempty"`
}

// The kinds of events.
const (
	kindHandshake = "handshake"
	kindFrame     = "frame"
	kindState     = "state"
	kindClosed    = "closed"
	kindLost      = "lost"
)

// Handshake is the opening handshake, line by line.
type Handshake struct {
	Request  []string `json:"request"`
	Response []string `json:"response"`
}

// Frame is one frame.
type Frame struct {
	Dir     string `json:"dir"` // "in" or "out", as the server sees it
	Opcode  string `json:"opcode"`
	FIN     bool   `json:"fin"`
	RSV1    bool   `json:"rsv1"`
	Masked  bool   `json:"masked"`
	Length  int64  `json:"length"`            // of the payload, on the wire
	Preview string `json:"preview,omitempty"` // of the message, in its last frame
}

// Change is a change of the connection's state.
type Change struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// End is how the connection ended.
type End struct {
	Began    string     `json:"began"` // "us", "peer" or "nobody"
	Clean    bool       `json:"clean"`
	Sent     *CloseInfo `json:"sent"`
	Received *CloseInfo `json:"received"`
	Cause    string     `json:"cause"`
}

// CloseInfo is the content of a Close frame.
type CloseInfo struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

func (c CloseInfo) preview() string {
	if c.Reason == "" {
		return fmt.Sprint(c.Code)
	}
	return fmt.Sprintf("%d %s", c.Code, c.Reason)
}

// previewLength is how much of a message is kept, in characters.
const previewLength = 300

func shorten(s string) string {
	n := 0
	for i := range s {
		if n++; n > previewLength {
			return s[:i]
		}
	}
	return s
}
