package deflate

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn/internal/corpus"
)

// What is wrong is refused, and the standard library agrees where it can.
func TestInflateRefuses(t *testing.T) {
	hello := []byte("Hello")
	dynamic := func(literals, distances, lengths uint32) *Blocks {
		return new(Blocks).head(false, 2).Bits(literals-257, 5).Bits(distances-1, 5).Bits(lengths-4, 4)
	}
	for _, row := range []struct {
		name    string
		payload []byte
		offset  int
		reason  string
		lenient bool // the standard library does not look
	}{
		{"no byte", nil, 0, "empty stored block", false},
		{"nothing after a block", new(Blocks).Fixed(false).Literals([]byte{255, 255, 255, 255}).End().Payload(), 5, "empty stored block", false},
		{"no byte after a final block", new(Blocks).Fixed(true).Literals(hello).End().Payload(), 7, "7.2.3.4", false},
		{"within a block", new(Blocks).Fixed(false).Literals(hello).Payload(), 5, "within a block", false},
		{"within a long block", new(Blocks).Fixed(false).Literals(bytes.Repeat(hello, 99)).Payload(), 495, "within a block", false},
		{"within a stored block", []byte{0x00, 0x05, 0x00, 0xFA, 0xFF, 'H', 'e'}, 5, "within a stored block", false},
		{"stored block that wants the bytes removed", []byte{0x00, 0x04, 0x00, 0xFB, 0xFF}, 5, "within a stored block", false},
		{"within a length", []byte{0x00, 0x05, 0x00, 0xFA}, 1, "length of a stored block", false},
		{"LEN and NLEN", []byte{0x00, 0x05, 0x00, 0xFA, 0xFE, 'H', 'e', 'l', 'l', 'o', 0x00}, 1, "NLEN", false},
		{"block type 3", []byte{0x06}, 0, "reserved", false},
		{"padding after a final block", new(Blocks).Fixed(true).Literals(hello).Symbol(endOfBlock).Bits(1, 1).pad().Flush().Payload(), 7, "padding", true},
		{"length symbol 286", new(Blocks).Fixed(false).Symbol(286).Literals(hello).End().Flush().Payload(), 0, "no code", false},
		{"length symbol 287", new(Blocks).Fixed(false).Symbol(287).Literals(hello).End().Flush().Payload(), 0, "no code", false},
		{"distance symbol 30", new(Blocks).Fixed(false).Literals(hello).Symbol(257).Code(30, 5).End().Flush().Payload(), 6, "no code", false},
		{"distance symbol 31", new(Blocks).Fixed(false).Literals(bytes.Repeat(hello, 9)).Symbol(257).Code(31, 5).Literals(bytes.Repeat(hello, 9)).End().Flush().Payload(), 46, "no code", false},
		{"before the beginning", new(Blocks).Fixed(false).Literals(hello).Match(3, 6).End().Flush().Payload(), 7, "back-reference of 6 bytes, 5 precede it", false},
		{"287 literals", dynamic(287, 1, 4).Bits(0, 32).Flush().Payload(), 2, "more codes", false},
		{"31 distances", dynamic(257, 31, 4).Bits(0, 32).Flush().Payload(), 2, "more codes", false},
		{"within the lengths of lengths", dynamic(257, 1, 19).Payload(), 2, "within the codes", false},
		{"no code of lengths", dynamic(257, 1, 4).Bits(0, 12).Flush().Payload(), 3, "code lengths", false},
		{"one code of lengths", dynamic(257, 1, 4).Bits(1, 12).Bits(0, 32).Flush().Payload(), 3, "code lengths", false},
		{"too many codes of lengths", dynamic(257, 1, 4).Bits(0o1111, 12).Bits(0, 32).Flush().Payload(), 3, "code lengths", false},
		// Lengths of 1 bit: 16 and 0.
		{"nothing to repeat", dynamic(257, 1, 4).Bits(0o1001, 12).Bits(0b1, 1).Bits(0, 32).Flush().Payload(), 3, "repeats", false},
		// Lengths of 1 bit: 18 and 0; three times 138 are too many.
		{"too many lengths", dynamic(257, 1, 4).Bits(0o1100, 12).Bits(0xFF, 8).Bits(0xFF, 8).Bits(0xFF, 8).Flush().Payload(), 5, "more code lengths", false},
		{"no end of block", dynamic(257, 1, 4).Bits(0o1100, 12).Bits(0xFF, 8).Bits(0xDB, 8).Bits(0, 3).Flush().Payload(), 5, "end has no code", false},
		{"within the lengths", dynamic(257, 1, 4).Bits(0o1100, 12).Bits(0xFF, 8).Payload(), 5, "within the codes", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, takeover := range []bool{true, false} {
				f := NewInflater(15, takeover)
				_, err := f.Message(nil, row.payload, -1)
				var fault *Error
				if !errors.As(err, &fault) || !strings.Contains(fault.Reason, row.reason) || fault.Offset != row.offset {
					t.Errorf("%x: %v, want %q at byte %d", row.payload, err, row.reason, row.offset)
				}
				if _, again := f.Message(nil, []byte{0x00}, -1); again != err {
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
func codeLengths(literals, distances []int) *Blocks {
	b := new(Blocks).head(false, 2).Bits(uint32(len(literals)-257), 5).Bits(uint32(len(distances)-1), 5).Bits(19-4, 4)
	for _, i := range lengthOrder { // lengths 0 to 15 have four bits each, the repetitions none
		b.Bits(map[bool]uint32{true: 4}[i < 16], 3)
	}
	for _, n := range append(slices.Clone(literals), distances...) {
		b.Code(uint32(n), 4)
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
				b.Code(1<<15-2, n)
			case len(row.literals) == 1:
				b.Code(0, n)
			default:
				b.Code(1<<(n-1), n)
			}
			p := b.Flush().Payload()
			if _, err := NewInflater(15, false).Message(nil, p, -1); (err == nil) != row.ok {
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
	d := NewDeflater(15, false)
	for _, c := range []*corpus.Corpus{corpus.JSON(), corpus.Prose(), corpus.Document()} {
		p := d.Message(nil, c.Cut(nil, 1, 400))
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

// agree holds the Inflater against the standard library.
func agree(t *testing.T, p []byte, bits int) {
	t.Helper()
	// In a slice with nothing behind it, so that reading further panics.
	got, err := NewInflater(bits, true).Message(nil, slices.Clip(bytes.Clone(p)), -1)
	want, ok := standard(p)
	var beyond *WindowError
	var fault *Error
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
	for _, c := range []*corpus.Corpus{corpus.JSON(), corpus.Prose(), corpus.Image()} {
		f.Add(NewDeflater(15, false).Message(nil, c.Data[:3000]), uint8(15))
		f.Add(NewDeflater(9, false).Message(nil, c.Data[:3000]), uint8(9))
	}
	f.Add(Bomb(70_000), uint8(8))
	f.Add(new(Blocks).Stored([]byte("Hello"), true).Fixed(true).Literals([]byte("Hello")).Match(5, 5).End().Flush().Payload(), uint8(8))
	f.Fuzz(func(t *testing.T, p []byte, bits uint8) {
		if len(p) < 1<<12 { // in more final blocks the standard library takes seconds
			agree(t, p, int(8+bits%8))
		}
	})
}
