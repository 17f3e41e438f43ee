package deflate

import (
	"encoding/binary"
	"math/bits"
)

// RFC 1951 section 3.2.7: the order of the lengths in the code length code, and its three
// symbols that repeat.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

const (
	repeatPrevious = 16 // 3 to 6 times, 2 bits
	repeatZero     = 17 // 3 to 10 times, 3 bits
	repeatZeroMore = 18 // 11 to 138 times, 7 bits
)

var repeatExtra = [19]uint8{repeatPrevious: 2, repeatZero: 3, repeatZeroMore: 7}

// A header describes the two codes of a block.
type header struct {
	// lengths has those of both codes, in the order of output, then a value that ends the last
	// run.
	lengths [maxLiterals + 2*maxDistances + 16]uint8
	items   [maxLiterals + maxDistances]uint16 // symbol | extra bits << 8
	nitems  int

	literals, distances, order int // how many lengths of each are sent

	freq        [19]uint32
	used        [maxSymbols]uint32
	codeLengths [19]uint8
	codes       [19]code
}

// describe prepares the header for codes with these lengths and returns its size in bits.
func (h *header) describe(b *builder, literals, distances []uint8) int {
	h.literals, h.distances = len(literals), len(distances)
	for h.literals > firstLength && literals[h.literals-1] == 0 {
		h.literals--
	}
	for h.distances > 1 && distances[h.distances-1] == 0 {
		h.distances--
	}
	// RFC 1951 section 3.2.7: the lengths of both codes are one sequence, so runs may cross
	// over.
	n := copy(h.lengths[:], literals[:h.literals])
	n += copy(h.lengths[n:], distances[:h.distances])
	for i := range 8 {
		h.lengths[n+i] = 0xff
	}
	h.runs(n)

	b.build(gather(&h.used, h.freq[:]), h.codeLengths[:], h.codes[:], 7)
	h.order = len(lengthOrder)
	for h.order > 4 && h.codeLengths[lengthOrder[h.order-1]] == 0 {
		h.order--
	}
	size := 5 + 5 + 4 + 3*h.order
	for symbol, f := range h.freq {
		size += int(f) * int(h.codeLengths[symbol]+repeatExtra[symbol])
	}
	return size
}

// runs converts n lengths into items.
func (h *header) runs(n int) {
	clear(h.freq[:])
	items := h.items[:0]
	for i := 0; i < n; {
		length := h.lengths[i]
		run := h.run(i)
		i += run
		if length == 0 {
			for ; run >= 11; run -= min(run, 138) {
				items = append(items, repeatZeroMore|uint16(min(run, 138)-11)<<8)
				h.freq[repeatZeroMore]++
			}
			if run >= 3 {
				items = append(items, repeatZero|uint16(run-3)<<8)
				h.freq[repeatZero]++
				run = 0
			}
		} else if run >= 4 {
			items = append(items, uint16(length))
			h.freq[length]++
			for run--; run >= 3; run -= min(run, 6) {
				items = append(items, repeatPrevious|uint16(min(run, 6)-3)<<8)
				h.freq[repeatPrevious]++
			}
		}
		h.freq[length] += uint32(run)
		for ; run > 0; run-- {
			items = append(items, uint16(length))
		}
	}
	h.nitems = len(items)
}

// run returns how many lengths from i on are equal.
func (h *header) run(i int) int {
	pattern := uint64(h.lengths[i]) * 0x0101010101010101
	for n := 0; ; n += 8 {
		if diff := binary.LittleEndian.Uint64(h.lengths[i+n:]) ^ pattern; diff != 0 {
			return n + bits.TrailingZeros64(diff)/8
		}
	}
}

// put writes what describe has prepared.
func (h *header) put(w *bitWriter) {
	w.put(uint64(h.literals-257), 5)
	w.put(uint64(h.distances-1), 5)
	w.put(uint64(h.order-4), 4)
	w.drain()
	for _, symbol := range lengthOrder[:h.order] {
		w.put(uint64(h.codeLengths[symbol]), 3)
		w.drain()
	}
	for _, item := range h.items[:h.nitems] {
		symbol := item & 31
		c := h.codes[symbol]
		w.put(c.bits()|uint64(item>>8)<<c.len(), c.len()+uint(repeatExtra[symbol]))
		w.drain()
	}
}
