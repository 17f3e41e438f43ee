package deflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	minTableBits = 10
	maxTableBits = 15
)

// A level says how hard to look.
type level struct {
	depth int // how many earlier places to compare; 0 means a single probe without chains
	lazy  int // a match shorter than this is given up for a better one that begins one octet later
	nice  int // a match this long ends the search
	skip  int // after 1<<skip literals in a row the search begins to leave octets out
	step  int // which octets of a history are indexed: every step-th
}

var levels = [...]level{
	1: {skip: 6, step: 4},
	2: {skip: 6, step: 2},
	3: {skip: 7, depth: 2, lazy: 0, nice: 16, step: 2},
	4: {skip: 7, depth: 4, lazy: 8, nice: 24, step: 2},
	5: {skip: 7, depth: 6, lazy: 16, nice: 32, step: 2},
	6: {skip: 8, depth: 12, lazy: 32, nice: 64, step: 2},
	7: {skip: 9, depth: 32, lazy: 64, nice: 128, step: 1},
	8: {skip: 30, depth: 128, lazy: 128, nice: 258, step: 1},
	9: {skip: 30, depth: 1024, lazy: 258, nice: 258, step: 1},
}

func load32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }

// hash of four octets, the best bits lowest after the shift.
func hash(v uint32, shift uint) uint32 { return v * 0x9e3779b1 >> (shift & 31) & (1<<maxTableBits - 1) }

// matchLength is how many octets at a equal those at b, at most to the end of buf[:end]; a < b.
func matchLength(buf []byte, a, b, end int) int {
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
