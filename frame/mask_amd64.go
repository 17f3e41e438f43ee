//go:build !purego

package frame

import "math/bits"

// Where another kernel is as fast or faster: vectors than words, and AVX-512 than
// AVX2, where a vector of 512 bits is stored in two halves. Where it is stored at
// once AVX-512 wins earlier.
const (
	maskShort = 64
	maskWide  = 4096
)

// mask chooses the kernel; see maskGeneric for what each of them does.
func mask(dst, src []byte, key Key) Key {
	n := len(src)
	if n <= maskShort || !useAVX2 {
		return maskGeneric(dst, src, key)
	}
	next := Key(bits.RotateLeft32(uint32(key), -8*n))
	if n >= maskWide && useAVX512 {
		maskAVX512(&dst[0], &src[0], n, key)
	} else {
		maskAVX2(&dst[0], &src[0], n, key)
	}
	return next
}

//go:noescape
func maskAVX2(dst, src *byte, n int, key Key)

//go:noescape
func maskAVX512(dst, src *byte, n int, key Key)
