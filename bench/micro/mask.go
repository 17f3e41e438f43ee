package micro

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/gobwas/ws"

	"github.com/hawser-ws/websocket/frame"
)

var maskSizes = []int{8, 32, 125, 1 << 10, 16 << 10, 64 << 10}

// A masker masks p in place, n times.
type masker struct {
	name string
	mask func(p []byte, n int)
}

const maskKey = 0x9A3C51E7

// maskers returns the functions that a program can call. Those of gorilla, coder and gws are
// not exported.
func maskers() []masker {
	var wire [4]byte
	binary.LittleEndian.PutUint32(wire[:], maskKey)
	return []masker{
		{"hawser", func(p []byte, n int) {
			for range n {
				frame.Mask(p, maskKey)
			}
		}},
		{"gobwas", func(p []byte, n int) {
			for range n {
				ws.Cipher(p, wire, 0)
			}
		}},
	}
}

// Names of the maskers in C.
const (
	CSimd  = "C, intrinsics"
	CPlain = "C, loop"
)

// Mask measures masking in place. program is the C program, or empty if there is none.
func Mask(ctx context.Context, e Effort, program string) ([]*Contest, error) {
	var c *cProgram
	if program != "" {
		var err error
		if c, err = startC(program); err != nil {
			return nil, err
		}
		defer c.stop()
	}
	buf := make([]byte, 64<<10) // a large object begins at a page boundary, as in C
	var all []*Contest
	for _, size := range maskSizes {
		contest := &Contest{Group: "mask", Case: Size(size), Bytes: size}
		for _, m := range maskers() {
			if err := m.check(size); err != nil {
				return all, err
			}
			contest.Of = append(contest.Of, &Contender{Name: m.name, Batch: Calls(func(n int) error {
				m.mask(buf[:size], n)
				return nil
			})})
		}
		if c != nil {
			contest.Of = append(contest.Of, c.contender(CSimd, "simd", size), c.contender(CPlain, "plain", size))
			contest.Get(CSimd).Notes = map[string]string{"how": c.vector}
		}
		if err := contest.Run(ctx, e); err != nil {
			return all, err
		}
		all = append(all, contest)
	}
	return all, nil
}

// check compares a masker with the definition in RFC 6455 §5.3.
func (m masker) check(size int) error {
	p, want := make([]byte, size), make([]byte, size)
	for i := range p {
		p[i] = byte(i * 7)
		want[i] = p[i] ^ byte(uint32(maskKey)>>(8*(i%4)))
	}
	if m.mask(p, 1); !bytes.Equal(p, want) {
		return fmt.Errorf("%s masks %d bytes wrongly", m.name, size)
	}
	return nil
}
