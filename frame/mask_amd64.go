//go:build !purego

package frame

import "math/bits"

// mask chooses the kernel; see the plain one for what all of them do.
func mask(dst, src []byte, key Key) Key {
	n := len(src)
	if n > maskShort {
		if useAVX512 {
			maskAVX512(&dst[0], &src[0], n, key)
			return Key(bits.RotateLeft32(uint32(key), -8*n))
		}
		if useAVX2 {
			maskAVX2(&dst[0], &src[0], n, key)
			return Key(bits.RotateLeft32(uint32(key), -8*n))
		}
	}
	return maskGeneric(dst, src, key)
}

// maskShort is what words do as fast as vectors.
const maskShort = 64

//go:noescape
func maskAVX2(dst, src *byte, n int, key Key)

//go:noescape
func maskAVX512(dst, src *byte, n int, key Key)
