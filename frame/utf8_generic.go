package frame

import "encoding/binary"

// The states of a character, from the table of well-formed byte sequences in
// RFC 3629 §4. Each is the place of its six bits in the words of utf8Steps.
const (
	utf8Accepted uint8 = 6 * iota // between two characters
	utf8Tail1                     // one more byte, 80–BF
	utf8Tail2                     // two more
	utf8Tail3                     // three more
	utf8AfterE0                   // A0–BF and one more: shorter would be overlong
	utf8AfterED                   // 80–9F and one more: above are surrogates
	utf8AfterF0                   // 90–BF and two more: shorter would be overlong
	utf8AfterF4                   // 80–8F and two more: above is past U+10FFFF
	utf8Refused                   // and nothing leads out of it
)

// utf8Steps holds, for each byte, the next state for each state: shifted
// right by the state, the low six bits of the word are the state that follows.
// A step is then one load, which waits for nothing, and one shift.
var utf8Steps = func() (steps [256]uint64) {
	step := func(from uint8, first, last int, to uint8) {
		for b := first; b <= last; b++ {
			steps[b] &^= 63 << from
			steps[b] |= uint64(to) << from
		}
	}
	for from := utf8Accepted; from <= utf8Refused; from += 6 {
		step(from, 0x00, 0xFF, utf8Refused)
	}
	step(utf8Accepted, 0x00, 0x7F, utf8Accepted)
	step(utf8Accepted, 0xC2, 0xDF, utf8Tail1)
	step(utf8Accepted, 0xE0, 0xE0, utf8AfterE0)
	step(utf8Accepted, 0xE1, 0xEF, utf8Tail2)
	step(utf8Accepted, 0xED, 0xED, utf8AfterED)
	step(utf8Accepted, 0xF0, 0xF0, utf8AfterF0)
	step(utf8Accepted, 0xF1, 0xF3, utf8Tail3)
	step(utf8Accepted, 0xF4, 0xF4, utf8AfterF4)
	step(utf8Tail1, 0x80, 0xBF, utf8Accepted)
	step(utf8Tail2, 0x80, 0xBF, utf8Tail1)
	step(utf8Tail3, 0x80, 0xBF, utf8Tail2)
	step(utf8AfterE0, 0xA0, 0xBF, utf8Tail1)
	step(utf8AfterED, 0x80, 0x9F, utf8Tail1)
	step(utf8AfterF0, 0x90, 0xBF, utf8Tail2)
	step(utf8AfterF4, 0x80, 0x8F, utf8Tail2)
	return steps
}()

// nonASCII has the top bit of each byte of a word.
const (
	nonASCII   = 0x8080808080808080
	nonASCII32 = 0x80808080
)

// validateGeneric passes over ASCII by words, and takes the rest in blocks of
// sixteen bytes without a branch on what they hold.
func validateGeneric(state uint8, p []byte) uint8 {
	le := binary.LittleEndian
	if len(p) < 8 && state == utf8Accepted && isShortASCII(p) {
		return utf8Accepted
	}
	s := uint64(state)

	for len(p) >= 16 {
		if s&63 == 0 {
			p = skipASCII(p)
			if len(p) < 16 {
				break
			}
		}
		b := (*[16]byte)(p)
		for i := 0; i < 16; i += 4 {
			s = utf8Steps[b[i]] >> (s & 63)
			s = utf8Steps[b[i+1]] >> (s & 63)
			s = utf8Steps[b[i+2]] >> (s & 63)
			s = utf8Steps[b[i+3]] >> (s & 63)
		}
		if s&63 == uint64(utf8Refused) {
			return utf8Refused
		}
		p = p[16:]
	}
	if s&63 == 0 && len(p) >= 8 {
		// Two words that may meet in the middle.
		if (le.Uint64(p)|le.Uint64(p[len(p)-8:]))&nonASCII == 0 {
			return utf8Accepted
		}
	}
	for _, b := range p {
		s = utf8Steps[b] >> (s & 63)
	}
	return uint8(s & 63)
}

// isShortASCII reports whether fewer than eight bytes are ASCII.
func isShortASCII(p []byte) bool {
	le := binary.LittleEndian
	switch n := len(p); {
	case n >= 4:
		return (le.Uint32(p)|le.Uint32(p[n-4:]))&nonASCII32 == 0
	case n > 0:
		return (p[0] | p[n/2] | p[n-1]) < 0x80
	}
	return true
}

// skipASCII returns p from the first block of sixteen bytes that holds
// something else than ASCII, or what is left after the last block.
func skipASCII(p []byte) []byte {
	le := binary.LittleEndian
	for len(p) >= 64 {
		b := (*[64]byte)(p)
		if (le.Uint64(b[0:])|le.Uint64(b[8:])|le.Uint64(b[16:])|le.Uint64(b[24:])|
			le.Uint64(b[32:])|le.Uint64(b[40:])|le.Uint64(b[48:])|le.Uint64(b[56:]))&nonASCII != 0 {
			break
		}
		p = p[64:]
	}
	for len(p) >= 16 {
		b := (*[16]byte)(p)
		if (le.Uint64(b[0:])|le.Uint64(b[8:]))&nonASCII != 0 {
			break
		}
		p = p[16:]
	}
	return p
}
