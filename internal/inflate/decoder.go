package inflate

// MaxWindow is the largest distance that DEFLATE can express (RFC 1951 §2), in bytes.
const MaxWindow = 1 << 15

// A Decoder decodes one stream at a time. The zero value must be Reset before use, and must not
// be copied after that. It has a size of about 10 KB, so users should pool it.
type Decoder struct {
	bits  uint64 // input not yet decoded, the next bit lowest; zero above nbits
	nbits uint   // number of input bits in bits, at most 63

	state state
	after state // the state after the current block
	err   error // the error of state failed

	window  int
	history []byte // what precedes the stream

	length   int // bytes left to output: of a stored block, or of a match
	distance int // of that match

	codes *codes // of the current block: own or fixed
	trees trees  // the header of a dynamic block, as far as it was read
	own   codes
}

// state is what the decoder expects next; doc.go has the diagram.
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

// call is the data of one call of Inflate.
type call struct {
	buf  []byte // out, extended to its capacity
	end  int    // buf[:end] is the result so far
	base int
	in   []byte
	at   int // in[:at] is consumed
}

// Reset begins a stream at a block header. No distance in it may exceed window bytes. history
// is what precedes the stream; only its last window bytes count. The Decoder keeps it until the
// next Reset, and never modifies it. Reset(0, nil) releases all references.
func (d *Decoder) Reset(window int, history []byte) {
	if len(history) > window {
		history = history[len(history)-window:]
	}
	d.bits, d.nbits = 0, 0
	d.state, d.after, d.err = blockHeader, blockHeader, nil
	d.window, d.history = window, history
}

// Inflate decodes in and appends to out, up to cap(out) and never beyond. It may overwrite
// memory between the end of the result and cap(out). With some 300 bytes more room than the
// output needs, all of it takes the fast path.
//
// out[base:], as passed in, is the previous output of this stream, or the last part of it: at
// least a window, or everything. The byte at distance D is out[len(out)-D]. If that lies before
// base, it is as far from the end of history as it would be from base. Between two calls, the
// output may move to other memory and another base.
//
// Inflate returns when in is used up or out is full. If len(result) is cap(out), the same input
// may have more output: call again with more room and with in[used:]. Input counts as used once
// the decoder holds it. It may hold up to seven bytes that are not decoded yet.
//
// An error is an [*Error] and remains until the next Reset. The result is then the output
// before the fault.
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

// AtBoundary reports whether the decoder is right before a block header, at a byte boundary,
// and holds no input.
func (d *Decoder) AtBoundary() bool { return d.state == blockHeader && d.nbits == 0 }

// fail ends the stream. It returns true, because the state has changed.
func (d *Decoder) fail(why *Error) bool {
	d.state, d.err = failed, why
	return true
}
