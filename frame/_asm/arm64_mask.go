package main

// maskNEON takes at least one vector. The last one ends at the end, and is
// loaded before anything is stored: it may share bytes with the one before it.
func maskNEON() []byte {
	const (
		dst, src, n, key = "R0", "R1", "R2", "R3"
		temp, dstEnd     = "R4", "R5"
		tail             = vector(28)
		rotated, k       = vector(29), vector(30)
	)
	a := newArm()
	a.function("maskNEON", "(dst, src *byte, n int, key Key)", 28)
	a.op("MOVD dst+0(FP), %s\nMOVD src+8(FP), %s\nMOVD n+16(FP), %s\nMOVWU key+24(FP), %s", dst, src, n, key)
	a.op("VDUP %s, %s", key, k.words())
	a.rotate(key, n, temp)
	a.op("VDUP %s, %s", temp, rotated.words())
	a.op("ADD %s, %s, %s\nSUB $16, %s", n, dst, dstEnd, dstEnd)
	a.op("ADD %s, %s, %s\nSUB $16, %s", n, src, temp, temp)
	a.op("VLD1 (%s), [%v]\nVEOR %v, %v, %v", temp, tail, rotated, tail, tail)

	a.op("SUBS $64, %s, %s\nBLO ones", n, n)
	a.label("fours")
	a.op("VLD1.P 64(%s), [V0.B16, V1.B16, V2.B16, V3.B16]", src)
	for v := range vector(4) {
		a.op("VEOR %v, %v, %v", k, v, v)
	}
	a.op("VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(%s)", dst)
	a.op("SUBS $64, %s, %s\nBHS fours", n, n)
	a.label("ones")
	a.op("ADDS $48, %s, %s\nBMI last", n, n)
	a.label("one")
	a.op("VLD1.P 16(%s), [V0.B16]\nVEOR %v, V0.B16, V0.B16\nVST1.P [V0.B16], 16(%s)", src, k, dst)
	a.op("SUBS $16, %s, %s\nBHS one", n, n)
	a.label("last")
	a.op("ADDS $16, %s, %s\nBEQ done", n, n)
	a.op("VST1 [%v], (%s)", tail, dstEnd)
	a.label("done")
	a.op("RET")
	return a.Bytes()
}
