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

// Every bit that a kernel needs, one at a time.
func TestDetect(t *testing.T) {
	type machine struct {
		leaves          uint32
		one, saved, ebx uint32
	}
	all := machine{7, 1 << 27, 0xE6, 1<<5 | 1<<16 | 1<<17 | 1<<30 | 1<<31}
	for _, test := range []struct {
		why          string
		change       func(m *machine)
		avx2, avx512 bool
	}{
		{"all", func(m *machine) {}, true, true},
		{"old", func(m *machine) { m.leaves = 6 }, false, false},
		{"no OSXSAVE", func(m *machine) { m.one = 0 }, false, false},
		{"no YMM saved", func(m *machine) { m.saved &^= 4 }, false, false},
		{"no XMM saved", func(m *machine) { m.saved &^= 2 }, false, false},
		{"no ZMM saved", func(m *machine) { m.saved = 6 }, true, false},
		{"no upper ZMM saved", func(m *machine) { m.saved &^= 1 << 7 }, true, false},
		{"no AVX2", func(m *machine) { m.ebx &^= 1 << 5 }, false, false},
		{"no F", func(m *machine) { m.ebx &^= 1 << 16 }, true, false},
		{"no DQ", func(m *machine) { m.ebx &^= 1 << 17 }, true, false},
		{"no BW", func(m *machine) { m.ebx &^= 1 << 30 }, true, false},
		{"no VL", func(m *machine) { m.ebx &^= 1 << 31 }, true, false},
	} {
		m := all
		test.change(&m)
		avx2, avx512 := detect(func(leaf, subleaf uint32) (a, b, c, d uint32) {
			switch leaf {
			case 0:
				return m.leaves, 0, 0, 0
			case 1:
				return 0, 0, m.one, 0
			case 7:
				return 0, m.ebx, 0, 0
			}
			t.Errorf("%s: leaf %d asked for", test.why, leaf)
			return 0, 0, 0, 0
		}, func() uint32 { return m.saved })
		if avx2 != test.avx2 || avx512 != test.avx512 {
			t.Errorf("%s: AVX2 %v, AVX-512 %v", test.why, avx2, avx512)
		}
	}
}
