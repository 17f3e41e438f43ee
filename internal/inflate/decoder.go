package inflate

// MaxWindow is the farthest distance that DEFLATE can express (RFC 1951 §2).
const MaxWindow = 1 << 15

// A Decoder decodes one stream at a time. The zero value must be Reset. It must
// not be copied after that, and it is some 10 KB in size: users pool it.
type Decoder struct {
	bits  uint64 // input not yet decoded, the next bit lowest; above nbits zero
	nbits uint   // how many of bits are input, at most 63

	state state
	after state // where the end of the block in hand leads
	err   error // why, in state failed

	window  int
	history []byte // what precedes the stream

	length   int // bytes left to give: of a stored block, or of a match
	distance int // of that match

	codes *codes // of the block in hand: own or fixed
	trees trees  // what the header of a dynamic block has said so far
	own   codes
}

// state is what the decoder expects next; doc.go has the picture.
type state uint8

const (
	blockHeader    state = iota
	storedHeader         // LEN and NLEN
	storedData           // length bytes
	codeCounts           // HLIT, HDIST and HCLEN
	codeLengthCode       // the lengths of the code for code lengths
	codeLengths          // the lengths of the other two codes
	symbols              // a literal, a length or the end of the block
	distance             // the distance that belongs to length
	match                // length bytes from distance back
	padding              // up to the byte boundary, after a final block
	failed
)

// call is what one call of Inflate works on.
type call struct {
	buf  []byte // out with all its capacity
	end  int    // buf[:end] is the result so far
	base int
	in   []byte
	at   int // in[:at] is used
}

// Reset begins a stream at a block header. No distance in it may exceed window
// bytes. history is what precedes the stream, of which only the last window
// bytes count: it is kept, and never modified, until the next Reset.
// Reset(0, nil) lets go of everything.
func (d *Decoder) Reset(window int, history []byte) {
	if len(history) > window {
		history = history[len(history)-window:]
	}
	d.bits, d.nbits = 0, 0
	d.state, d.after, d.err = blockHeader, blockHeader, nil
	d.window, d.history = window, history
}

// Inflate decodes in and appends to out, up to cap(out) and never beyond it.
// What lies between the end of the result and cap(out) may be overwritten. Some
// 300 bytes more room than the output needs let all of it take the fast way.
//
// out[base:], as passed in, is what this stream has produced before, or the
// last part of it: at least the window or all there is. The byte at distance D
// is out[len(out)-D], or, where that is before base, as far from the end of
// history as it is from base. Between two calls what was produced may move to
// other memory and to another base.
//
// Inflate returns when in is used up or out is full. If len(result) is
// cap(out), there may be more output in the same input: call again with room,
// and with in[used:]. Input counts as used when the decoder holds it, and it
// may hold up to seven bytes that are not decoded yet.
//
// An error is an [*Error] and stays until the next Reset. The result is then
// what the stream gave before the fault.
func (d *Decoder) Inflate(out []byte, base int, in []byte) (result []byte, used int, err error) {
	c := call{buf: out[:cap(out)], end: len(out), base: base, in: in}
	for more := true; more; {
		switch d.state {
		case blockHeader:
			more = d.blockHeader(&c)
		case storedHeader:
			more = d.storedHeader(&c)
		case storedData:
			more = d.storedData(&c)
		case codeCounts:
			more = d.codeCounts(&c)
		case codeLengthCode:
			more = d.codeLengthCode(&c)
		case codeLengths:
			more = d.codeLengths(&c)
		case symbols:
			more = d.symbols(&c)
		case distance:
			more = d.matchDistance(&c)
		case match:
			more = d.match(&c)
		case padding:
			more = d.padding()
		case failed:
			more = false
		}
	}
	return c.buf[:c.end], c.at, d.err
}

// AtBoundary reports whether the decoder stands right before a block header, at
// a byte boundary, and holds no input.
func (d *Decoder) AtBoundary() bool { return d.state == blockHeader && d.nbits == 0 }

// fail ends the stream. It returns true, as the state has changed.
func (d *Decoder) fail(why *Error) bool {
	d.state, d.err = failed, why
	return true
}
