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
func (c *asm) bytes(name string, data ...byte) Mem {
	m := c.StaticGlobal(name)
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, b := range data {
		c.AddDatum(i, U8(b))
	}
	return m
}

// newConstants are those of one file.
func newConstants(c *asm) *constants {
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

	return &k
}

// begin loads what only text that is not ASCII needs.
func begin(c *asm, v width, k *constants) *judge {
	j := &judge{asm: c, width: v}
	table := func(m Mem) reg.VecVirtual {
		r := v.vector(c)
		if v.size == 64 {
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
	j.limit = k.limits.Offset(64 - v.size)
	j.prev, j.err = v.vector(c), v.vector(c)
	v.xor(c, j.prev, j.prev, j.prev)
	v.xor(c, j.err, j.err, j.err)
	return j
}

// block looks up each byte of in with the one before it.
func (j *judge) block(in reg.VecVirtual) {
	wide := j.size == 64
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
