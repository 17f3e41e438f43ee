package main

// The registers of the lookup method.
const (
	high1, low1, high2   = vector(16), vector(17), vector(18)
	limit, places        = vector(19), vector(20)
	nibble, top          = vector(21), vector(22)
	three, four          = vector(23), vector(24)
	prev, errs           = vector(25), vector(26)
	tail, keyAtEnd, keys = vector(28), vector(29), vector(30)
)

// validatorNEON takes texts of at least one vector. Without unmask it is
//
//	func validNEON(p *byte, n int) bool
//
// and with it
//
//	func unmaskValidNEON(p *byte, n int, key Key) bool
//
// What is no whole vector is in the last one, which is loaded first, before
// bytes that it shares with the one before it are unmasked in place.
func validatorNEON(unmask bool) []byte {
	const p, n, key, temp, temp2, end = "R0", "R1", "R2", "R3", "R4", "R5"
	a := newArm()
	var table []byte
	h1, l1, h2 := tables()
	last := [16]byte{}
	for i := range last {
		last[i] = 0xFF
	}
	copy(last[13:], limits[:])
	for _, t := range [][16]byte{h1, l1, h2, last, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}} {
		table = append(table, t[:]...)
	}
	a.data("lookup", table)

	result := "ret+16(FP)"
	if unmask {
		result = "ret+24(FP)"
		a.function("unmaskValidNEON", "(p *byte, n int, key Key) bool", 25)
		a.op("MOVWU key+16(FP), %s", key)
	} else {
		a.function("validNEON", "(p *byte, n int) bool", 17)
	}
	a.op("MOVD p+0(FP), %s\nMOVD n+8(FP), %s", p, n)
	a.op("ADD %s, %s, %s\nSUB $16, %s\nVLD1 (%s), [%v]", n, p, end, end, end, tail)
	if unmask {
		a.op("VDUP %s, %s", key, keys.words())
		a.rotate(key, n, temp)
		a.op("VDUP %s, %s\nVEOR %v, %v, %v", temp, keyAtEnd.words(), keyAtEnd, tail, tail)
	}
	const vectors4 = "[V0.B16, V1.B16, V2.B16, V3.B16]"
	read := func(vectors string, count vector) {
		a.op("VLD1 (%s), %s", p, vectors)
		for v := range count {
			if unmask {
				a.op("VEOR %v, %v, %v", keys, v, v)
			}
		}
	}
	write := func(vectors string, count int) { // and go on
		if unmask {
			a.op("VST1.P %s, %d(%s)", vectors, count*16, p)
		} else {
			a.op("ADD $%d, %s", count*16, p)
		}
	}
	ifText := func(v vector, label string) {
		a.op("VMOV V%d.D[0], %s\nVMOV V%d.D[1], %s\nORR %s, %s\nTST $0x8080808080808080, %s\nBNE %s", int(v), temp, int(v), temp2, temp, temp2, temp2, label)
	}
	together := func() { // of V0 to V3, in V4
		a.op("VORR V0.B16, V1.B16, V4.B16\nVORR V2.B16, V3.B16, V5.B16\nVORR V4.B16, V5.B16, V4.B16")
	}

	a.op("SUBS $64, %s, %s\nBLO short", n, n)
	a.label("ascii")
	read(vectors4, 4)
	together()
	ifText(4, "back64")
	write(vectors4, 4)
	a.op("SUBS $64, %s, %s\nBHS ascii", n, n)
	a.label("short")
	a.op("ADDS $48, %s, %s\nBMI tail", n, n)
	a.label("one")
	read("[V0.B16]", 1)
	ifText(0, "back16")
	write("[V0.B16]", 1)
	a.op("SUBS $16, %s, %s\nBHS one", n, n)
	a.label("tail")
	a.op("ADDS $16, %s, %s\nBEQ yes", n, n)
	ifText(tail, "text")
	if unmask {
		a.op("VST1 [%v], (%s)", tail, end)
	}
	a.label("yes")
	a.op("MOVD $1, %s\nMOVB %s, %s\nRET", temp, temp, result)

	a.label("back64")
	a.op("ADD $48, %s", n)
	a.label("back16")
	a.op("ADD $16, %s", n)
	a.label("text")
	a.op("MOVD $lookup<>(SB), %s", temp)
	a.op("VLD1.P 64(%s), [%v, %v, %v, %v]\nVLD1 (%s), [%v]", temp, high1, low1, high2, limit, temp, places)
	a.op("VMOVI $0x0F, %v\nVMOVI $0x80, %v\nVMOVI $%d, %v\nVMOVI $%d, %v", nibble, top, leadsThree, three, leadsFour, four)
	a.op("VEOR %v, %v, %v\nVEOR %v, %v, %v", prev, prev, prev, errs, errs, errs)
	a.op("SUBS $64, %s, %s\nBLO rest", n, n)
	a.label("block")
	read(vectors4, 4)
	write(vectors4, 4)
	together()
	ifText(4, "lookup")
	a.ended()
	a.op("VORR V3.B16, V3.B16, %v", prev)
	a.op("SUBS $64, %s, %s\nBHS block\nB rest", n, n)
	a.label("lookup")
	for v := range vector(4) {
		a.block(v)
	}
	a.op("SUBS $64, %s, %s\nBHS block", n, n)
	a.label("rest")
	a.op("ADDS $48, %s, %s\nBMI last", n, n)
	a.label("lookup1")
	read("[V0.B16]", 1)
	write("[V0.B16]", 1)
	a.block(0)
	a.op("SUBS $16, %s, %s\nBHS lookup1", n, n)
	a.label("last")
	a.op("ADDS $16, %s, %s\nBEQ end", n, n)
	if unmask {
		a.op("VST1 [%v], (%s)", tail, end)
	}
	a.op("// Byte i comes from byte i+16-n, or is zero.")
	a.op("MOVD $16, %s\nSUB %s, %s\nVDUP %s, V0.B16\nVADD %v, V0.B16, V0.B16\nVTBL V0.B16, [%v], V0.B16", temp, n, temp, temp, places, tail)
	a.block(0)
	a.label("end")
	a.ended()
	a.op("VMOV V%d.D[0], %s\nVMOV V%d.D[1], %s\nORR %s, %s\nCMP $0, %s\nCSET EQ, %s\nMOVB %s, %s\nRET", int(errs), temp, int(errs), temp2, temp, temp2, temp2, temp, temp, result)
	return a.Bytes()
}

// block looks up each byte of in with the one before it.
func (a *arm) block(in vector) {
	const prev1, prev2, prev3, a1, a2 = vector(5), vector(6), vector(7), vector(8), vector(9)
	a.op("VEXT $15, %v, %v, %v\nVEXT $14, %v, %v, %v\nVEXT $13, %v, %v, %v", in, prev, prev1, in, prev, prev2, in, prev, prev3)
	a.op("VUSHR $4, %v, %v\nVAND %v, %v, %v\nVUSHR $4, %v, %v", prev1, a1, nibble, prev1, prev1, in, a2)
	a.op("VTBL %v, [%v], %v\nVTBL %v, [%v], %v\nVTBL %v, [%v], %v", a1, high1, a1, prev1, low1, prev1, a2, high2, a2)
	a.op("VAND %v, %v, %v\nVAND %v, %v, %v", a1, prev1, prev1, a2, prev1, prev1)
	a.op("// After a leader of three or four, two continuations are no fault, and none is one.")
	a.subtract(prev2, three, prev2)
	a.subtract(prev3, four, prev3)
	a.op("VORR %v, %v, %v\nVAND %v, %v, %v\nVEOR %v, %v, %v", prev2, prev3, prev3, top, prev3, prev3, prev1, prev3, prev3)
	a.op("VORR %v, %v, %v\nVORR %v, %v, %v", prev3, errs, errs, in, in, prev)
}

// ended adds the fault of a character that has not ended with prev.
func (a *arm) ended() {
	a.subtract(prev, limit, 5)
	a.op("VORR V5.B16, %v, %v", errs, errs)
}
