package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// validators is one file: validation alone, or of what it unmasks.
func validators(c *asm, unmask bool) {
	k := newConstants(c)
	validator512(c, k, unmask)
	validator2(c, k, unmask)
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

// some is a mask of the first n bytes, from one to all.
func (t *text) some(n reg.GPVirtual) reg.OpmaskVirtual {
	bits, k := t.GP64(), t.K()
	t.MOVQ(n, reg.RCX)
	t.NEGQ(reg.RCX)
	t.MOVQ(I32(-1), bits)
	t.SHRQ(reg.CL, bits)
	t.KMOVQ(bits, k)
	return k
}

// readSome reads the bytes in mask, and zeros for the others.
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
	t.LEAQ(Mem{Base: t.p, Index: t.n, Scale: 1, Disp: -t.size}, end)
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
// which may share bytes, if there is a long way to go and both are ASCII: a
// store that crosses a line takes twice the time.
func (t *text) align() {
	if !t.unmask {
		return
	}
	w := t.size
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
	if t.size == 64 {
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
// through a mask. Of a longer text the last vector is loaded first, before bytes
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
// the last one, which is loaded first, before bytes that it shares with the one
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

// last is the last n bytes of tail, and zeros.
func (t *text) last(tail reg.VecVirtual, n reg.GPVirtual, k *constants) reg.VecVirtual {
	skip, from, lane := t.GP32(), t.YMM(), t.YMM()
	low, high := t.YMM(), t.YMM()
	t.Comment("Byte i comes from byte i+32-n: of the lower lane, of the upper one, or from nowhere.")
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
