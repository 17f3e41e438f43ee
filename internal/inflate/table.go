package inflate

import "math/bits"

// An entry of a table is the meaning of the bits that lead to it.
//
//	bit 31      a literal
//	bits 16-30  the literal, the smallest length or distance, the symbol of the
//	            code length code, or the start of a subtable
//	bit 15      none of the above but one of these:
//	bit 14      a subtable follows
//	bit 13      end of block
//	            neither: an error, which one is in bits 16-30
//	bits 8-12   number of bits in the code, or number of bits that index the subtable
//	bits 0-7    number of bits in the code and the extra bits after it
type entry = uint32

const (
	isLiteral  entry = 1 << 31
	isSpecial  entry = 1 << 15
	isSubtable entry = 1 << 14
	isEnd      entry = 1 << 13

	valueAt  = 16
	widthAt  = 8
	maxWidth = 15 // bits of a code (RFC 1951 §3.2.7)

	value     = 0x7fff // after a shift by valueAt
	widthMask = 0x1f   // after a shift by widthAt
	total     = 0xff

	// One more bit of code increases both counts of an entry.
	perBit entry = 1<<widthAt | 1
)

// The values of entries for bit sequences without a meaning.
const (
	badCode   = 0xff // larger than any symbol of the code length code
	badSymbol = 0xfe
)

// How many bits index the tables, and how many entries each needs with its subtables. That is
// the maximum for any complete code of 288 or 32 symbols, found by TestEnough.
const (
	literalBits  = 10
	distanceBits = 8
	lengthBits   = 7

	literalSize  = 1334
	distanceSize = 402
	lengthSize   = 1 << lengthBits
)

// codes has the two codes of a block.
type codes struct {
	literal  [literalSize]entry
	distance [distanceSize]entry
}

// counts is the number of codes of each width. Element 0 has no meaning.
type counts [maxWidth + 1]uint16

// build makes the table of a code in t, whose first part is indexed by width bits. It reports
// whether the code is valid. used has the symbols that occur, in ascending order, each shifted
// by usedAt above its width. meaning has the entry of each symbol, without the bits of its
// code.
//
// sorted is scratch memory for as many symbols as used has.
func build(t []entry, width uint, n *counts, used, sorted []uint16, meaning []entry) bool {
	// RFC 1951 §3.2.2: codes of one width are consecutive in the order of their symbols, and
	// those of the next width follow them.
	var next [maxWidth + 2]uint16
	left := 1
	for w := 1; w <= maxWidth; w++ {
		left = left<<1 - int(n[w])
		next[w+1] = next[w] + n[w]
		if left < 0 {
			return false
		}
	}
	if left > 0 {
		return buildSparse(t[:1<<width], used, meaning)
	}
	sorted = sorted[:len(used)]
	for _, u := range used {
		w := u & (1<<usedAt - 1)
		sorted[next[w]] = u >> usedAt
		next[w]++
	}

	// A code is read from its first bit, which is the lowest one of the input, so tables are
	// indexed by reversed codes. A table of w bits without longer codes, written twice, is a
	// table of w+1 bits.
	var (
		code uint16 // of the next symbol
		i    int    // of the next symbol in sorted
		w    = uint(1)
	)
	for n[w] == 0 {
		w++
	}
	for ; w <= width; w++ {
		if i > 0 {
			copy(t[1<<(w-1):1<<w], t[:1<<(w-1)])
		}
		code <<= 1
		for _, s := range sorted[i : i+int(n[w])] {
			t[reverse(code, w)] = meaning[s] + entry(w)*perBit
			code++
		}
		i += int(n[w])
	}

	var (
		prefix = ^uint(0)
		start  uint
		size   = uint(1) << width
	)
	for ; i < len(used); w++ {
		code <<= 1
		for left := n[w]; left > 0; left-- {
			at := reverse(code, w)
			if first := at & (1<<width - 1); first != prefix {
				prefix, start = first, size
				// The subtable is as wide as the longest code with this prefix needs.
				sub := w - width
				for room := 1<<sub - int(left); room > 0; {
					sub++
					room = room<<1 - int(n[width+sub])
				}
				size += 1 << sub
				t[prefix] = isSpecial | isSubtable | entry(start)<<valueAt | entry(sub)<<widthAt | entry(width)
			}
			e := meaning[sorted[i]] + entry(w)*perBit
			for at = start + at>>width; at < size; at += 1 << (w - width) {
				t[at] = e
			}
			i++
			code++
		}
	}
	return true
}

// reverse returns the w bits of code in reverse order.
func reverse(code uint16, w uint) uint {
	return uint(bits.Reverse16(code << ((16 - w) & 15)))
}

// buildSparse makes the table of a code that is empty or has a single symbol of one bit. It
// reports whether used is such a code.
func buildSparse(t []entry, used []uint16, meaning []entry) bool {
	zero, one := isSpecial|badCode<<valueAt, isSpecial|badCode<<valueAt
	switch {
	case len(used) == 0:
	case len(used) == 1 && used[0]&(1<<usedAt-1) == 1:
		zero = meaning[used[0]>>usedAt] + perBit
		one += perBit
	default:
		return false
	}
	for i := 0; i < len(t); i += 2 {
		t[i], t[i+1] = zero, one
	}
	return true
}
