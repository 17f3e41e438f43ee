package deflate

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// Blocks writes DEFLATE blocks by hand (RFC 1951 §3.2.3), valid and invalid, for messages that
// no compressor sends. The zero value is ready to use.
type Blocks struct {
	out   []byte
	held  uint64 // bits of an incomplete byte, the first one lowest
	count int
	final bool // BFINAL of the last block
}

// Bits appends the n lowest bits of value, at most 32, the lowest first.
func (b *Blocks) Bits(value uint32, n int) *Blocks {
	b.held |= (uint64(value) & (1<<n - 1)) << b.count
	b.count += n
	for b.count >= 8 {
		b.out = append(b.out, byte(b.held))
		b.held >>= 8
		b.count -= 8
	}
	return b
}

// Code appends a Huffman code, the most significant bit first (RFC 1951 §3.1.1).
func (b *Blocks) Code(value uint32, n int) *Blocks {
	return b.Bits(bits.Reverse32(value)>>(32-n), n)
}

// pad appends 0 bits up to the next byte boundary.
func (b *Blocks) pad() *Blocks {
	return b.Bits(0, -b.count&7)
}

// Stored appends p in stored blocks (RFC 1951 §3.2.4): one even for no bytes, otherwise as many
// as p needs. final is BFINAL of the last one.
func (b *Blocks) Stored(p []byte, final bool) *Blocks {
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
func (b *Blocks) head(final bool, kind uint32) *Blocks {
	if b.final = final; final {
		b.Bits(1, 1)
	} else {
		b.Bits(0, 1)
	}
	return b.Bits(kind, 2)
}

// Fixed begins a block of fixed Huffman codes: literals, matches, then end.
func (b *Blocks) Fixed(final bool) *Blocks { return b.head(final, 1) }

// Literals appends p, each byte with its fixed code.
func (b *Blocks) Literals(p []byte) *Blocks {
	for _, c := range p {
		b.Symbol(int(c))
	}
	return b
}

// Symbol appends a fixed code for a literal or length (RFC 1951 §3.2.6), including the symbols
// 286 and 287, which must not occur.
func (b *Blocks) Symbol(s int) *Blocks {
	switch v := uint32(s); {
	case s < 144:
		return b.Code(0x30+v, 8)
	case s < 256:
		return b.Code(0x190+v-144, 9)
	case s < 280:
		return b.Code(v-256, 7)
	default:
		return b.Code(0xC0+v-280, 8)
	}
}

// Match appends a back-reference with the fixed codes of RFC 1951 §3.2.5: length 3 to 258,
// distance 1 to 32768.
func (b *Blocks) Match(length, distance int) *Blocks {
	switch l := length - 3; {
	case length == 258:
		b.Symbol(285)
	case l < 8:
		b.Symbol(257 + l)
	default:
		// The two bits below the highest select one of four symbols; the rest are extra bits.
		extra := bits.Len(uint(l)) - 3
		b.Symbol(261+4*extra+l>>extra&3).Bits(uint32(l), extra)
	}
	d := distance - 1
	if d < 4 {
		return b.Code(uint32(d), 5)
	}
	// The bit below the highest selects one of two symbols.
	extra := bits.Len(uint(d)) - 2
	return b.Code(uint32(2+2*extra+d>>extra&1), 5).Bits(uint32(d), extra)
}

// End ends a block of fixed Huffman codes. It pads a final block to a byte boundary (RFC 7692
// §7.2.1).
func (b *Blocks) End() *Blocks {
	if b.Symbol(endOfBlock); b.final {
		b.pad()
	}
	return b
}

// Flush appends an empty stored block with its 00 00 FF FF, as a sync flush does.
func (b *Blocks) Flush() *Blocks { return b.Stored(nil, false) }

// Payload returns the payload of a message: padded to a byte, without a final 00 00 FF FF (RFC
// 7692 §7.2.1).
func (b *Blocks) Payload() []byte {
	b.pad()
	return bytes.TrimSuffix(b.out, []byte{0x00, 0x00, 0xFF, 0xFF})
}

// Bomb returns the payload of a compressed message of size zero bytes, as small as DEFLATE
// allows: a back-reference of 258 bytes, the longest, takes two bits.
func Bomb(size int) []byte {
	var b Blocks
	if size > 258 {
		// A block of dynamic codes (RFC 1951 §3.2.7): length 258 has one bit, the literal 0 and
		// the end of the block have two, and the only distance, 1, has one.
		b.head(false, 2).Bits(286-257, 5).Bits(0, 5).Bits(18-4, 4)
		for _, i := range lengthOrder[:18] {
			b.Bits(map[uint8]uint32{18: 1, 1: 2, 2: 2}[i], 3)
		}
		absent := func(n uint32) { b.Code(0b0, 1).Bits(n-11, 7) } // n lengths of 0
		b.Code(0b11, 2)                                           // the literal 0 has 2 bits,
		absent(138)
		absent(117)
		b.Code(0b11, 2) // the end of the block 2,
		absent(28)
		b.Code(0b10, 2).Code(0b10, 2) // length 258 has 1, and so has distance 1

		b.Code(0b10, 2)
		// Both codes of a back-reference are 0, so many of them are zero bytes.
		zero := 2 * ((size - 1) / 258)
		b.zeros(zero)
		b.Code(0b11, 2)
		size = (size - 1) % 258
		if size > 0 {
			b.Fixed(false)
			if size < 3 {
				b.Literals(make([]byte, size))
			} else {
				b.Match(size, 1)
			}
			b.End()
		}
	} else if size > 0 {
		b.Fixed(false).Literals([]byte{0})
		if size > 3 {
			b.Match(size-1, 1)
		} else {
			b.Literals(make([]byte, size-1))
		}
		b.End()
	}
	return slices.Clip(b.Flush().Payload())
}

// zeros appends n bits of 0 quickly.
func (b *Blocks) zeros(n int) {
	head := min(n, -b.count&7)
	b.Bits(0, head)
	b.out = append(b.out, make([]byte, (n-head)/8)...)
	b.Bits(0, (n-head)%8)
}
