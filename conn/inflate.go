package conn

import (
	"errors"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/internal/inflate"
)

// codeInvalidPayload is the status code for a message whose data is not what its
// type says (RFC 6455 §7.4.1).
const codeInvalidPayload = 1007

// errDeflateEnd is for a compressed message that does not end where DEFLATE lets it.
var errDeflateEnd = &frame.Violation{Code: codeInvalidPayload, RFC: 7692, Section: "7.2.2", Reason: "compressed message ends in the middle of a block"}

// Inflater decompresses the messages that one end receives (RFC 7692 §7.2.2). As a
// [Deflater] it keeps no more than a window between two messages.
type Inflater struct {
	terms  Terms
	window window
}

// InflateEngine is the working memory of an Inflater while a message is under way.
// The zero value is ready.
type InflateEngine struct {
	decoder  inflate.Decoder
	lender   *Inflater // whose message this is
	unmasked int       // bytes of the payload that are unmasked and not yet taken: see Decoder.Inflate
	trailer  int       // bytes of Trailer that were taken
}

// NewInflater returns an Inflater.
func NewInflater(t Terms) Inflater { return Inflater{terms: t} }

// Terms returns what it was made with.
func (f *Inflater) Terms() Terms { return f.terms }

// Begin makes e ready for a message.
func (f *Inflater) Begin(e *InflateEngine) {
	e.decoder.Reset(1<<f.terms.WindowBits, f.window)
	e.lender, e.unmasked, e.trailer = f, 0, 0
}

// Inflate decompresses bytes of the payload and appends the output to out, up to its
// capacity and never beyond. out[base:] is the earlier output of the message, or the last
// window of it. used is how much of p was taken: all of it, unless out is full. Bytes
// without output are taken even then.
//
// After the payload of the last frame, [Trailer] is to be given in the same way, and
// then Ended asked.
func (e *InflateEngine) Inflate(out []byte, base int, p []byte) (result []byte, used int, v *frame.Violation) {
	result, used, err := e.decoder.Inflate(out, base, p)
	if err != nil {
		v = violation(err)
	}
	return result, used, v
}

// violation returns the violation for corrupt data: the data is not what the type of the
// message requires.
func violation(err error) *frame.Violation {
	wrong, _ := errors.AsType[*inflate.Error](err) // the decoder has no other
	return &frame.Violation{Code: codeInvalidPayload, RFC: uint16(wrong.RFC), Section: wrong.Section, Reason: wrong.Reason}
}

// ReachesBeforeWindow reports whether v, of a compressed message, says that the message
// refers to what came before the messages of its window. A shell that has not seen the
// connection from its beginning cannot call that a mistake of the peer.
func ReachesBeforeWindow(v *frame.Violation) bool {
	return v.RFC == uint16(inflate.ErrBeforeStart.RFC) && v.Reason == inflate.ErrBeforeStart.Reason
}

// Ended reports whether a message may end here.
func (e *InflateEngine) Ended() bool { return e.decoder.AtBoundary() }

// End ends the message. output is its decompressed content, or the last window of it. End
// releases e.
func (f *Inflater) End(e *InflateEngine, output []byte) {
	e.Drop()
	if f.terms.Takeover {
		f.window.slide(output, 1<<f.terms.WindowBits)
	}
}

// Drop lets go of what belongs to the connection.
func (e *InflateEngine) Drop() {
	e.decoder.Reset(0, nil)
	e.lender, e.unmasked, e.trailer = nil, 0, 0
}
