package conn

// State is where a connection stands in its life. The names say who acted.
type State uint8

const (
	// Open: messages flow both ways.
	Open State = iota
	// ClosedByUs: our Close frame has its place in the stream and nothing follows
	// it. What the peer sends until its own Close frame is still read.
	// Next: the peer's Close frame, or the deadline.
	ClosedByUs
	// ClosedByPeer: the peer's Close frame has come and nothing after it is read.
	// Next: our Close frame in reply.
	ClosedByPeer
	// Acknowledged: a Close frame each way. The server closes TCP, the client
	// waits for that. Next: the end of the stream, or the deadline.
	Acknowledged
	// Failed: we refused what the peer sent, or failed ourselves. Our Close frame carries
	// the reason if none was sent before; whatever else arrives is discarded.
	// Next: the end of the stream, or the deadline.
	Failed
	// Cut: a write failed, so nothing can be sent any more. What the peer had
	// sent before is still read, its Close frame above all.
	// Next: the peer's Close frame, the end of the stream, or the deadline.
	Cut
	// Terminated: the transport is gone or given up. Final.
	Terminated

	numStates = iota
)

var stateNames = [numStates]string{
	"open", "closed by us", "closed by peer", "acknowledged", "failed", "cut", "terminated",
}

// String returns the state's name in words.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "no state"
}

// CanSend reports whether a data frame, ping or pong may still be sent.
// RFC 6455 §5.5.1: nothing follows our Close frame.
func (s State) CanSend() bool { return s == Open }

// CanReceive reports whether frames from the peer still mean something.
// RFC 6455 §1.4, §7.1.7: after its Close frame, or after a failure, they do not.
func (s State) CanReceive() bool { return s == Open || s == ClosedByUs || s == Cut }

// Event is something that happened to a connection.
type Event uint8

const (
	// SendClose: our Close frame takes its place in the outgoing stream.
	// It is the application's or answers the peer's.
	SendClose Event = iota
	// AnswerViolation: our Close frame with the code of the violation, or of our failure,
	// takes its place.
	AnswerViolation
	// FlushClose: all of our Close frame is written.
	FlushClose
	// ReceiveClose: a well-formed Close frame arrived.
	ReceiveClose
	// Violate: the peer broke a rule or a limit; its bytes were refused.
	Violate
	// Fail: this end cannot go on reading: a callback of the application panicked.
	Fail
	// EndOfStream: the peer closed its direction of the transport (FIN).
	EndOfStream
	// BreakWrite: writing to the transport failed.
	BreakWrite
	// CutWrite: this end interrupted a write where the stream cannot go on after it.
	CutWrite
	// Break: reading from the transport failed, or both directions did (RST).
	Break
	// Expire: a deadline passed: of the closing handshake, of a write, of keepalive.
	Expire
	// GiveUp: a call of the application ended, by its context or its time limit, and the
	// connection cannot go on: half a frame or message is sent, or a closing was begun.
	GiveUp
	// Abandon: the application gave the connection up without a handshake.
	Abandon

	numEvents = iota
)

var eventNames = [numEvents]string{
	"send close", "answer violation", "flush close", "receive close", "violate", "fail",
	"end of stream", "break write", "cut write", "break", "expire", "give up", "abandon",
}

// String returns the event's name in words.
func (e Event) String() string {
	if int(e) < len(eventNames) {
		return eventNames[e]
	}
	return "no event"
}

// Action is what the owner of the transport does because of an event.
type Action uint8

const (
	// Nothing is to be done.
	Nothing Action = iota
	// AwaitClose: go on reading until the peer's Close frame, no longer than the deadline.
	AwaitClose
	// ReadOut: go on reading what the peer had sent, no longer than the deadline.
	ReadOut
	// SendReply: answer the peer's Close frame with ours.
	SendReply
	// SendFailure: send a Close frame with the code of the violation, or of our failure.
	SendFailure
	// EndTransport: nothing more will be sent; the server closes TCP, the client
	// waits for it, neither longer than the deadline (RFC 6455 §7.1.1).
	EndTransport
	// Drop: close the transport at once.
	Drop

	numActions = iota
)

var actionNames = [numActions]string{
	"nothing", "await close", "read out", "send reply", "send failure", "end transport", "drop",
}

// String returns the action's name in words.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "no action"
}
