package h2

// Kind is what has happened.
type Kind uint8

const (
	// Nothing: all bytes are taken, and nothing more comes of them.
	Nothing Kind = iota
	// Requested: a request has opened Stream. Head is its own. The shell answers with Respond,
	// End or Reset, and calls Release when it has nothing more to do with the stream.
	Requested
	// Refused: a request was refused before it became a stream. Err says why.
	Refused
	// Informed: a response of 1xx has come. Head is its own.
	Informed
	// Answered: the response has come. Head is its own.
	Answered
	// Received: Data of Stream, which is part of the bytes that Receive was given.
	Received
	// Ended: the peer has sent END_STREAM.
	Ended
	// ResetByPeer: RST_STREAM has come, with Code. Chunks of the stream are dropped.
	ResetByPeer
	// NotProcessed: a GOAWAY says that the peer has not looked at Stream, and Code why. The
	// request may be sent again on another connection (RFC 9113 §6.8).
	NotProcessed
	// Failed: the peer broke a rule on Stream, which we have reset. Err says which. Chunks of
	// the stream are dropped.
	Failed
	// Settled: the peer has said its settings, for the first time or anew: see Peer.
	Settled
	// Pong: the answer to Ping has come. Data are its eight bytes, until the next Receive.
	Pong
	// GoingAway: a GOAWAY has come, with Code and in Data what else it says, until the next
	// Receive. No streams can be opened any more.
	GoingAway

	numKinds = iota

	progress Kind = 255 // the next step may be taken, perhaps without bytes
)

var kindNames = [numKinds]string{
	"nothing", "requested", "refused", "informed", "answered", "received", "ended",
	"reset by peer", "not processed", "failed", "settled", "pong", "going away",
}

// String returns the kind in words.
func (k Kind) String() string {
	if k < numKinds {
		return kindNames[k]
	}
	return "no event"
}

// Event is what Receive reports. Which fields are set is said by Kind.
type Event struct {
	Kind   Kind
	Code   Code
	Stream *Stream
	Head   *Head
	Data   []byte
	Err    *StreamError
}

// RetrySafe reports whether the stream ended without having been looked at by the peer, so
// that the request may be sent again elsewhere (RFC 9113 §8.7).
func (ev *Event) RetrySafe() bool {
	return ev.Kind == NotProcessed || ev.Kind == ResetByPeer && ev.Code == RefusedStream
}
