//go:build !purego

package frame

import (
	"math/bits"
	"testing"
)

// kernels are those of this machine, the preferred first.
func kernels() []string { return kernelsHere }

var kernelsHere = func() (names []string) {
	if useAVX512 {
		names = append(names, "avx512")
	}
	if useAVX2 {
		names = append(names, "avx2")
	}
	return names
}()

// only leaves one kernel to choose, or none for "plain", until tb ends.
func only(tb testing.TB, name string) {
	a, b := useAVX2, useAVX512
	tb.Cleanup(func() { useAVX2, useAVX512 = a, b })
	useAVX2, useAVX512 = name != "plain", name == "avx512"
}

// with runs f with one kernel to choose.
func with(name string, f func()) {
	a, b := useAVX2, useAVX512
	useAVX2, useAVX512 = name != "plain", name == "avx512"
	f()
	useAVX2, useAVX512 = a, b
}

func init() {
	for _, name := range append(kernelsHere, "plain") {
		maskKernels["choice of "+name] = func(dst, src []byte, key Key) (next Key) {
			with(name, func() { next = mask(dst, src, key) })
			return next
		}
		validateKernels[name] = func(state uint8, p []byte) (next uint8) {
			with(name, func() { next = validate(state, p) })
			return next
		}
		unmaskValidKernels[name] = func(p []byte, key Key, v *Validator) (next Key, ok bool) {
			with(name, func() { next, ok = unmaskValid(p, key, v) })
			return next, ok
		}
	}
	// The same without what chooses, for all lengths that it could choose for.
	if useAVX2 {
		maskKernels["avx2"] = func(dst, src []byte, key Key) Key {
			if len(src) < 32 {
				return maskGeneric(dst, src, key)
			}
			maskAVX2(&dst[0], &src[0], len(src), key)
			return Key(bits.RotateLeft32(uint32(key), -8*len(src)))
		}
		wholeKernels["avx2"] = wholeKernel{
			shortest: 32,
			valid:    func(p []byte) bool { return validAVX2(&p[0], len(p)) },
			unmask:   func(p []byte, key Key) bool { return unmaskValidAVX2(&p[0], len(p), key) },
		}
	}
	if useAVX512 {
		maskKernels["avx512"] = func(dst, src []byte, key Key) Key {
			if len(src) < 64 {
				return maskGeneric(dst, src, key)
			}
			maskAVX512(&dst[0], &src[0], len(src), key)
			return Key(bits.RotateLeft32(uint32(key), -8*len(src)))
		}
		wholeKernels["avx512"] = wholeKernel{
			shortest: 1,
			valid:    func(p []byte) bool { return validAVX512(&p[0], len(p)) },
			unmask:   func(p []byte, key Key) bool { return unmaskValidAVX512(&p[0], len(p), key) },
		}
	}
}
