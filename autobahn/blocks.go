package autobahn

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// blocks writes DEFLATE blocks by hand (RFC 1951 §3.2.3), right ones and wrong
// ones, for the messages that no compressor sends. Its zero value is ready.
type blocks struct {
	out   []byte
	held  uint64 // bits that are no octet yet, the first one lowest
	count int
	final bool // BFINAL of the last block
}

// bits appends the n lowest bits of value, at most 32, the lowest first.
func (b *blocks) bits(value uint32, n int) *blocks {
	b.held |= (uint64(value) & (1<<n - 1)) << b.count
	b.count += n
	for b.count >= 8 {
		b.out = append(b.out, byte(b.held))
		b.held >>= 8
		b.count -= 8
	}
	return b
}

// code appends a Huffman code, the most significant bit first (RFC 1951 §3.1.1).
func (b *blocks) code(value uint32, n int) *blocks {
	return b.bits(bits.Reverse32(value)>>(32-n), n)
}

// pad goes on to the next octet boundary, with bits of 0.
func (b *blocks) pad() *blocks {
	return b.bits(0, -b.count&7)
}

// stored appends p in stored blocks (RFC 1951 §3.2.4): one, also of no octets,
// or as many as p needs. final is BFINAL of the last one.
func (b *blocks) stored(p []byte, final bool) *blocks {
	for {
		n := min(len(p), 65535)
		b.head(final && n == len(p), 0).pad()
		b.out = binary.LittleEndian.AppendUint16(b.out, uint16(n))
		b.out = binary.LittleEndian.AppendUint16(b.out, ^uint16(n))
		b.out = append(b.out, p[:n]...)
		if p = p[n:]; len(p) == 0 {
			return b
		}
	}
}

// head appends BFINAL and BTYPE.
func (b *blocks) head(final bool, kind uint32) *blocks {
	if b.final = final; final {
		b.bits(1, 1)
	} else {
		b.bits(0, 1)
	}
	return b.bits(kind, 2)
}

// fixed begins a block of fixed Huffman codes: literals, matches, then end.
func (b *blocks) fixed(final bool) *blocks { return b.head(final, 1) }

// literals appends p, each octet with its fixed code.
func (b *blocks) literals(p []byte) *blocks {
	for _, c := range p {
		b.symbol(int(c))
	}
	return b
}

// symbol appends a fixed code of the literals and lengths (RFC 1951 §3.2.6),
// also of the two symbols, 286 and 287, that must not occur.
func (b *blocks) symbol(s int) *blocks {
	switch v := uint32(s); {
	case s < 144:
		return b.code(0x30+v, 8)
	case s < 256:
		return b.code(0x190+v-144, 9)
	case s < 280:
		return b.code(v-256, 7)
	default:
		return b.code(0xC0+v-280, 8)
	}
}

// match appends a back-reference, with the fixed codes of RFC 1951 §3.2.5:
// length 3 to 258, distance 1 to 32768.
func (b *blocks) match(length, distance int) *blocks {
	switch l := length - 3; {
	case length == 258:
		b.symbol(285)
	case l < 8:
		b.symbol(257 + l)
	default:
		// The two bits below the highest choose among four symbols, the rest is extra.
		extra := bits.Len(uint(l)) - 3
		b.symbol(261+4*extra+l>>extra&3).bits(uint32(l), extra)
	}
	d := distance - 1
	if d < 4 {
		return b.code(uint32(d), 5)
	}
	// The bit below the highest chooses among two symbols.
	extra := bits.Len(uint(d)) - 2
	return b.code(uint32(2+2*extra+d>>extra&1), 5).bits(uint32(d), extra)
}

// end ends a block of fixed Huffman codes, a final one at an octet boundary
// (RFC 7692 §7.2.1).
func (b *blocks) end() *blocks {
	if b.symbol(endOfBlock); b.final {
		b.pad()
	}
	return b
}

// flush appends an empty stored block, with its 00 00 FF FF, as a sync flush does.
func (b *blocks) flush() *blocks { return b.stored(nil, false) }

// payload returns the payload of a message: padded to an octet, the 00 00 FF FF
// at its end removed if there is one (RFC 7692 §7.2.1).
func (b *blocks) payload() []byte {
	b.pad()
	return bytes.TrimSuffix(b.out, []byte{0x00, 0x00, 0xFF, 0xFF})
}

// bomb is the payload of a compressed message of size zero octets, as small as
// DEFLATE allows: a back-reference of 258 octets, the longest, takes two bits.
func bomb(size int) []byte {
	var b blocks
	if size > 258 {
		// A block of dynamic codes (RFC 1951 §3.2.7): length 258 has one bit,
		// the literal 0 and the end of the block two; distance 1, alone, has one.
		b.head(false, 2).bits(286-257, 5).bits(0, 5).bits(18-4, 4)
		for _, i := range lengthOrder[:18] {
			b.bits(map[uint8]uint32{18: 1, 1: 2, 2: 2}[i], 3)
		}
		absent := func(n uint32) { b.code(0b0, 1).bits(n-11, 7) } // n lengths of 0
		b.code(0b11, 2)                                           // the literal 0 has 2 bits,
		absent(138)
		absent(117)
		b.code(0b11, 2) // the end of the block 2,
		absent(28)
		b.code(0b10, 2).code(0b10, 2) // length 258 has 1, and so has distance 1

		b.code(0b10, 2)
		// Both codes of a back-reference are 0, so many of them are octets 00.
		zero := 2 * ((size - 1) / 258)
		b.zeros(zero)
		b.code(0b11, 2)
		size = (size - 1) % 258
		if size > 0 {
			b.fixed(false)
			if size < 3 {
				b.literals(make([]byte, size))
			} else {
				b.match(size, 1)
			}
			b.end()
		}
	} else if size > 0 {
		b.fixed(false).literals([]byte{0})
		if size > 3 {
			b.match(size-1, 1)
		} else {
			b.literals(make([]byte, size-1))
		}
		b.end()
	}
	return slices.Clip(b.flush().payload())
}

// zeros appends n bits of 0, fast.
func (b *blocks) zeros(n int) {
	head := min(n, -b.count&7)
	b.bits(0, head)
	b.out = append(b.out, make([]byte, (n-head)/8)...)
	b.bits(0, (n-head)%8)
}
