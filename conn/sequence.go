package conn

import (
	"fmt"
	"math"

	"github.com/hawser-ws/websocket/frame"
)

// The violations of RFC 6455 §5.4 that only the order of frames can show.
var (
	ErrContinuationWithoutStart = &frame.Violation{Code: 1002, Section: "5.4", Reason: "continuation frame without a first frame"}
	ErrMessageNotFinished       = &frame.Violation{Code: 1002, Section: "5.4", Reason: "new message before the last one was finished"}
)

// Limits bound what a peer may send. A value of zero or less means no limit, except
// [EmptyOnly].
type Limits struct {
	Frame     int64 // bytes of payload in one frame, as on the wire
	Message   int64 // bytes of payload in one message, after decompression, or EmptyOnly
	Fragments int   // data frames in one message, the empty ones too
}

// EmptyOnly is the limit of messages that lets only empty ones pass. It is not zero, because
// the zero value of Limits has to mean none.
const EmptyOnly = math.MinInt64

// within reports whether n bytes are within a limit of frames or messages.
func within(n uint64, limit int64) bool { return n <= uint64(max(limit, 0)) || isNone(limit) }

// isNone reports whether limit means that there is none.
func isNone(limit int64) bool { return limit <= 0 && limit != EmptyOnly }

// Exceeded says that the peer broke one of [Limits]. It is answered with 1009.
type Exceeded struct {
	What  string // "frame", "message", "compressed message" or "fragments"
	Limit int64
	Size  uint64 // what was declared or counted; at least Limit+1
}

func (e *Exceeded) Error() string {
	if e.What == "fragments" {
		return fmt.Sprintf("message of %d fragments exceeds the limit of %d", e.Size, e.Limit)
	}
	return fmt.Sprintf("%s of %d bytes exceeds the limit of %d", e.What, e.Size, e.Limit)
}

// CodeTooBig is the status code that answers [Exceeded] (RFC 6455 §7.4.1).
const CodeTooBig uint16 = 1009

// sequence follows the data frames that arrive (RFC 6455 §5.4). Control frames do not pass
// through it: they may come anywhere. The zero value is between messages.
type sequence struct {
	size       uint64
	wire       uint64       // of a compressed message
	fragments  uint32       // up to maxFragments and one more
	opcode     frame.Opcode // of the message under way; Continuation: none
	compressed bool
	text       frame.Validator // of the message under way
	unlimited  bool            // see Decoder.Discard
}

// begin judges the header of a data frame that has passed [frame.Check] and, if
// it may come now, makes it the current frame. The error is a *[frame.Violation]
// or an *[Exceeded]; the sequence must not be used after one.
func (s *sequence) begin(h frame.Header, limits Limits) error {
	if h.Opcode == frame.Continuation {
		// RFC 6455 §5.4: a fragmented message begins with a data opcode.
		if s.opcode == frame.Continuation {
			return ErrContinuationWithoutStart
		}
	} else {
		// RFC 6455 §5.4: fragments of one message must not be interleaved with another.
		if s.opcode != frame.Continuation {
			return ErrMessageNotFinished
		}
		s.opcode, s.compressed = h.Opcode, h.RSV1
		s.size, s.wire, s.fragments = 0, 0, 0
	}
	if s.unlimited {
		limits = Limits{}
	}
	if !within(h.Length, limits.Frame) {
		return &Exceeded{"frame", limits.Frame, h.Length}
	}
	if s.fragments <= maxFragments {
		s.fragments++
	}
	if limit := min(uint64(max(limits.Fragments, 0)), maxFragments); limit > 0 && uint64(s.fragments) > limit {
		return &Exceeded{"fragments", int64(limit), uint64(s.fragments)}
	}
	if s.compressed {
		return s.deflated(h.Length, limits.Message) // its size shows only while it is inflated: inflated
	}
	return s.grow(h.Length, limits.Message)
}

// maxFragments is the highest limit: such a message takes 8 GB of headers.
const maxFragments = math.MaxUint32 - 1

const (
	// What compression adds to the decompressed size of a message at most, in bytes, if
	// the sender does it well: stored blocks add 5 bytes to 65,535, and each fragment ends
	// with as much. These limits leave room for many times that.
	wireShare    = 8 // one for this many
	wireFragment = 64
	wireMessage  = 64 << 10
)

// deflated counts n compressed bytes of a message. Empty blocks have no output, so a limit
// on output alone would not stop them.
func (s *sequence) deflated(n uint64, limit int64) error {
	s.wire = sum(s.wire, n)
	if isNone(limit) {
		return nil
	}
	limit = max(limit, 0)
	most := sum(uint64(limit)+uint64(limit)/wireShare, wireMessage+wireFragment*uint64(s.fragments))
	if s.wire > most {
		return &Exceeded{"compressed message", int64(most), s.wire}
	}
	return nil
}

// inflated counts n decompressed bytes of a message.
func (s *sequence) inflated(n int, limits Limits) error {
	return s.grow(uint64(n), limits.Message)
}

func (s *sequence) grow(n uint64, limit int64) error {
	s.size = sum(s.size, n)
	if within(s.size, limit) {
		return nil
	}
	return &Exceeded{"message", max(limit, 0), s.size}
}

// sum is a + b, or the largest there is: declared lengths may not wrap.
func sum(a, b uint64) uint64 {
	if b > math.MaxInt64-min(a, math.MaxInt64) {
		return math.MaxInt64
	}
	return a + b
}

// end tells that the payload of the message's last frame has been consumed.
func (s *sequence) end() {
	s.opcode, s.compressed = frame.Continuation, false
	s.text.Reset()
}
