package main

// A fault of UTF-8 that two bytes in a row show: the first is in first, the
// second in second. These are those of Keiser and Lemire, "Validating UTF-8 In
// Less Than One Instruction Per Byte", 2020; what a third or fourth byte can
// do wrong shows as two continuations where they may not be, or none where two
// must be.
type fault struct {
	first, second [][2]byte
}

var (
	ascii        = [2]byte{0x00, 0x7F}
	continuation = [2]byte{0x80, 0xBF}
	leading      = [2]byte{0xC0, 0xFF}
)

type ranges = [][2]byte

// twoContinuations is the fault that is none after a leader of three or four.
const twoContinuations = 7

var faults = [8]fault{
	0:                {ranges{leading}, ranges{ascii, leading}},                  // too short
	1:                {ranges{ascii}, ranges{continuation}},                      // too long
	2:                {ranges{{0xE0, 0xE0}}, ranges{{0x80, 0x9F}}},               // overlong in three
	3:                {ranges{{0xF4, 0xFF}}, ranges{{0x90, 0xBF}}},               // above U+10FFFF
	4:                {ranges{{0xED, 0xED}}, ranges{{0xA0, 0xBF}}},               // surrogate
	5:                {ranges{{0xC0, 0xC1}}, ranges{continuation}},               // overlong in two
	6:                {ranges{{0xF0, 0xF0}, {0xF5, 0xFF}}, ranges{{0x80, 0x8F}}}, // overlong in four, or above
	twoContinuations: {ranges{continuation}, ranges{continuation}},               //
}

// tables are what a pair is looked up in: by the high and the low half of its
// first byte and by the high half of its second. A fault is there if it is in
// all three. This is exact, since every fault is a set of low halves times a set
// of high halves, times a set of high halves.
func tables() (high1, low1, high2 [16]byte) {
	for bit, fault := range faults {
		for _, r := range fault.first {
			for b := int(r[0]); b <= int(r[1]); b++ {
				high1[b>>4] |= 1 << bit
				low1[b&15] |= 1 << bit
			}
		}
		for _, r := range fault.second {
			for b := int(r[0]); b <= int(r[1]); b++ {
				high2[b>>4] |= 1 << bit
			}
		}
	}
	for bit, fault := range faults {
		for pair := range 1 << 16 {
			first, second := byte(pair>>8), byte(pair)
			found := high1[first>>4]&low1[first&15]&high2[second>>4]>>bit&1 == 1
			if found != (within(fault.first, first) && within(fault.second, second)) {
				panic("the tables are not exact")
			}
		}
	}
	return high1, low1, high2
}

func within(rs ranges, b byte) bool {
	for _, r := range rs {
		if r[0] <= b && b <= r[1] {
			return true
		}
	}
	return false
}

// Subtracted with saturation, these leave the top bit of a byte set if it
// leads at least three bytes, or four.
const (
	leadsThree = 0xE0 - 0x80
	leadsFour  = 0xF0 - 0x80
)

// limits are subtracted, with saturation, from the last bytes of a vector:
// something is left if a character does not end there.
var limits = [3]byte{0xF0 - 1, 0xE0 - 1, 0xC0 - 1}
