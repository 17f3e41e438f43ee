package conn

import "github.com/hawser-ws/websocket/frame"

// Decoder turns the bytes of one direction into frames and messages, and judges
// them. A shell shows it the bytes it has and drops those that were taken; where
// too few are there, Decoder takes none and goes on when it is shown more. The
// bytes may be cut anywhere.
//
//	   ┌────────────── EndFrame ──────────────┐
//	   ▼                                      │
//	at header ── Next: a data frame ──▶ in payload ─┐
//	 │    ▲                                   ▲     │ Open, Inflate, Skip:
//	 └────┘ Next: a control frame,            └─────┘ until Left is 0
//	        whole and unmasked
//
// [Decoder.Single] takes both steps at once, for a message of one frame that is all
// there. An end of a connection must not use the Decoder any more once it has
// refused something. An observer, who reads a stream without being an end of it,
// calls [Decoder.Observe] instead of Next, and may go on.
type Decoder struct {
	sequence sequence
	left     uint64         // bytes of the current frame's payload that were not taken
	engine   *InflateEngine // lent while a compressed message is under way
	key      frame.Key      // for the next byte of the payload
	want     frame.Expectation
	phase    decoderPhase
	anyText  bool // see AcceptAnyText
}

// decoderPhase is what comes next in the stream.
type decoderPhase uint8

const (
	atHeader   decoderPhase = iota // a frame header
	inFragment                     // payload of a data frame; its message goes on in another
	inFinal                        // payload of the last frame of a message
	inNone                         // payload that is part of no message: only for an observer
)

// Frame is what [Decoder.Next] has taken.
type Frame struct {
	frame.Header
	// Payload is all of it for a control frame, unmasked in place. For a data frame
	// it is nil: the payload comes next.
	Payload []byte
	// HeaderSize is how many bytes the header took. Zero: no frame begins in what was
	// taken. It was payload that nobody wanted.
	HeaderSize int
}

// Init makes d ready for a stream. It may be used again after that, by an observer who
// has lost track: what was under way is forgotten.
func (d *Decoder) Init(want frame.Expectation) {
	d.dropMessage()
	*d = Decoder{want: want}
}

// AcceptAnyText turns the check for UTF-8 off, until Init is called again. RFC 6455 §8.1
// requires it: this is for shells whose users have always checked text themselves.
func (d *Decoder) AcceptAnyText() { d.anyText = true }

// judges reports whether the payload of messages of this type has to be UTF-8.
func (d *Decoder) judges(op frame.Opcode) bool { return op == frame.Text && !d.anyText }

// Next takes the next frame from the front of p: a control frame whole, of a data
// frame the header. n is how many bytes that is. If n is 0 and err is nil, it needs
// more than p. Payload that is still left of a data frame is dropped first.
//
// A frame is refused as soon as anything in it can be refused, be it before its length
// has come. err is a *[frame.Violation] or an *[Exceeded]. With n above 0 the header by
// itself was right, but the frame may not come now, or is too large.
func (d *Decoder) Next(p []byte, l Limits) (f Frame, n int, err error) {
	if d.phase != atHeader {
		if n = d.drop(p); n > 0 || d.left > 0 {
			return Frame{}, n, nil
		}
	}
	h, n := frame.ParseHeader(p)
	if n == 0 {
		if len(p) >= 2 {
			// A bad frame is refused before its length has come.
			if v := frame.CheckPrefix(p[0], p[1], d.want); v != nil {
				return Frame{}, 0, v
			}
		}
		return Frame{}, 0, nil
	}
	if v := frame.Check(h, d.want); v != nil {
		return Frame{}, 0, v
	}
	if h.Opcode.IsControl() {
		end := n + int(h.Length)
		if len(p) < end {
			return Frame{}, 0, nil
		}
		payload := p[n:end:end]
		if h.Masked {
			frame.Mask(payload, h.Key)
		}
		return Frame{h, payload, n}, end, nil
	}
	if err := d.sequence.begin(h, l); err != nil {
		return Frame{Header: h, HeaderSize: n}, n, err
	}
	d.enter(h)
	return Frame{Header: h, HeaderSize: n}, n, nil
}

// enter goes on to the payload of a data frame.
func (d *Decoder) enter(h frame.Header) {
	d.left, d.key, d.phase = h.Length, h.Key, inFragment
	if h.FIN {
		d.phase = inFinal
	}
}

// Observe is Next for an observer, who wants to know of every rule that a frame
// breaks, and to go on. It takes the header only, of control frames too, whose payload
// then comes as that of data frames does. n is 0 if the header is not complete. Left must
// be 0: unlike Next it drops nothing.
//
// A message that was not finished gives way to the one that begins inside it. The
// payload of a frame that cannot be part of a message is part of none: see InMessage.
func (d *Decoder) Observe(p []byte) (h frame.Header, n int, broken []*frame.Violation) {
	h, n = frame.ParseHeader(p)
	if n == 0 {
		return h, 0, nil
	}
	if v := frame.Check(h, d.want); v != nil {
		broken = append(broken, v)
	}
	if d.enter(h); h.Opcode.IsControl() || h.Opcode.IsReserved() {
		d.phase = inNone
		return h, n, broken
	}
	if v := d.observe(h); v != nil {
		broken = append(broken, v)
	}
	return h, n, broken
}

// observe makes the frame part of a message, if it can be.
func (d *Decoder) observe(h frame.Header) *frame.Violation {
	switch d.sequence.begin(h, Limits{}) { // there is no other verdict without limits
	case ErrContinuationWithoutStart:
		d.phase = inNone
		return ErrContinuationWithoutStart
	case ErrMessageNotFinished:
		d.dropMessage()
		_ = d.sequence.begin(h, Limits{}) // a first frame may always come between messages
		return ErrMessageNotFinished
	}
	return nil
}

// dropMessage forgets the message under way.
func (d *Decoder) dropMessage() {
	d.Release()
	d.sequence = sequence{}
}

// Discard is for an end that wants no more messages, because it is closing. It lifts all
// limits on data frames. The shell calls only Next from then on, which drops their payload
// unread. Headers and their order are still judged, and control frames still come.
func (d *Decoder) Discard() { d.sequence.unlimited = true }

// Left is how many bytes of the current frame's payload were not taken yet. A shell may
// read that many straight into their destination.
func (d *Decoder) Left() uint64 { return d.left }

// AtHeader reports whether a frame header comes next.
func (d *Decoder) AtHeader() bool { return d.phase == atHeader }

// InMessage reports whether the payload that comes next is part of a message.
func (d *Decoder) InMessage() bool { return d.phase == inFragment || d.phase == inFinal }

// InLast reports whether the payload that comes next is that of the last frame of a
// message.
func (d *Decoder) InLast() bool { return d.phase == inFinal }

// Message is the type of the message under way, or [frame.Continuation] between
// messages.
func (d *Decoder) Message() frame.Opcode { return d.sequence.opcode }

// Compressed reports whether the message under way is compressed (RFC 7692 §6: RSV1 on
// its first frame).
func (d *Decoder) Compressed() bool { return d.sequence.compressed }
