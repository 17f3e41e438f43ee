package deflate

import "math/bits"

// A sequence is some literals followed by a copy of earlier bytes. The literals themselves are
// read from the input.
//
//	bits 23..31  number of literals; 511 means 511 literals and no copy
//	bits 15..22  length - 3
//	bits  0..14  distance - 1
type sequence uint32

const (
	// maxSequences in one block: 64 KiB with eight to ten bytes each, as in text.
	maxSequences = 8192

	// maxBlock is what fits into one stored block (RFC 1951 section 3.2.4), less one match and
	// one run of literals.
	maxBlock = 65535 - 1024

	onlyLiterals = 511
)

func (s sequence) literals() int { return int(s >> 23) }
func (s sequence) length() int   { return int(s>>15&0xff) + 3 }

// add packs and counts one sequence. Its literals are counted where they are passed over. There
// must be room for the longest run of literals: see reserve.
func (e *Encoder) add(n, literals, length, distance int) int {
	for literals >= onlyLiterals {
		e.found[n&(maxSequences-1)] = onlyLiterals << 23
		literals -= onlyLiterals
		n++
	}
	e.found[n&(maxSequences-1)] = sequence(literals<<23 | (length-3)<<15 | (distance - 1))
	e.block.literalFreq[firstLength+uint32(lengthSymbol[uint8(length-3)])&31]++
	e.block.distanceFreq[distanceSymbol(uint32(distance-1))&31]++
	return n + 1
}

// reserve is how many sequences must be free before add. A block of literals only needs no
// more.
const reserve = maxBlock/onlyLiterals + 4

// RFC 1951 section 3.2.5: symbols 257 to 285 of the literal/length alphabet stand for lengths, with extra bits.
const (
	endOfBlock   = 256
	firstLength  = 257
	maxLiterals  = 286
	maxDistances = 30
)

var (
	lengthExtra = [32]uint8{
		0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
	}
	distanceExtra = [32]uint8{
		0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
	}

	// lengthSymbol maps length-3 to its symbol, less firstLength.
	lengthSymbol = lengthSymbols()
)

func lengthSymbols() (table [256]uint8) {
	symbol, left := 0, 1
	for i := range table {
		table[i] = uint8(symbol)
		if left--; left == 0 {
			symbol++
			left = 1 << lengthExtra[symbol&31]
		}
	}
	// RFC 1951 section 3.2.5: 258 has its own symbol, although the one before could express it.
	table[255] = 28
	return table
}

// distanceSymbol returns the symbol for a distance, given less one: its two highest bits, and
// the number of bits that follow.
func distanceSymbol(less1 uint32) uint32 {
	if less1 < 4 {
		return less1
	}
	n := uint32(bits.Len32(less1))
	return 2*(n-1) + less1>>(n-2)&1
}

// clear starts new counts for a block.
func (b *block) clear() {
	clear(b.literalFreq[:])
	clear(b.distanceFreq[:])
	b.literalFreq[endOfBlock] = 1
}

func (b *block) countLiterals(data []byte) {
	for _, c := range data {
		b.literalFreq[c]++
	}
}
