package inflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	klauspost "github.com/klauspost/compress/flate"
)

// A bitWriter writes a stream by hand.
type bitWriter struct {
	b []byte
	n uint // bits in the last byte
}

// number writes the n bits of v, the lowest first.
func (w *bitWriter) number(v, n uint) *bitWriter {
	for i := range n {
		if w.n&7 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[len(w.b)-1] |= byte(v>>i&1) << (w.n & 7)
		w.n++
	}
	return w
}

// code writes the n bits of a Huffman code, the highest first.
func (w *bitWriter) code(v, n uint) *bitWriter {
	return w.number(uint(bits.Reverse16(uint16(v))>>(16-n)), n)
}

// align skips to a byte boundary.
func (w *bitWriter) align() *bitWriter { w.n = 0; return w }

func (w *bitWriter) append(b ...byte) *bitWriter {
	w.align().b = append(w.b, b...)
	return w
}

// stored writes a stored block.
func (w *bitWriter) stored(final uint, data ...byte) *bitWriter {
	n := len(data)
	return w.number(final, 3).append(byte(n), byte(n>>8), ^byte(n), ^byte(n>>8)).append(data...)
}

// fixedLiteral writes a literal or length symbol of the fixed code.
func (w *bitWriter) fixedLiteral(s uint) *bitWriter {
	switch {
	case s < 144:
		return w.code(0x30+s, 8)
	case s < 256:
		return w.code(0x190+s-144, 9)
	case s < 280:
		return w.code(s-256, 7)
	}
	return w.code(0xc0+s-280, 8)
}

// lengths are the code lengths of a code; symbol writes a symbol of it.
type lengths []uint

func (l lengths) symbol(w *bitWriter, s int) {
	code := uint(0)
	for width := uint(1); width < l[s]; width++ {
		for _, other := range l {
			if other == width {
				code++
			}
		}
		code <<= 1
	}
	for _, other := range l[:s] {
		if other == l[s] {
			code++
		}
	}
	w.code(code, l[s])
}

// plain is a code length code of sixteen codes of four bits, without repeats.
var plain = lengths{4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 0}

// header writes the header of a dynamic block as far as the code lengths.
func (w *bitWriter) header(literals, distances uint, code lengths) *bitWriter {
	w.number(0b100, 3).number(literals-257, 5).number(distances-1, 5).number(15, 4)
	for _, s := range lengthOrder {
		w.number(code[s], 3)
	}
	return w
}

// dynamic writes the whole header of a dynamic block.
func (w *bitWriter) dynamic(literals, distances lengths) *bitWriter {
	w.header(uint(len(literals)), uint(len(distances)), plain)
	for _, l := range append(append(lengths{}, literals...), distances...) {
		plain.symbol(w, int(l))
	}
	return w
}

// literals returns n code lengths: those in widths, and 0 for the others.
func literals(n int, widths map[int]uint) lengths {
	l := make(lengths, n)
	for s, w := range widths {
		l[s] = w
	}
	return l
}

// ladder returns code lengths of n symbols, of which 16 have codes: one each of
// 1 to 14 bits, and two of 15. The end of block is among them.
func ladder(n int, first int) lengths {
	l := make(lengths, n)
	for i := range 16 {
		l[first+i] = uint(min(15, i+1))
	}
	return l
}

// sample is a stream that is as it should be.
type sample struct {
	name            string
	stream, history []byte
}

// samples are streams of every kind of block, small ones first.
func samples(t testing.TB) []sample {
	var all []sample
	add := func(name string, stream, history []byte) {
		all = append(all, sample{name, stream, history})
	}
	r := rand.New(rand.NewPCG(7, 7))
	tail := []byte{0, 0, 0xff, 0xff}

	add("empty", nil, nil)
	add("stored, empty", append([]byte{0}, tail...), nil)
	add("stored", new(bitWriter).stored(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12).stored(0).stored(0, 'x').b, nil)
	add("final, stored", new(bitWriter).stored(1, 1, 2, 3).stored(1).stored(0, 9).b, nil)
	// RFC 7692 §7.2.3.1 to §7.2.3.4
	add("hello", append([]byte{0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}, tail...), nil)
	add("hello again", append([]byte{0xf2, 0x00, 0x11, 0x00, 0x00}, tail...), []byte("Hello"))
	add("hello, final", append([]byte{0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00}, tail...), nil)
	w := new(bitWriter).number(0b010, 3).fixedLiteral('a').fixedLiteral(285).code(0, 5).fixedLiteral(256)
	w.stored(0, 'b').number(0b011, 3).fixedLiteral(265).number(1, 1).code(3, 5).fixedLiteral(255).fixedLiteral(256)
	add("fixed", w.stored(0).b, nil)
	w = new(bitWriter).dynamic(ladder(286, 245), ladder(30, 0))
	for s := 245; s < 256; s++ {
		ladder(286, 245).symbol(w, s)
	}
	ladder(286, 245).symbol(w, 260)
	ladder(30, 0).symbol(w, 2)
	ladder(286, 245).symbol(w, 259)
	ladder(30, 0).symbol(w, 15)
	w.number(63, 6)
	ladder(286, 245).symbol(w, 256)
	add("codes of 15 bits", w.stored(0).b, bytes.Repeat([]byte("0123456789"), 30))
	w = new(bitWriter).dynamic(literals(258, map[int]uint{'a': 2, 'b': 2, 256: 2, 257: 2}), lengths{1})
	for _, s := range []int{'a', 'b', 257, 256} {
		literals(258, map[int]uint{'a': 2, 'b': 2, 256: 2, 257: 2}).symbol(w, s)
		if s == 257 {
			w.number(0, 1)
		}
	}
	add("one distance", w.stored(0).b, nil)
	add("no distances", new(bitWriter).dynamic(literals(257, map[int]uint{'a': 1, 256: 1}), lengths{0}).
		number(0b100, 3).stored(0).b, nil)
	add("only the end", new(bitWriter).dynamic(literals(257, map[int]uint{256: 1}), lengths{0}).number(0, 1).stored(0).b, nil)
	add("literals after history", flushedBy(t, "stdlib", 6, []byte("hello, and hello again"), nil), []byte("hello"))
	add("small", flushedBy(t, "stdlib", 6, records(r, 300), nil), nil)
	history := records(r, 400)
	add("small with history", flushedBy(t, "stdlib", 9, records(r, 300), history), history)

	mixed := append(bytes.Repeat([]byte("ab"), 5000), records(r, 9000)...)
	noise := make([]byte, 3000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	mixed = append(append(mixed, noise...), records(r, 50000)...)
	for _, size := range []int{1000, len(mixed)} {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
			for _, by := range []string{"stdlib", "klauspost"} {
				add(fmt.Sprintf("%s, level %d, %d bytes", by, level, size), flushedBy(t, by, level, mixed[len(mixed)-size:], nil), nil)
			}
		}
	}
	add("large with history", flushedBy(t, "stdlib", 6, mixed, mixed[5000:40000]), mixed[5000:40000])
	return all
}

// flushedBy returns data compressed after history, and flushed.
func flushedBy(t testing.TB, by string, level int, data, history []byte) []byte {
	t.Helper()
	var to bytes.Buffer
	var w flusher
	var err error
	if by == "stdlib" {
		w, err = flate.NewWriterDict(&to, level, history)
	} else {
		w, err = klauspost.NewWriterDict(&to, level, history)
	}
	if err != nil {
		t.Fatal(err)
	}
	return flushed(t, w, &to, data)
}
