package h2

// State is where a stream stands (RFC 9113 §5.1). Package documentation draws it.
type State uint8

const (
	// Idle: nothing was sent or received.
	Idle State = iota
	// AwaitingHead: our request has gone, the response has not come.
	AwaitingHead
	// OwingHead: a request has come, and we have not answered it.
	OwingHead
	// OwingHeadAtEnd: so, and the peer will send nothing more.
	OwingHeadAtEnd
	// Open: DATA flows both ways.
	Open
	// HalfClosedLocal: we have sent END_STREAM.
	HalfClosedLocal
	// HalfClosedRemote: the peer has sent END_STREAM.
	HalfClosedRemote
	// Closed: both have sent END_STREAM, or the peer has reset the stream: it knows of the end.
	Closed
	// Reset: we have reset the stream, and the peer may not know yet.
	Reset

	numStates = iota
)

var stateNames = [numStates]string{
	"idle", "awaiting head", "owing head", "owing head at end", "open",
	"half-closed (local)", "half-closed (remote)", "closed", "reset",
}

// String returns the state's name in words.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "no state"
}

// Over reports whether nothing more is sent or received.
func (s State) Over() bool { return s == Closed || s == Reset }

// CanSend reports whether DATA may be sent.
func (s State) CanSend() bool { return s == Open || s == HalfClosedRemote }

// CanReceive reports whether DATA may still come that somebody wants.
func (s State) CanReceive() bool {
	return s == AwaitingHead || s == OwingHead || s == Open || s == HalfClosedLocal
}

// StreamEvent is something that was sent or received on a stream. A frame with END_STREAM is
// two events. PRIORITY is none: it may come in any state.
type StreamEvent uint8

const (
	SendHead   StreamEvent = iota // the one request or response, not 1xx
	SendData                      // DATA
	SendEnd                       // END_STREAM
	SendReset                     // RST_STREAM
	SendWindow                    // WINDOW_UPDATE
	RecvHead                      // HEADERS
	RecvInfo                      // HEADERS with a status of 1xx
	RecvData                      // DATA
	RecvEnd                       // END_STREAM
	RecvReset                     // RST_STREAM
	RecvWindow                    // WINDOW_UPDATE

	numEvents = iota
)

var eventNames = [numEvents]string{
	"send head", "send data", "send end", "send reset", "send window",
	"receive head", "receive info", "receive data", "receive end", "receive reset", "receive window",
}

// String returns the event's name in words.
func (e StreamEvent) String() string {
	if int(e) < len(eventNames) {
		return eventNames[e]
	}
	return "no event"
}

// Verdict is what becomes of an event.
type Verdict uint8

const (
	// Impossible: we may not send that, or it cannot be received there. The zero value, so of
	// each cell that is absent.
	Impossible Verdict = iota
	// Accepted: it means what it says.
	Accepted
	// Ignored: it comes too late to mean anything, and that is nobody's fault.
	Ignored
	// BreaksStream: a stream error.
	BreaksStream
	// BreaksConn: a connection error.
	BreaksConn
)

// transition is one cell of the table.
type transition struct {
	to      State
	verdict Verdict
	rule    *rule // of what is refused
}

// rule is why an event is refused.
type rule struct {
	code    Code
	section string
	reason  string
}

var (
	ruleIdle     = &rule{ProtocolError, "5.1", "on an idle stream"}
	ruleEarly    = &rule{ProtocolError, "8.1", "before the response"}
	ruleTrailers = &rule{ProtocolError, "8.1", "after the first head: a WebSocket has no trailers"}
	ruleAfterEnd = &rule{StreamClosed, "5.1", "after END_STREAM"}
	ruleOver     = &rule{StreamClosed, "5.1", "on a stream that the sender knows to be closed"}
)
