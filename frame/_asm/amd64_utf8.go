package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// judge is the lookup method on one file's constants, with its registers.
type judge struct {
	*asm
	width
	high1, low1, high2 reg.VecVirtual
	nibble, top        reg.VecVirtual
	three, four        reg.VecVirtual
	limit              Mem
	prev, err          reg.VecVirtual
}

type constants struct {
	high1, low1, high2, limits Mem
	nibble, top, three, four   Mem
	iota, lane                 Mem
}

// bytes is a constant in memory.
func (c *asm) bytes(name string, octets ...byte) Mem {
	m := c.StaticGlobal(name)
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, b := range octets {
		c.AddDatum(i, U8(b))
	}
	return m
}

func validators(c *asm, unmask bool) {
	var k constants
	high1, low1, high2 := tables()
	k.high1 = c.bytes("high1", high1[:]...)
	k.low1 = c.bytes("low1", low1[:]...)
	k.high2 = c.bytes("high2", high2[:]...)
	var last [64]byte
	for i := range last {
		last[i] = 0xFF
	}
	copy(last[61:], limits[:])
	k.limits = c.bytes("limits", last[:]...)
	single := c.bytes("single", 0x0F, 0x80, leadsThree, leadsFour)
	k.nibble, k.top, k.three, k.four = single, single.Offset(1), single.Offset(2), single.Offset(3)
	var places [32]byte
	for i := range places {
		places[i] = byte(i)
	}
	k.iota = c.bytes("places", places[:]...)
	k.lane = c.bytes("lane", 0x10, 0x70)

	validator512(c, &k, unmask)
	validator2(c, &k, unmask)
}

// begin loads what only text that is not ASCII needs.
func begin(c *asm, v width, k *constants) *judge {
	j := &judge{asm: c, width: v}
	table := func(m Mem) reg.VecVirtual {
		r := v.vector(c)
		if v.octets == 64 {
			c.VBROADCASTI32X4(m, r)
		} else {
			c.VBROADCASTI128(m, r)
		}
		return r
	}
	spread := func(m Mem) reg.VecVirtual {
		r := v.vector(c)
		c.VPBROADCASTB(m, r)
		return r
	}
	j.high1, j.low1, j.high2 = table(k.high1), table(k.low1), table(k.high2)
	j.nibble, j.top, j.three, j.four = spread(k.nibble), spread(k.top), spread(k.three), spread(k.four)
	j.limit = k.limits.Offset(64 - v.octets)
	j.prev, j.err = v.vector(c), v.vector(c)
	v.xor(c, j.prev, j.prev, j.prev)
	v.xor(c, j.err, j.err, j.err)
	return j
}

// block looks up each octet of in with the one before it.
func (j *judge) block(in reg.VecVirtual) {
	wide := j.octets == 64
	and := func(a, b, to Op) {
		if wide {
			j.VPANDQ(a, b, to)
		} else {
			j.VPAND(a, b, to)
		}
	}
	across := j.vector(j.asm)
	if wide {
		j.VALIGNQ(Imm(6), j.prev, in, across)
	} else {
		j.VPERM2I128(Imm(0x21), in, j.prev, across)
	}
	before := func(n int) reg.VecVirtual {
		r := j.vector(j.asm)
		j.VPALIGNR(Imm(uint64(16-n)), across, in, r)
		return r
	}
	prev1, high1, high2 := before(1), j.vector(j.asm), j.vector(j.asm)
	low1 := prev1
	j.VPSRLW(Imm(4), prev1, high1)
	and(prev1, j.nibble, low1)
	and(high1, j.nibble, high1)
	j.VPSHUFB(low1, j.low1, low1)
	j.VPSHUFB(high1, j.high1, high1)
	j.VPSRLW(Imm(4), in, high2)
	and(high2, j.nibble, high2)
	j.VPSHUFB(high2, j.high2, high2)
	if wide {
		j.VPTERNLOGQ(Imm(0x80), high1, low1, high2) // and of all three
	} else {
		and(high1, low1, low1)
		and(low1, high2, high2)
	}
	j.Comment("After a leader of three or four, two continuations are no fault, and none is one.")
	prev2, prev3 := before(2), before(3)
	j.VPSUBUSB(j.three, prev2, prev2)
	j.VPSUBUSB(j.four, prev3, prev3)
	if wide {
		j.VPTERNLOGQ(Imm(0xA8), j.top, prev2, prev3) // (prev3 or prev2) and top
		j.VPTERNLOGQ(Imm(0xF6), high2, prev3, j.err) // err or (prev3 xor high2)
	} else {
		j.or(j.asm, prev2, prev3, prev3)
		and(j.top, prev3, prev3)
		j.xor(j.asm, high2, prev3, prev3)
		j.or(j.asm, prev3, j.err, j.err)
	}
	j.load(j.asm, in, j.prev)
}

// ended adds the fault of a character that has not ended with prev.
func (j *judge) ended() {
	rest := j.vector(j.asm)
	j.VPSUBUSB(j.limit, j.prev, rest)
	j.or(j.asm, rest, j.err, j.err)
}

// ifText jumps to label if a vector holds anything but ASCII.
func (c *asm) ifText(v reg.VecVirtual, label string) {
	if v.Size() == 64 {
		k := c.K()
		c.VPMOVB2M(v, k)
		c.KORTESTQ(k, k)
	} else {
		bits := c.GP32()
		c.VPMOVMSKB(v, bits)
		c.TESTL(bits, bits)
	}
	c.JNZ(LabelRef(label))
}

// text is the text of a function: its registers, and how it is read and written.
type text struct {
	*asm
	width
	unmask bool
	p, n   reg.GPVirtual
	key    reg.GPVirtual
	k      reg.VecVirtual
}

// beginText declares the function: without unmask
//
//	func validAVX2(p *byte, n int) bool
//
// and with it
//
//	func unmaskValidAVX2(p *byte, n int, key Key) bool
func beginText(c *asm, v width, unmask bool) *text {
	t := &text{asm: c, width: v, unmask: unmask}
	if unmask {
		c.function("unmaskValid"+v.name, "func(p *byte, n int, key uint32) bool")
	} else {
		c.function("valid"+v.name, "func(p *byte, n int) bool")
	}
	t.p = c.Load(c.Param("p"), c.GP64()).(reg.GPVirtual)
	t.n = c.Load(c.Param("n"), c.GP64()).(reg.GPVirtual)
	if unmask {
		t.key = c.Load(c.Param("key"), c.GP32()).(reg.GPVirtual)
		t.k = v.vector(c)
		v.spread(c, t.key, t.k)
	}
	return t
}

func (t *text) read(disp int) reg.VecVirtual {
	r := t.vector(t.asm)
	if t.unmask {
		t.xor(t.asm, at(t.p, disp), t.k, r)
	} else {
		t.load(t.asm, at(t.p, disp), r)
	}
	return r
}

func (t *text) write(r reg.VecVirtual, disp int) {
	if t.unmask {
		t.load(t.asm, r, at(t.p, disp))
	}
}

// some is a mask of the first n octets, from one to all.
func (t *text) some(n reg.GPVirtual) reg.OpmaskVirtual {
	bits, k := t.GP64(), t.K()
	t.MOVQ(n, reg.RCX)
	t.NEGQ(reg.RCX)
	t.MOVQ(I32(-1), bits)
	t.SHRQ(reg.CL, bits)
	t.KMOVQ(bits, k)
	return k
}

// readSome reads the octets in mask, and zeros for the others.
func (t *text) readSome(disp int, mask reg.OpmaskVirtual) reg.VecVirtual {
	r := t.vector(t.asm)
	t.VMOVDQU8_Z(at(t.p, disp), mask, r)
	if t.unmask {
		t.xor(t.asm, r, t.k, r)
		t.VMOVDQU8_Z(r, mask, r)
	}
	return r
}

func (t *text) writeSome(r reg.VecVirtual, mask reg.OpmaskVirtual, disp int) {
	if t.unmask {
		t.VMOVDQU8(r, mask, at(t.p, disp))
	}
}

// tail is the last vector, and where it lies.
func (t *text) tail() (tail reg.VecVirtual, end reg.GPVirtual) {
	tail, end = t.vector(t.asm), t.GP64()
	t.LEAQ(Mem{Base: t.p, Index: t.n, Scale: 1, Disp: -t.octets}, end)
	if t.unmask {
		key := t.vector(t.asm)
		t.spread(t.asm, t.rotated(t.key, t.n), key)
		t.xor(t.asm, at(end, 0), key, tail)
	} else {
		t.load(t.asm, at(end, 0), tail)
	}
	return tail, end
}

func (t *text) writeTail(tail reg.VecVirtual, end reg.GPVirtual) {
	if t.unmask {
		t.load(t.asm, tail, at(end, 0))
	}
}

// align takes the vector at the start and the first one at an aligned place,
// which may share octets, if there is a long way to go and both are ASCII: a
// store that crosses a line takes twice the time.
func (t *text) align() {
	if !t.unmask {
		return
	}
	w := t.octets
	t.CMPQ(t.n, U32(512))
	t.JB(LabelRef("aligned"))
	key, to, skip := t.vector(t.asm), t.GP64(), t.GP64()
	t.LEAQ(at(t.p, w), to)
	t.ANDQ(I32(int32(-w)), to)
	t.MOVQ(to, skip)
	t.SUBQ(t.p, skip)
	t.spread(t.asm, t.rotated(t.key, skip), key)
	first, second, both := t.read(0), t.vector(t.asm), t.vector(t.asm)
	t.xor(t.asm, at(to, 0), key, second)
	t.or(t.asm, first, second, both)
	t.ifText(both, "text")
	t.load(t.asm, first, at(t.p, 0))
	t.load(t.asm, second, at(to, 0))
	t.load(t.asm, key, t.k)
	t.LEAQ(at(to, w), t.p)
	t.SUBQ(skip, t.n)
	t.SUBQ(Imm(uint64(w)), t.n)
	t.Label("aligned")
}

func (t *text) answer(valid bool) {
	t.VZEROUPPER()
	a := t.GP8()
	b := uint64(0)
	if valid {
		b = 1
	}
	t.MOVB(Imm(b), a)
	t.Store(a, t.ReturnIndex(0))
	t.RET()
}

// verdict returns whether err is still zero.
func (t *text) verdict(err reg.VecVirtual) {
	a := t.GP8()
	if t.octets == 64 {
		k := t.K()
		t.VPTESTMB(err, err, k)
		t.KORTESTQ(k, k)
	} else {
		t.VPTEST(err, err)
	}
	t.SETEQ(a)
	t.VZEROUPPER()
	t.Store(a, t.ReturnIndex(0))
	t.RET()
}

// validator512 takes any text but none. Less than one vector is read and written
// through a mask. Of a longer text the last vector is loaded first, before octets
// that it shares with the one before it are unmasked in place.
func validator512(c *asm, k *constants, unmask bool) {
	t := beginText(c, avx512, unmask)
	c.CMPQ(t.n, Imm(64))
	c.JB(LabelRef("few"))
	tail, end := t.tail()
	t.align()
	c.Comment("While it is ASCII, two vectors at a time.")
	c.SUBQ(U32(128), t.n)
	c.JB(LabelRef("short"))
	c.Label("ascii")
	a, b := t.read(0), t.read(64)
	both := c.ZMM()
	c.VPORQ(a, b, both)
	c.ifText(both, "back")
	t.write(a, 0)
	t.write(b, 64)
	c.ADDQ(U32(128), t.p)
	c.SUBQ(U32(128), t.n)
	c.JAE(LabelRef("ascii"))
	c.Label("short")
	c.ADDQ(U32(128), t.n)
	c.JZ(LabelRef("yes"))
	c.CMPQ(t.n, Imm(64))
	c.JBE(LabelRef("one"))
	a = t.read(0)
	c.VPORQ(a, tail, both)
	c.ifText(both, "text")
	t.write(a, 0)
	t.writeTail(tail, end)
	t.answer(true)
	c.Label("one")
	c.ifText(tail, "text")
	t.writeTail(tail, end)
	c.Label("yes")
	t.answer(true)

	c.Label("back")
	c.ADDQ(U32(128), t.n)
	c.Label("text")
	j := begin(c, avx512, k)
	c.SUBQ(Imm(64), t.n)
	c.JB(LabelRef("rest"))
	c.Label("block")
	a = t.read(0)
	t.write(a, 0)
	c.ifText(a, "lookup")
	j.ended()
	c.VMOVDQA64(a, j.prev)
	c.ADDQ(Imm(64), t.p)
	c.SUBQ(Imm(64), t.n)
	c.JAE(LabelRef("block"))
	c.JMP(LabelRef("rest"))
	c.Label("lookup")
	j.block(a)
	c.ADDQ(Imm(64), t.p)
	c.SUBQ(Imm(64), t.n)
	c.JAE(LabelRef("block"))
	c.Label("rest")
	c.ADDQ(Imm(64), t.n)
	c.JZ(LabelRef("end"))
	a = t.readSome(0, t.some(t.n))
	t.writeTail(tail, end)
	j.block(a)
	c.Label("end")
	j.ended()
	t.verdict(j.err)

	c.Label("few")
	mask := t.some(t.n)
	a = t.readSome(0, mask)
	t.writeSome(a, mask, 0)
	c.ifText(a, "fewText")
	t.answer(true)
	c.Label("fewText")
	j = begin(c, avx512, k)
	j.block(a)
	t.verdict(j.err)
}

// validator2 takes texts of at least one vector. What is no whole vector is in
// the last one, which is loaded first, before octets that it shares with the one
// before it are unmasked in place.
func validator2(c *asm, k *constants, unmask bool) {
	t := beginText(c, avx2, unmask)
	tail, end := t.tail()
	t.align()
	c.Comment("While it is ASCII, two vectors at a time.")
	c.SUBQ(Imm(64), t.n)
	c.JB(LabelRef("short"))
	c.Label("ascii")
	a, b := t.read(0), t.read(32)
	both := c.YMM()
	c.VPOR(a, b, both)
	c.ifText(both, "back")
	t.write(a, 0)
	t.write(b, 32)
	c.ADDQ(Imm(64), t.p)
	c.SUBQ(Imm(64), t.n)
	c.JAE(LabelRef("ascii"))
	c.Label("short")
	c.ADDQ(Imm(64), t.n)
	c.JZ(LabelRef("yes"))
	c.CMPQ(t.n, Imm(32))
	c.JBE(LabelRef("one"))
	a = t.read(0)
	c.ifText(a, "text")
	t.write(a, 0)
	c.ADDQ(Imm(32), t.p)
	c.SUBQ(Imm(32), t.n)
	c.Label("one")
	c.ifText(tail, "text")
	t.writeTail(tail, end)
	c.Label("yes")
	t.answer(true)

	c.Label("back")
	c.ADDQ(Imm(64), t.n)
	c.Label("text")
	j := begin(c, avx2, k)
	c.SUBQ(Imm(32), t.n)
	c.JB(LabelRef("rest"))
	c.Label("block")
	a = t.read(0)
	t.write(a, 0)
	c.ifText(a, "lookup")
	j.ended()
	c.VMOVDQA(a, j.prev)
	c.ADDQ(Imm(32), t.p)
	c.SUBQ(Imm(32), t.n)
	c.JAE(LabelRef("block"))
	c.JMP(LabelRef("rest"))
	c.Label("lookup")
	j.block(a)
	c.ADDQ(Imm(32), t.p)
	c.SUBQ(Imm(32), t.n)
	c.JAE(LabelRef("block"))
	c.Label("rest")
	c.ADDQ(Imm(32), t.n)
	c.JZ(LabelRef("end"))
	t.writeTail(tail, end)
	j.block(t.last(tail, t.n, k))
	c.Label("end")
	j.ended()
	t.verdict(j.err)
}

// last is the last n octets of tail, and zeros.
func (t *text) last(tail reg.VecVirtual, n reg.GPVirtual, k *constants) reg.VecVirtual {
	skip, from, lane := t.GP32(), t.YMM(), t.YMM()
	low, high := t.YMM(), t.YMM()
	t.Comment("Octet i comes from octet i+32-n: of the lower lane, of the upper one, or from nowhere.")
	t.MOVL(U32(32), skip)
	t.SUBL(n.As32(), skip)
	t.VMOVD(skip, from.AsX())
	t.VPBROADCASTB(from.AsX(), from)
	t.VPADDB(k.iota, from, from)
	t.VPERM2I128(Imm(0x00), tail, tail, low)
	t.VPERM2I128(Imm(0x11), tail, tail, high)
	t.Comment("With 0x70 added, what is not of this lane has the top bit set, and gives zero.")
	t.VPBROADCASTB(k.lane, lane)
	t.VPXOR(from, lane, lane)
	add := t.YMM()
	t.VPBROADCASTB(k.lane.Offset(1), add)
	t.VPADDB(add, from, from)
	t.VPADDB(add, lane, lane)
	t.VPSHUFB(from, low, low)
	t.VPSHUFB(lane, high, high)
	t.VPOR(low, high, low)
	return low
}
