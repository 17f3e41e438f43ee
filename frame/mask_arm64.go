//go:build !purego

package frame

import "math/bits"

// maskShort is the longest payload that words mask. It is a guess: no machine
// of this kind was there to measure.
const maskShort = 64

// useNEON: every arm64 processor has it. Tests may switch it off.
var useNEON = true

// mask chooses the kernel; see maskGeneric for what each of them does.
func mask(dst, src []byte, key Key) Key {
	n := len(src)
	if n > maskShort && useNEON {
		maskNEON(&dst[0], &src[0], n, key)
		return Key(bits.RotateLeft32(uint32(key), -8*n))
	}
	return maskGeneric(dst, src, key)
}

//go:noescape
func maskNEON(dst, src *byte, n int, key Key)
