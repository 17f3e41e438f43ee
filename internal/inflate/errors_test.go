package inflate

import (
	"bytes"
	"strings"
	"testing"
)

// fault is a stream that must be refused, with what comes before the fault.
type fault struct {
	name            string
	stream, history []byte
	want            *Error
	out             string
}

func faults() []fault {
	end := map[int]uint{256: 1}
	fix := func() *bitWriter { return new(bitWriter).number(0b010, 3).fixedLiteral('a') }
	with := func(code lengths, symbols ...uint) *bitWriter {
		w := new(bitWriter).header(257, 1, code)
		for i := 0; i < len(symbols); i += 3 { // a symbol, and its extra bits and their number
			code.symbol(w, int(symbols[i]))
			w.number(symbols[i+1], symbols[i+2])
		}
		return w
	}
	repeats := lengths{0: 2, 1: 2, 16: 2, 18: 2}
	badLiterals := func(l lengths) []byte { return new(bitWriter).dynamic(l, lengths{1}).number(0, 9).b }
	badDistances := func(l lengths) []byte { return new(bitWriter).dynamic(literals(257, end), l).number(0, 9).b }
	oneDistance := literals(258, map[int]uint{'a': 2, 256: 2, 257: 1})
	unused := func(distances lengths, bit uint) []byte {
		w := new(bitWriter).dynamic(oneDistance, distances)
		oneDistance.symbol(w, 'a')
		oneDistance.symbol(w, 257)
		return w.number(bit, 1).number(0, 9).b
	}
	return []fault{
		{"block type 3", []byte{0x06}, nil, ErrReservedBlock, ""},
		{"block type 3, final, after a block", new(bitWriter).stored(0, 'x').number(7, 3).b, nil, ErrReservedBlock, "x"},
		{"NLEN", []byte{0, 1, 0, 0xfe, 0xfe, 'a'}, nil, ErrStoredLength, ""},
		{"NLEN is LEN", []byte{0, 0, 0, 0, 0}, nil, ErrStoredLength, ""},

		{"HLIT 287", new(bitWriter).header(287, 1, plain).b, nil, ErrLiteralCount, ""},
		{"HLIT 288", new(bitWriter).header(288, 1, plain).b, nil, ErrLiteralCount, ""},
		{"HDIST 31", new(bitWriter).header(257, 31, plain).b, nil, ErrDistanceCount, ""},
		{"HDIST 32", new(bitWriter).header(257, 32, plain).b, nil, ErrDistanceCount, ""},
		{"repeat at the beginning", with(repeats, 16, 0, 2, 1, 0, 0).b, nil, ErrRepeatNothing, ""},
		{"16 too far", with(repeats, 18, 127, 7, 18, 107, 7, 1, 0, 0, 16, 0, 2).b, nil, ErrRepeatTooFar, ""},
		{"18 too far", with(repeats, 18, 127, 7, 18, 110, 7).b, nil, ErrRepeatTooFar, ""},
		{"17 too far", with(lengths{17: 1, 18: 1}, 18, 127, 7, 18, 108, 7, 17, 0, 3).b, nil, ErrRepeatTooFar, ""},
		{"code lengths over-subscribed", new(bitWriter).header(257, 1, lengths{0: 1, 1: 1, 18: 1}).b, nil, ErrCodeLengthCode, ""},
		{"code lengths incomplete", new(bitWriter).header(257, 1, lengths{0: 1, 18: 2}).b, nil, ErrCodeLengthCode, ""},
		{"one code length, of two bits", new(bitWriter).header(257, 1, lengths{0: 2, 18: 0}).b, nil, ErrCodeLengthCode, ""},
		{"code lengths empty", new(bitWriter).header(257, 1, lengths{18: 0}).number(0, 9).b, nil, ErrUnusedCode, ""},
		{"one code length, the other bit", new(bitWriter).header(257, 1, lengths{1: 1, 18: 0}).number(2, 9).b, nil, ErrUnusedCode, ""},

		{"literals over-subscribed", badLiterals(literals(257, map[int]uint{'a': 1, 'b': 1, 256: 1})), nil, ErrLiteralCode, ""},
		{"literals incomplete", badLiterals(literals(257, map[int]uint{'a': 1, 256: 2})), nil, ErrLiteralCode, ""},
		{"literals incomplete by one of 15 bits", badLiterals(ladder(286, 245)[:260]), nil, ErrLiteralCode, ""},
		{"one literal, of two bits", badLiterals(literals(257, map[int]uint{256: 2})), nil, ErrLiteralCode, ""},
		{"distances over-subscribed", badDistances(lengths{1, 1, 1}), nil, ErrDistanceCode, ""},
		{"distances incomplete", badDistances(lengths{2, 2, 2}), nil, ErrDistanceCode, ""},
		{"one distance, of two bits", badDistances(lengths{0, 2}), nil, ErrDistanceCode, ""},
		{"no end of block", badLiterals(literals(258, map[int]uint{'a': 1, 257: 1})), nil, ErrNoEndOfBlock, ""},
		{"no literals", badLiterals(make(lengths, 257)), nil, ErrNoEndOfBlock, ""},
		{"only 257", badLiterals(literals(258, map[int]uint{257: 1})), nil, ErrNoEndOfBlock, ""},

		{"one literal, the other bit", new(bitWriter).dynamic(literals(257, end), lengths{1}).number(1, 1).b, nil, ErrUnusedCode, ""},
		{"one distance, the other bit", unused(lengths{1}, 1), nil, ErrUnusedCode, "a"},
		{"no distances", unused(lengths{0}, 0), nil, ErrUnusedCode, "a"},
		{"length 286", fix().fixedLiteral(286).b, nil, ErrLengthSymbol, "a"},
		{"length 287", fix().fixedLiteral(287).b, nil, ErrLengthSymbol, "a"},
		{"distance 30", fix().fixedLiteral(257).code(30, 5).b, nil, ErrDistanceSymbol, "a"},
		{"distance 31", fix().fixedLiteral(257).code(31, 5).b, nil, ErrDistanceSymbol, "a"},
		{"before the beginning", fix().fixedLiteral(257).code(1, 5).b, nil, ErrBeforeStart, "a"},
		{"before the beginning of history", fix().fixedLiteral(257).code(3, 5).b, []byte("xy"), ErrBeforeStart, "a"},
		{"padding", new(bitWriter).number(0b011, 3).fixedLiteral(256).number(0b100000, 6).b, nil, ErrPadding, ""},
		{"padding, lowest bit", new(bitWriter).number(0b011, 3).fixedLiteral(256).number(1, 6).b, nil, ErrPadding, ""},
	}
}

// TestFaults meets every fault both in the careful way and, with a filling of
// bytes behind it that the fault makes meaningless, in the fast one.
func TestFaults(t *testing.T) {
	filling := bytes.Repeat([]byte{0x55}, 64)
	met := make(map[*Error]bool)
	for _, f := range faults() {
		met[f.want] = true
		for _, behind := range [][]byte{nil, filling} {
			for _, cut := range []int{1, 5, 1 << 20} {
				for _, room := range []int{1, 1000} {
					d := fresh(MaxWindow, f.history)
					stream := append(bytes.Clone(f.stream), behind...)
					got, err := feed(t, d, stream, fixedly(cut), fixedly(room))
					if err != f.want || string(got) != f.out || d.AtBoundary() {
						t.Errorf("%s: %q and %v, want %q and %v", f.name, got, err, f.out, f.want)
					}
					agree(t, stream, f.history, got, err)

					d.Reset(MaxWindow, nil)
					if got, err := feed(t, d, new(bitWriter).stored(0, 'z').b, fixedly(cut), fixedly(room)); err != nil || string(got) != "z" {
						t.Errorf("%s: after Reset %q and %v", f.name, got, err)
					}
				}
			}
		}
	}
	met[ErrBeyondWindow] = true // TestWindow
	for _, e := range []*Error{
		ErrReservedBlock, ErrStoredLength, ErrLiteralCount, ErrDistanceCount, ErrRepeatNothing, ErrRepeatTooFar,
		ErrCodeLengthCode, ErrLiteralCode, ErrDistanceCode, ErrNoEndOfBlock, ErrUnusedCode, ErrLengthSymbol,
		ErrDistanceSymbol, ErrBeforeStart, ErrBeyondWindow, ErrPadding,
	} {
		if !met[e] {
			t.Errorf("%v is not met", e)
		}
		if !strings.Contains(e.Error(), e.Section) {
			t.Errorf("%v does not name its section", e)
		}
	}
}

// TestPaddingOfStored: bits before the length of a stored block mean nothing
// (RFC 1951 §3.2.4), and those after a final one do not exist.
func TestPaddingOfStored(t *testing.T) {
	for head := range 32 {
		for final := range 2 {
			stream := []byte{byte(head<<3 | final), 1, 0, 0xfe, 0xff, 'x'}
			d := fresh(MaxWindow, nil)
			got, err := feed(t, d, stream, fixedly(2), fixedly(9))
			if string(got) != "x" || err != nil || !d.AtBoundary() {
				t.Errorf("%#x: %q and %v", stream[0], got, err)
			}
		}
	}
}
