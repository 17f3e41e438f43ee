package autobahn

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// What is wrong is refused, and the standard library agrees where it can.
func TestInflateRefuses(t *testing.T) {
	hello := []byte("Hello")
	dynamic := func(literals, distances, lengths uint32) *blocks {
		return new(blocks).head(false, 2).bits(literals-257, 5).bits(distances-1, 5).bits(lengths-4, 4)
	}
	for _, row := range []struct {
		name    string
		payload []byte
		offset  int
		reason  string
		lenient bool // the standard library does not look
	}{
		{"no octet", nil, 0, "empty stored block", false},
		{"nothing after a block", new(blocks).fixed(false).literals([]byte{255, 255, 255, 255}).end().payload(), 5, "empty stored block", false},
		{"no octet after a final block", new(blocks).fixed(true).literals(hello).end().payload(), 7, "7.2.3.4", false},
		{"within a block", new(blocks).fixed(false).literals(hello).payload(), 5, "within a block", false},
		{"within a long block", new(blocks).fixed(false).literals(bytes.Repeat(hello, 99)).payload(), 495, "within a block", false},
		{"within a stored block", []byte{0x00, 0x05, 0x00, 0xFA, 0xFF, 'H', 'e'}, 5, "within a stored block", false},
		{"stored block that wants the octets removed", []byte{0x00, 0x04, 0x00, 0xFB, 0xFF}, 5, "within a stored block", false},
		{"within a length", []byte{0x00, 0x05, 0x00, 0xFA}, 1, "length of a stored block", false},
		{"LEN and NLEN", []byte{0x00, 0x05, 0x00, 0xFA, 0xFE, 'H', 'e', 'l', 'l', 'o', 0x00}, 1, "NLEN", false},
		{"block type 3", []byte{0x06}, 0, "reserved", false},
		{"padding after a final block", new(blocks).fixed(true).literals(hello).symbol(endOfBlock).bits(1, 1).pad().flush().payload(), 7, "padding", true},
		{"length symbol 286", new(blocks).fixed(false).symbol(286).literals(hello).end().flush().payload(), 0, "no code", false},
		{"length symbol 287", new(blocks).fixed(false).symbol(287).literals(hello).end().flush().payload(), 0, "no code", false},
		{"distance symbol 30", new(blocks).fixed(false).literals(hello).symbol(257).code(30, 5).end().flush().payload(), 6, "no code", false},
		{"distance symbol 31", new(blocks).fixed(false).literals(bytes.Repeat(hello, 9)).symbol(257).code(31, 5).literals(bytes.Repeat(hello, 9)).end().flush().payload(), 46, "no code", false},
		{"before the beginning", new(blocks).fixed(false).literals(hello).match(3, 6).end().flush().payload(), 7, "back-reference of 6 octets, 5 precede it", false},
		{"287 literals", dynamic(287, 1, 4).bits(0, 32).flush().payload(), 2, "more codes", false},
		{"31 distances", dynamic(257, 31, 4).bits(0, 32).flush().payload(), 2, "more codes", false},
		{"within the lengths of lengths", dynamic(257, 1, 19).payload(), 2, "within the codes", false},
		{"no code of lengths", dynamic(257, 1, 4).bits(0, 12).flush().payload(), 3, "code lengths", false},
		{"one code of lengths", dynamic(257, 1, 4).bits(1, 12).bits(0, 32).flush().payload(), 3, "code lengths", false},
		{"too many codes of lengths", dynamic(257, 1, 4).bits(0o1111, 12).bits(0, 32).flush().payload(), 3, "code lengths", false},
		// Lengths of 1 bit: 16 and 0.
		{"nothing to repeat", dynamic(257, 1, 4).bits(0o1001, 12).bits(0b1, 1).bits(0, 32).flush().payload(), 3, "repeats", false},
		// Lengths of 1 bit: 18 and 0; three times 138 are too many.
		{"too many lengths", dynamic(257, 1, 4).bits(0o1100, 12).bits(0xFF, 8).bits(0xFF, 8).bits(0xFF, 8).flush().payload(), 5, "more code lengths", false},
		{"no end of block", dynamic(257, 1, 4).bits(0o1100, 12).bits(0xFF, 8).bits(0xDB, 8).bits(0, 3).flush().payload(), 5, "end has no code", false},
		{"within the lengths", dynamic(257, 1, 4).bits(0o1100, 12).bits(0xFF, 8).payload(), 5, "within the codes", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, takeover := range []bool{true, false} {
				f := newInflater(15, takeover)
				_, err := f.message(nil, row.payload, -1)
				var fault *inflateError
				if !errors.As(err, &fault) || !strings.Contains(fault.Reason, row.reason) || fault.Offset != row.offset {
					t.Errorf("%x: %v, want %q at octet %d", row.payload, err, row.reason, row.offset)
				}
				if _, again := f.message(nil, []byte{0x00}, -1); again != err {
					t.Errorf("after the error: %v", again)
				}
			}
			if _, ok := standard(row.payload); ok != row.lenient {
				t.Errorf("the standard library: %t", ok)
			}
		})
	}
}

// codeLengths writes a dynamic block that has these lengths, one by one.
func codeLengths(literals, distances []int) *blocks {
	b := new(blocks).head(false, 2).bits(uint32(len(literals)-257), 5).bits(uint32(len(distances)-1), 5).bits(19-4, 4)
	for _, i := range lengthOrder { // lengths 0 to 15 have four bits each, the repetitions none
		b.bits(map[bool]uint32{true: 4}[i < 16], 3)
	}
	for _, n := range append(slices.Clone(literals), distances...) {
		b.code(uint32(n), 4)
	}
	return b
}

// Codes that use more or fewer sequences of bits than there are (RFC 1951
// §3.2.7 allows one distance of one bit, and none).
func TestInflateSubscription(t *testing.T) {
	with := func(lengths map[int]int) []int {
		all := make([]int, 286)
		for symbol, n := range lengths {
			all[symbol] = n
		}
		return all
	}
	deep := map[int]int{256: 15, 257: 15} // every length up to the longest
	for i := range 14 {
		deep[i] = i + 1
	}
	for _, row := range []struct {
		name      string
		literals  map[int]int
		distances []int
		ok        bool
	}{
		{"complete", map[int]int{'a': 1, 256: 2, 257: 2}, []int{1, 1}, true},
		{"no distance", map[int]int{'a': 1, 256: 1}, []int{0}, true},
		{"one distance", map[int]int{'a': 1, 256: 2, 257: 2}, []int{1}, true},
		{"one distance of two bits", map[int]int{'a': 1, 256: 2, 257: 2}, []int{2}, false},
		{"distances over", map[int]int{'a': 1, 256: 2, 257: 2}, []int{1, 1, 1}, false},
		{"distances under", map[int]int{'a': 1, 256: 2, 257: 2}, []int{2, 2, 2}, false},
		{"literals over", map[int]int{'a': 1, 256: 1, 257: 1}, []int{1, 1}, false},
		{"literals under", map[int]int{'a': 2, 256: 2, 257: 2}, []int{1, 1}, false},
		{"nothing but the end", map[int]int{256: 1}, []int{0}, true},
		{"the end with two bits", map[int]int{256: 2}, []int{0}, false},
		{"fifteen bits", deep, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := codeLengths(with(row.literals), row.distances)
			n := row.literals[256]
			switch { // the code of the end: after that of 'a', or the last but one
			case n == 15:
				b.code(1<<15-2, n)
			case len(row.literals) == 1:
				b.code(0, n)
			default:
				b.code(1<<(n-1), n)
			}
			p := b.flush().payload()
			if _, err := newInflater(15, false).message(nil, p, -1); (err == nil) != row.ok {
				t.Errorf("%x: %v", p, err)
			}
			if _, ok := standard(p); ok != row.ok {
				t.Errorf("the standard library: %t", ok)
			}
		})
	}
}

// Any change of a message is refused, or inflates as the standard library says.
func TestInflateCorrupted(t *testing.T) {
	d := newDeflater(15, false)
	for _, c := range []*corpus{jsonCorpus(), proseCorpus(), documentCorpus()} {
		p := d.message(nil, c.cut(nil, 1, 400))
		for i := range len(p) {
			agree(t, p[:i], 15)
			for bit := range 8 {
				q := bytes.Clone(p)
				q[i] ^= 1 << bit
				agree(t, q, 15)
			}
		}
	}
}

// agree holds the inflater against the standard library.
func agree(t *testing.T, p []byte, bits int) {
	t.Helper()
	// In a slice with nothing behind it, so that reading further panics.
	got, err := newInflater(bits, true).message(nil, slices.Clip(bytes.Clone(p)), -1)
	want, ok := standard(p)
	var beyond *windowError
	var fault *inflateError
	switch {
	case err == nil && !ok:
		t.Errorf("%x: accepted, but not by the standard library", p)
	case err == nil && !bytes.Equal(got, want):
		t.Errorf("%x: inflated to something else", p)
	case err == nil || !ok:
	case errors.As(err, &beyond):
		if bits == 15 || beyond.Distance <= 1<<bits {
			t.Errorf("%x: %v", p, err)
		}
	case !errors.As(err, &fault) || !strings.Contains(fault.Reason, "padding after a final block"):
		t.Errorf("%x: %v, but the standard library accepts it", p, err)
	}
}

func FuzzInflate(f *testing.F) {
	for _, c := range []*corpus{jsonCorpus(), proseCorpus(), imageCorpus()} {
		f.Add(newDeflater(15, false).message(nil, c.octets[:3000]), uint8(15))
		f.Add(newDeflater(9, false).message(nil, c.octets[:3000]), uint8(9))
	}
	f.Add(bomb(70_000), uint8(8))
	f.Add(new(blocks).stored([]byte("Hello"), true).fixed(true).literals([]byte("Hello")).match(5, 5).end().flush().payload(), uint8(8))
	f.Fuzz(func(t *testing.T, p []byte, bits uint8) {
		if len(p) < 1<<12 { // in more final blocks the standard library takes seconds
			agree(t, p, int(8+bits%8))
		}
	})
}
