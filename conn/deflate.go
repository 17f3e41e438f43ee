package conn

import "github.com/hawser-ws/websocket/internal/deflate"

// Trailer is what the sender of a compressed message removes from its end, and the
// receiver puts back (RFC 7692 §7.2.1 and §7.2.2).
const Trailer = "\x00\x00\xff\xff"

// Terms are how one direction of a connection is compressed, as agreed on.
type Terms struct {
	WindowBits int  // the window is 1<<WindowBits bytes; 8 to 15
	Takeover   bool // messages may refer to those before them
}

// Deflater compresses the messages that one end sends (RFC 7692 §7.2.1). Between
// two messages it keeps a window if context takeover was agreed on, and nothing
// otherwise; what it works with is lent to it.
//
// Without takeover its methods may be called concurrently. With takeover, messages
// must be sent in the order in which they are compressed, and one that was sent must
// be told of by Sent or SentParts before the next is compressed; one that was not, by
// Unsent.
type Deflater struct {
	terms    Terms
	level    int
	window   window
	identity *identity
	serial   uint64 // of what is in the window
}

// identity tells the streams of different Deflaters apart, without keeping their
// windows in memory.
type identity struct{ _ byte }

// DeflateEngine is the working memory of a Deflater. It may be lent to another for
// every message; one that comes back to the Deflater that used it last, with
// nothing compressed elsewhere in between, need not be primed with the window. The
// zero value is ready.
type DeflateEngine struct {
	encoder deflate.Encoder
	recent  []byte // the bytes before what is compressed next: at least the window, if there are as many

	// Whose stream this is, and up to where.
	identity *identity
	serial   uint64
}

// contiguous is how much of a message is copied to where the window is. It is as
// large as any window, and as blocks are: what they say of their codes should not
// have to be said twice.
const contiguous = 64 << 10

// The levels that level 0 stands for. In a window that is not the largest there is
// little to search, so that searching it well costs little; and it has to be, if the
// message is to come out as small as elsewhere.
const (
	fastLevel        = 1
	smallWindowLevel = 5
)

// NewDeflater returns one for level 1 (fastest) to 9 (smallest); 0 leaves it to the
// window.
func NewDeflater(t Terms, level int) Deflater {
	switch {
	case level > 0:
	case t.WindowBits < 15:
		level = smallWindowLevel
	default:
		level = fastLevel
	}
	d := Deflater{terms: t, level: level}
	if t.Takeover {
		d.identity = new(identity)
	}
	return d
}

// Terms returns what it was made with.
func (d *Deflater) Terms() Terms { return d.terms }

// Level returns what it was made with.
func (d *Deflater) Level() int { return d.level }

// Message appends to dst the payload of a compressed message that says p.
func (d *Deflater) Message(e *DeflateEngine, dst, p []byte) []byte {
	d.Begin(e)
	if !d.terms.Takeover { // nothing precedes it, so that it need not be copied
		return trim(e.encoder.Flush(e.encoder.Append(dst, p, 0)))
	}
	return d.Part(e, dst, p, true)
}

// Begin makes e ready for a message.
func (d *Deflater) Begin(e *DeflateEngine) {
	if d.terms.Takeover && e.identity == d.identity && e.serial == d.serial {
		return
	}
	e.identity = nil
	e.encoder.Reset(d.terms.WindowBits, d.level)
	e.recent = e.recent[:0]
	if len(d.window) > 0 {
		e.encoder.Prime(d.window)
		e.recent = append(e.recent, d.window...)
	}
}

// Part appends to dst the payload of one frame of the message that Begin began. fin
// is the FIN bit of the frame.
func (d *Deflater) Part(e *DeflateEngine, dst, p []byte, fin bool) []byte {
	e.identity = nil // until the message is whole
	size := 1 << d.terms.WindowBits
	n := min(len(p), contiguous)
	e.recent = append(e.recent, p[:n]...)
	dst = e.encoder.Append(dst, e.recent, len(e.recent)-n)
	if n < len(p) {
		// From here on p itself holds all that may be referred to.
		dst = e.encoder.Append(dst, p, n)
		e.recent = append(e.recent[:0], p[len(p)-size:]...)
	}
	if len(e.recent) > 2*size {
		e.recent = e.recent[:copy(e.recent, e.recent[len(e.recent)-size:])]
	}
	dst = e.encoder.Flush(dst)
	if !fin {
		return dst
	}
	if d.terms.Takeover {
		e.identity, e.serial = d.identity, d.serial+1
	}
	return trim(dst)
}

// trim removes the trailer (RFC 7692 §7.2.1, step 3).
func trim(p []byte) []byte { return p[:len(p)-len(Trailer)] }

// Sent tells that a message that says p is on its way, compressed: it is part of
// the window now.
func (d *Deflater) Sent(p []byte) {
	if d.terms.Takeover {
		d.window.slide(p, 1<<d.terms.WindowBits)
		d.serial++
	}
}

// SentParts is Sent for a message made of parts with e.
func (d *Deflater) SentParts(e *DeflateEngine) {
	if d.terms.Takeover {
		d.window = d.window[:0]
		d.Sent(e.recent)
	}
}

// Unsent tells that the message last compressed will not be sent: no engine may take
// it for part of the window.
func (d *Deflater) Unsent() {
	if d.terms.Takeover {
		d.serial += 2
	}
}
