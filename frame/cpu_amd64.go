//go:build !purego

package frame

// What the processor has and the system saves; tests may switch them off.
var useAVX2, useAVX512 = detect(cpuid, xgetbv)

// detect says which kernels can run: AVX2; and AVX-512 with octets as lanes
// (F, BW, VL and DQ).
func detect(cpuid func(leaf, subleaf uint32) (a, b, c, d uint32), xgetbv func() uint32) (avx2, avx512 bool) {
	const (
		osxsave  = 1 << 27 // leaf 1, ECX
		ymmState = 1<<1 | 1<<2
		zmmState = ymmState | 1<<5 | 1<<6 | 1<<7
		bitAVX2  = 1 << 5 // leaf 7, EBX, as those that follow
		bits512  = 1<<16 | 1<<17 | 1<<30 | 1<<31
	)
	if last, _, _, _ := cpuid(0, 0); last < 7 {
		return false, false
	}
	if _, _, c, _ := cpuid(1, 0); c&osxsave == 0 {
		return false, false
	}
	saved := xgetbv()
	_, b, _, _ := cpuid(7, 0)
	avx2 = b&bitAVX2 != 0 && saved&ymmState == ymmState
	avx512 = avx2 && b&bits512 == bits512 && saved&zmmState == zmmState
	return avx2, avx512
}

//go:noescape
func cpuid(leaf, subleaf uint32) (a, b, c, d uint32)

//go:noescape
func xgetbv() (a uint32)
