package deflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	minTableBits = 10 // of four bytes each
	maxTableBits = 15
)

// A level is how thoroughly to search.
type level struct {
	depth  int // how many earlier positions to compare; 0 means one, without chains
	lazy   int // a shorter match is given up for a better one that begins one byte later
	nice   int // a match of this length ends the search
	skip   int // after 1<<skip literals in a row, the search begins to skip bytes
	hashed int // bytes covered by the hash, if there is much data to choose from
	stride int // inside a match, every stride-th byte is indexed
	step   int // and every step-th byte of a history
}

// Levels 1 to 6 spend their time on probes and inserts, so they use few, with long hashes. From
// level 7 on, comparisons dominate.
var levels = [...]level{
	1: {skip: 6, hashed: 7, step: 4},
	2: {skip: 6, hashed: 6, stride: 2, step: 4},
	3: {depth: 2, lazy: 16, nice: 24, skip: 6, hashed: 7, stride: 3, step: 4},
	4: {depth: 3, lazy: 16, nice: 32, skip: 7, hashed: 6, stride: 3, step: 3},
	5: {depth: 4, lazy: 16, nice: 32, skip: 7, hashed: 6, stride: 2, step: 3},
	6: {depth: 8, lazy: 32, nice: 64, skip: 7, hashed: 6, stride: 1, step: 2},
	7: {depth: 24, lazy: 64, nice: 128, skip: 9, hashed: 5, stride: 1, step: 1},
	8: {depth: 96, lazy: 128, nice: 258, skip: 30, hashed: 4, stride: 1, step: 1},
	9: {depth: 1024, lazy: 258, nice: 258, skip: 30, hashed: 4, stride: 1, step: 1},
}

// The third index makes the capacity constant, which avoids the arithmetic of slicing.
func load32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[i : i+4 : i+4]) }

func load64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8 : i+8]) }

// hash64 hashes the first bytes of v. factor is shifted so that only those count.
func hash64(v, factor uint64, mask uint32) uint32 { return uint32(v*factor>>(64-maxTableBits)) & mask }

// factors is indexed by the number of bytes.
var factors = [8]uint64{
	4: 0x9e3779b1 << (64 - 8*4),
	5: 0x9e3779b185 << (64 - 8*5),
	6: 0x9e3779b185eb << (64 - 8*6),
	7: 0x9e3779b185ebcb << (64 - 8*7),
}

// hashing returns the parameters of hash64. A hash of more bytes finds longer matches when few
// positions are compared; with little data to choose from, short matches matter more. The table
// size shows how much data there is.
func (e *Encoder) hashing() (factor uint64, mask uint32) {
	hashed := e.level.hashed
	switch {
	case e.tableBits <= 12 && e.level.depth > 2:
		hashed = 4
	case e.tableBits <= 12:
		hashed = 5
	case e.tableBits <= 14:
		hashed = min(hashed, 6)
	}
	return factors[hashed&7], 1<<e.tableBits - 1
}

// matchLength returns how many bytes at `at` equal those at i, at most 258. diff is the XOR of
// the first eight bytes of both. The first sixteen are compared without unpredictable branches.
func matchLength(buf []byte, at, i int, diff uint64) int {
	if i+16 > len(buf) {
		if diff != 0 {
			return bits.TrailingZeros64(diff) >> 3
		}
		return 8 + commonPrefix(buf, at+8, i+8, min(len(buf), i+maxMatch))
	}
	length := bits.TrailingZeros64(diff) >> 3
	more := 8 + bits.TrailingZeros64(load64(buf, at+8)^load64(buf, i+8))>>3
	if length == 8 {
		length = more
	}
	if length == 16 {
		length += commonPrefix(buf, at+16, i+16, min(len(buf), i+maxMatch))
	}
	return length
}

// commonPrefix returns how many bytes at a equal those at b, up to the end of buf[:end]; a < b.
func commonPrefix(buf []byte, a, b, end int) int {
	y := buf[b:end]
	x := buf[a:]
	x = x[:len(y)]
	n := 0
	for len(x) >= 8 && len(y) >= 8 {
		if diff := binary.LittleEndian.Uint64(x) ^ binary.LittleEndian.Uint64(y); diff != 0 {
			return n + bits.TrailingZeros64(diff)>>3
		}
		x, y = x[8:], y[8:]
		n += 8
	}
	for i, c := range y {
		if i >= len(x) || x[i] != c {
			return n + i
		}
	}
	return n + len(y)
}
