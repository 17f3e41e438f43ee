package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// width is what differs between AVX2 and AVX-512 in the same kernel.
type width struct {
	name   string
	size   int
	vector func(c *asm) reg.VecVirtual
	load   func(c *asm, from, to Op) // and the way back
	xor    func(c *asm, a, b, to Op)
	or     func(c *asm, a, b, to Op)
	spread func(c *asm, from reg.GPVirtual, to reg.VecVirtual) // 32 bits into every place
}

var avx2 = width{
	name:   "AVX2",
	size:   32,
	vector: func(c *asm) reg.VecVirtual { return c.YMM() },
	load:   func(c *asm, from, to Op) { c.VMOVDQU(from, to) },
	xor:    func(c *asm, a, b, to Op) { c.VPXOR(a, b, to) },
	or:     func(c *asm, a, b, to Op) { c.VPOR(a, b, to) },
	spread: func(c *asm, from reg.GPVirtual, to reg.VecVirtual) {
		c.VMOVD(from, to.AsX())
		c.VPBROADCASTD(to.AsX(), to)
	},
}

var avx512 = width{
	name:   "AVX512",
	size:   64,
	vector: func(c *asm) reg.VecVirtual { return c.ZMM() },
	load:   func(c *asm, from, to Op) { c.VMOVDQU64(from, to) },
	xor:    func(c *asm, a, b, to Op) { c.VPXORQ(a, b, to) },
	or:     func(c *asm, a, b, to Op) { c.VPORQ(a, b, to) },
	spread: func(c *asm, from reg.GPVirtual, to reg.VecVirtual) {
		c.VPBROADCASTD(from, to)
	},
}

// at is the memory disp bytes after base.
func at(base reg.Register, disp int) Mem { return Mem{Base: base, Disp: disp} }

// rotated is the key for a word that lies n bytes further on.
func (c *asm) rotated(key, n reg.GPVirtual) reg.GPVirtual {
	r := c.GP32()
	c.MOVL(key, r)
	c.MOVQ(n, reg.RCX)
	c.SHLL(Imm(3), reg.ECX)
	c.RORL(reg.CL, r)
	return r
}

func masks(c *asm) {
	mask(c, avx512)
	mask(c, avx2)
}

// mask masks n bytes, which must be at least one vector.
//
// The first and the last vector lie wherever they lie and overlap what is
// between them: they are loaded before anything is stored, and stored when all
// has been loaded, so that a byte is masked once. What is between them is
// stored aligned if it is long: a store that crosses a line takes twice the time,
// a load that does so takes less.
func mask(c *asm, v width) {
	w := v.size
	c.function("mask"+v.name, "func(dst, src *byte, n int, key uint32)")
	dst := c.Load(c.Param("dst"), c.GP64()).(reg.GPVirtual)
	src := c.Load(c.Param("src"), c.GP64()).(reg.GPVirtual)
	n := c.Load(c.Param("n"), c.GP64()).(reg.GPVirtual)
	key := c.Load(c.Param("key"), c.GP32()).(reg.GPVirtual)
	k, r := v.vector(c), v.vector(c)
	v.spread(c, key, k)
	v.spread(c, c.rotated(key, n), r)

	first, last := v.vector(c), v.vector(c)
	srcEnd, dstEnd := c.GP64(), c.GP64()
	c.LEAQ(Mem{Base: src, Index: n, Scale: 1}, srcEnd)
	c.LEAQ(Mem{Base: dst, Index: n, Scale: 1}, dstEnd)
	v.xor(c, at(src, 0), k, first)
	v.xor(c, at(srcEnd, -w), r, last)
	c.CMPQ(n, Imm(uint64(2*w)))
	c.JA(LabelRef("four"))
	v.load(c, first, at(dst, 0))
	v.load(c, last, at(dstEnd, -w))
	c.VZEROUPPER()
	c.RET()

	c.Label("four")
	c.CMPQ(n, U32(uint32(4*w)))
	c.JA(LabelRef("many"))
	second, third := v.vector(c), v.vector(c)
	v.xor(c, at(src, w), k, second)
	v.xor(c, at(srcEnd, -2*w), r, third)
	v.load(c, first, at(dst, 0))
	v.load(c, second, at(dst, w))
	v.load(c, third, at(dstEnd, -2*w))
	v.load(c, last, at(dstEnd, -w))
	c.VZEROUPPER()
	c.RET()

	c.Label("many")
	start, to, from := c.GP64(), c.GP64(), c.GP64()
	c.MOVQ(dst, start)
	c.MOVQ(dst, to)
	c.MOVQ(src, from)
	c.CMPQ(n, U32(512))
	c.JBE(LabelRef("placed"))
	c.Comment("From the first aligned place in dst; it is at most a vector from the start.")
	c.LEAQ(at(dst, w), to)
	c.ANDQ(I32(int32(-w)), to)
	c.MOVQ(to, from)
	c.SUBQ(dst, from)
	v.spread(c, c.rotated(key, from), k)
	c.ADDQ(src, from)
	c.Label("placed")
	c.SUBQ(to, dstEnd)
	left := dstEnd
	c.SUBQ(Imm(uint64(w)), left)
	c.Comment("Blocks of four, while more than the last vector is left.")
	c.SUBQ(U32(uint32(4*w)), left)
	c.JB(LabelRef("ones"))
	c.Label("fours")
	var block [4]reg.VecVirtual
	for i := range block {
		block[i] = v.vector(c)
		v.xor(c, at(from, i*w), k, block[i])
	}
	for i := range block {
		v.load(c, block[i], at(to, i*w))
	}
	c.ADDQ(U32(uint32(4*w)), from)
	c.ADDQ(U32(uint32(4*w)), to)
	c.SUBQ(U32(uint32(4*w)), left)
	c.JAE(LabelRef("fours"))
	c.Label("ones")
	c.ADDQ(U32(uint32(4*w)), left)
	c.JLE(LabelRef("ends"))
	c.Label("one")
	v.xor(c, at(from, 0), k, block[0])
	v.load(c, block[0], at(to, 0))
	c.ADDQ(Imm(uint64(w)), from)
	c.ADDQ(Imm(uint64(w)), to)
	c.SUBQ(Imm(uint64(w)), left)
	c.JG(LabelRef("one"))
	c.Label("ends")
	v.load(c, first, at(start, 0))
	c.Comment("left is negative, or zero, by as much as the last vector is covered.")
	v.load(c, last, Mem{Base: to, Index: left, Scale: 1})
	c.VZEROUPPER()
	c.RET()
}
