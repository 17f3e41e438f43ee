package deflate

import (
	"encoding/binary"
	"slices"
)

// spare is how many octets must be free behind those that are written: bits go out eight octets at a time.
const spare = 8

// A bitWriter writes into room that was made before.
type bitWriter struct {
	out  []byte
	n    int // octets written
	bits uint64
	held uint // bits not yet written, at most 7 after drain
}

// begin makes room for size bits behind dst, and goes on with the bits that are held.
func (e *Encoder) begin(dst []byte, size int) bitWriter {
	dst = slices.Grow(dst, (size+7)/8+2*spare)
	return bitWriter{out: dst[:cap(dst)], n: len(dst), bits: e.bits, held: e.nbits}
}

// end gives back what begin got, longer by the whole octets written.
func (e *Encoder) end(w *bitWriter) []byte {
	w.drain()
	e.bits, e.nbits = w.bits, w.held
	return w.out[:w.n]
}

// put adds bits. Between two drains there must not be more than 56.
func (w *bitWriter) put(bits uint64, n uint) {
	w.bits |= bits << (w.held & 63)
	w.held += n
}

func (w *bitWriter) drain() {
	binary.LittleEndian.PutUint64(w.out[w.n:], w.bits)
	w.n += int(w.held >> 3)
	w.bits >>= w.held & 56
	w.held &= 7
}
