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
// two messages it keeps a window with context takeover, and nothing without. Its
// caller lends it the working memory, a [DeflateEngine].
//
// Without takeover its methods may be called concurrently. With takeover, messages
// must be sent in the order in which they are compressed. Before the next message is
// compressed, call Sent or SentParts if the last one was sent, or else Unsent.
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

// DeflateEngine is the working memory of a Deflater. Any Deflater may use it for its
// next message. It need not be primed with the window if it made that Deflater's last
// message and has made no other since. The zero value is ready.
type DeflateEngine struct {
	encoder deflate.Encoder
	recent  []byte // the bytes before what is compressed next: at least the window, if there are as many

	// Whose stream this is, and up to where.
	identity *identity
	serial   uint64
}

// contiguous is how much of a message is copied behind the window. It is as large as
// the largest window, and as a block: a smaller piece would repeat the code tables of
// a block.
const contiguous = 64 << 10

// The levels that level 0 stands for. A window below the largest is cheap to search
// well, and has to be searched well for a result as small as with the largest.
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

// Terms returns the terms that d was made with.
func (d *Deflater) Terms() Terms { return d.terms }

// Level returns the compression level.
func (d *Deflater) Level() int { return d.level }

// Message compresses p as one message and appends the payload to dst.
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

// Sent adds p to the window: it was compressed and is being sent.
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

// Unsent drops the message last compressed: it will not be sent, so no engine may
// treat it as part of the window.
func (d *Deflater) Unsent() {
	if d.terms.Takeover {
		d.serial += 2
	}
}
