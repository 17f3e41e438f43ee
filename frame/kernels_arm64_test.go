//go:build !purego

package frame

import (
	"math/bits"
	"testing"
)

// kernels are those of this machine.
func kernels() []string { return []string{"neon"} }

// only leaves one kernel to choose, or none for "plain", until tb ends.
func only(tb testing.TB, name string) {
	tb.Cleanup(func() { useNEON = true })
	useNEON = name == "neon"
}

func init() {
	maskKernels["neon"] = func(dst, src []byte, key Key) Key {
		if len(src) < 16 {
			return maskGeneric(dst, src, key)
		}
		maskNEON(&dst[0], &src[0], len(src), key)
		return Key(bits.RotateLeft32(uint32(key), -8*len(src)))
	}
	validateKernels["neon"] = validate
	unmaskValidKernels["neon"] = unmaskValid
	wholeKernels["neon"] = wholeKernel{
		shortest: 16,
		valid:    func(p []byte) bool { return validNEON(&p[0], len(p)) },
		unmask:   func(p []byte, key Key) bool { return unmaskValidNEON(&p[0], len(p), key) },
	}
}
