package deflate

import (
	"encoding/binary"
	"slices"
)

// spare is the room needed behind the written bytes, because bits are written eight bytes at a
// time.
const spare = 8

// A bitWriter writes into memory that was allocated before.
type bitWriter struct {
	out  []byte
	n    int // bytes written
	bits uint64
	held uint // bits not yet written, at most 7 after drain
}

// begin makes room for size bits after dst. It starts with the bits held by the Encoder.
func (e *Encoder) begin(dst []byte, size int) bitWriter {
	dst = slices.Grow(dst, (size+7)/8+2*spare)
	return bitWriter{out: dst[:cap(dst)], n: len(dst), bits: e.bits, held: e.nbits}
}

// end returns the slice given to begin, extended by the complete bytes.
func (e *Encoder) end(w *bitWriter) []byte {
	w.drain()
	e.bits, e.nbits = w.bits, w.held
	return w.out[:w.n]
}

// put adds bits, at most 56 between two drains.
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

// putSequences writes the content of a block and its end. It keeps the writer's fields in local
// variables, so that they can be in registers.
func (w *bitWriter) putSequences(data []byte, found []sequence, c *codes) {
	out, n, acc, held := w.out, w.n, w.bits, w.held
	for k := 0; k <= len(found); k++ {
		literals := len(data) // after the last sequence
		var s sequence
		if k < len(found) {
			s = found[k]
			literals = s.literals()
		}
		run := data[:literals]
		data = data[literals:]
		// A literal's code has at most 14 bits, so four fit beside the held bits.
		for len(run) >= 4 {
			l0, l1, l2, l3 := c.literal[run[0]], c.literal[run[1]], c.literal[run[2]], c.literal[run[3]]
			acc |= l0.bits() << (held & 63)
			held += l0.len()
			acc |= l1.bits() << (held & 63)
			held += l1.len()
			acc |= l2.bits() << (held & 63)
			held += l2.len()
			acc |= l3.bits() << (held & 63)
			held += l3.len()
			binary.LittleEndian.PutUint64(out[n:n+8:n+8], acc)
			n += int(held >> 3)
			acc >>= held & 56
			held &= 7
			run = run[4:]
		}
		for _, o := range run {
			l := c.literal[o]
			acc |= l.bits() << (held & 63)
			held += l.len()
		}
		binary.LittleEndian.PutUint64(out[n:n+8:n+8], acc)
		n += int(held >> 3)
		acc >>= held & 56
		held &= 7
		if literals == onlyLiterals || k == len(found) {
			continue
		}
		data = data[s.length():]

		// RFC 1951 section 3.2.5: extra bits follow the code. They are the low bits of the
		// values stored in the sequence: each symbol's smallest length - 3, and smallest
		// distance - 1, is a multiple of its number of values.
		symbol := lengthSymbol[uint8(s>>15)] & 31
		l := c.literal[firstLength+uint32(symbol)]
		acc |= l.bits() << (held & 63)
		held += l.len()
		extra := uint(lengthExtra[symbol])
		acc |= (uint64(s>>15) & (1<<(extra&15) - 1)) << (held & 63)
		held += extra

		d := distanceSymbol(uint32(s)&0x7fff) & 31
		l = c.distance[d]
		acc |= l.bits() << (held & 63)
		held += l.len()
		extra = uint(distanceExtra[d])
		acc |= (uint64(s) & (1<<(extra&15) - 1)) << (held & 63)
		held += extra
		binary.LittleEndian.PutUint64(out[n:n+8:n+8], acc)
		n += int(held >> 3)
		acc >>= held & 56
		held &= 7
	}
	w.n, w.bits, w.held = n, acc, held
	l := c.literal[endOfBlock]
	w.put(l.bits(), l.len())
	w.drain()
}
