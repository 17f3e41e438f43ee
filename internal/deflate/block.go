package deflate

import (
	"encoding/binary"
	"slices"
)

// A block is working memory for choosing the codes of a block.
type block struct {
	literalFreq  [288]uint32
	distanceFreq [32]uint32
	literalUsed  [maxSymbols]uint32
	distanceUsed [maxSymbols]uint32

	literalLengths  [maxLiterals]uint8
	distanceLengths [maxDistances]uint8
	dynamic         codes

	header  header
	builder builder
}

type codes struct {
	literal  [288]code
	distance [32]code
}

// fixed has the codes of BTYPE 01 (RFC 1951 section 3.2.6).
var fixed = fixedCodes()

func fixedCodes() (c codes) {
	reversed := func(value uint32, n uint) code {
		r := uint32(0)
		for range n {
			r = r<<1 | value&1
			value >>= 1
		}
		return code(r) | code(n)<<16
	}
	for i := range uint32(288) {
		switch {
		case i < 144:
			c.literal[i] = reversed(0x30+i, 8)
		case i < 256:
			c.literal[i] = reversed(0x190+i-144, 9)
		case i < 280:
			c.literal[i] = reversed(i-256, 7)
		default:
			c.literal[i] = reversed(0xc0+i-280, 8)
		}
	}
	for i := range uint32(32) {
		c.distance[i] = reversed(i, 5)
	}
	return c
}

// RFC 1951 section 3.2.3: BFINAL, which is always 0 here, and BTYPE.
const (
	blockStored  = 0 << 1
	blockFixed   = 1 << 1
	blockDynamic = 2 << 1
)

// maxLiteralBits is one less than RFC 1951 section 3.2.7 allows, so that four codes fit between
// two drains.
const (
	maxLiteralBits  = 14
	maxDistanceBits = 15
)

// appendBlock appends data as the smallest kind of block. found covers data except for the last
// literals.
func (e *Encoder) appendBlock(dst, data []byte, found []sequence) []byte {
	b := &e.block
	stored := 3 + 7 + 32 + 8*len(data)
	size, dynamic := b.choose()
	if stored <= size {
		return e.appendStored(dst, data)
	}
	w := e.begin(dst, size)
	if dynamic {
		w.put(blockDynamic, 3)
		b.header.put(&w)
		w.putSequences(data, found, &b.dynamic)
	} else {
		w.put(blockFixed, 3)
		w.putSequences(data, found, &fixed)
	}
	return e.end(&w)
}

// choose compares the fixed codes with optimal ones and returns the smaller size in bits.
func (b *block) choose() (size int, dynamic bool) {
	literals := gather(&b.literalUsed, b.literalFreq[:maxLiterals])
	distances := gather(&b.distanceUsed, b.distanceFreq[:maxDistances])

	// The extra bits are the same with every code.
	extra, symbols, fixedSize := 3, 0, 0
	for _, u := range literals {
		f, symbol := int(u>>9), u&511
		symbols += f
		fixedSize += f * int(fixed.literal[symbol].len())
		if symbol >= firstLength {
			extra += f * int(lengthExtra[symbol-firstLength])
		}
	}
	for _, u := range distances {
		f := int(u >> 9)
		symbols += f
		fixedSize += f * 5
		extra += f * int(distanceExtra[u&31])
	}
	fixedSize += extra

	// No gain is possible if even a header of three bits per symbol, with codes of one bit, is
	// too large.
	if fixedSize <= extra+symbols+14+12+3*len(literals) {
		return fixedSize, false
	}
	b.builder.build(literals, b.literalLengths[:], b.dynamic.literal[:], maxLiteralBits)
	b.builder.build(distances, b.distanceLengths[:], b.dynamic.distance[:], maxDistanceBits)
	size = extra + b.header.describe(&b.builder, b.literalLengths[:], b.distanceLengths[:])
	for _, u := range literals {
		size += int(u>>9) * int(b.literalLengths[u&511])
	}
	for _, u := range distances {
		size += int(u>>9) * int(b.distanceLengths[u&31])
	}
	if fixedSize <= size {
		return fixedSize, false
	}
	return size, true
}

// appendStored appends data, at most 65,535 bytes, as a stored block.
func (e *Encoder) appendStored(dst, data []byte) []byte {
	// RFC 1951 section 3.2.4: any bits up to the next byte boundary are ignored, then LEN and its complement follow.
	dst = slices.Grow(dst, len(data)+2*spare)
	w := e.begin(dst, 0)
	w.put(blockStored, 3)
	w.held = (w.held + 7) &^ 7
	w.drain()
	dst = e.end(&w)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(data)))
	dst = binary.LittleEndian.AppendUint16(dst, ^uint16(len(data)))
	return append(dst, data...)
}
