package main

import "github.com/mmcloughlin/avo/reg"

// cpu asks the processor what it can do.
func cpu(c *asm) {
	c.function("cpuid", "func(leaf, subleaf uint32) (a, b, c, d uint32)")
	c.Load(c.Param("leaf"), reg.EAX)
	c.Load(c.Param("subleaf"), reg.ECX)
	c.CPUID()
	c.Store(reg.EAX, c.Return("a"))
	c.Store(reg.EBX, c.Return("b"))
	c.Store(reg.ECX, c.Return("c"))
	c.Store(reg.EDX, c.Return("d"))
	c.RET()

	c.function("xgetbv", "func() (a uint32)")
	c.XORL(reg.ECX, reg.ECX)
	c.XGETBV()
	c.Store(reg.EAX, c.Return("a"))
	c.RET()
}
