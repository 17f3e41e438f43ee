package conn

// CloseBody is the payload of a Close frame. The zero value means there was none.
type CloseBody struct {
	// Code is the status code; 1005 stands for a Close frame without one
	// (RFC 6455 §7.1.5).
	Code   uint16
	Reason string
}

// CodeNoStatus is a status code that never travels (RFC 6455 §7.4.1): it stands for a
// Close frame without one.
const CodeNoStatus uint16 = 1005

// Side names one end as this end sees it.
type Side uint8

const (
	SideNone   Side = iota // the connection is open
	SideLocal              // this end
	SideRemote             // the other end
)

// String returns "neither", "us" or "the peer".
func (s Side) String() string {
	switch s {
	case SideLocal:
		return "us"
	case SideRemote:
		return "the peer"
	}
	return "neither"
}

// Ending is the record of how a connection ended.
type Ending struct {
	// Sent and Received are the Close frames; Code is 0 where there was none. One of
	// ours that did not all go out, as far as is known, was not sent.
	Sent, Received CloseBody
	// Began is the side that ended the connection: it sent the first Close frame,
	// broke a rule, gave up or lost the transport. SideNone while it is open.
	Began Side
}

// record notes an event. What was received is never taken back, so a reset after a
// Close frame does not change its code.
func (n *Ending) record(from State, e Event, body CloseBody) {
	if from == Open {
		n.Began = whoBegan(e)
	}
	if body.Code == 0 {
		body.Code = CodeNoStatus // 0 would say that there was no frame
	}
	switch e {
	case SendClose, AnswerViolation:
		n.Sent = body
	case ReceiveClose:
		n.Received = body
	}
}

func whoBegan(e Event) Side {
	switch e {
	case SendClose, Fail, CutWrite, GiveUp, Abandon:
		return SideLocal
	default:
		// A violation is the peer's doing, and a stream that ends, breaks or
		// falls silent did so on the far side as far as this end can tell.
		return SideRemote
	}
}

// Clean reports whether the closing handshake was completed: a Close frame each
// way (RFC 6455 §7.1.4).
func (n Ending) Clean() bool { return n.Sent.Code != 0 && n.Received.Code != 0 }

// Reply is the Close frame that answers one received: the same code
// (RFC 6455 §5.5.1), without repeating the reason.
func Reply(received CloseBody) CloseBody { return CloseBody{Code: received.Code} }
