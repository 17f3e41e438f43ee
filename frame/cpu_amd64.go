//go:build !purego

package frame

import "golang.org/x/sys/cpu"

// What the processor has and the system saves; tests may switch them off. The
// kernels for AVX-512 treat bytes as lanes.
var (
	useAVX2   = cpu.X86.HasAVX2
	useAVX512 = useAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ
)
