package inflate

import (
	"math/bits"
	"testing"
)

// TestEnough finds the most entries that any complete code can need, by trying
// every number of codes of every width.
func TestEnough(t *testing.T) {
	for _, c := range []struct {
		name           string
		symbols, width int
		want           int
	}{
		{"literals and lengths", maxSymbols, literalBits, literalSize},
		{"distances", len(distanceMeaning), distanceBits, distanceSize},
		{"code lengths", len(lengthMeaning), lengthBits, lengthSize},
	} {
		widest := maxWidth
		if c.width == lengthBits {
			widest = 7 // RFC 1951 §3.2.7: these lengths are of three bits
		}
		s := search{first: c.width, widest: widest, found: make(map[point]int)}
		most := 0
		for longer := range 1<<c.width + 1 {
			// That many prefixes have longer codes behind them. The others of
			// the first table take as few symbols as they can.
			shorter := bits.OnesCount(uint(1<<c.width - longer))
			most = max(most, s.most(point{c.width + 1, 2 * longer, c.symbols - shorter, 0}))
		}
		if most += 1 << c.width; most != c.want {
			t.Errorf("%s: up to %d entries, but the table has %d", c.name, most, c.want)
		}
	}
}

// A point in the making of a code: of codes of width bits and more, open have
// not been given out, for as many as symbols symbols. The subtable in hand needs
// room more of this width to be full.
type point struct{ width, open, symbols, room int }

type search struct {
	first, widest int
	found         map[point]int
}

// most returns how many entries subtables can still take, or a negative number
// if the symbols cannot make up a complete code.
func (s *search) most(p point) int {
	const never = -1 << 30
	if p.open == 0 {
		return 0
	}
	if p.open > p.symbols || p.width > s.widest {
		return never
	}
	if n, ok := s.found[p]; ok {
		return n
	}
	size := 1 << (p.width - s.first) // of a subtable that is full at this width
	best := never
	for n := range p.open + 1 {
		entries, room := 0, p.room-n
		if room <= 0 {
			if p.room > 0 {
				entries = size
			}
			entries += -room / size * size
			if room = -room % size; room > 0 {
				room = size - room
			}
		}
		rest := s.most(point{p.width + 1, 2 * (p.open - n), p.symbols - n, 2 * room})
		best = max(best, entries+rest)
	}
	s.found[p] = best
	return best
}

// TestTable compares the tables of random codes with the definition in
// RFC 1951 §3.2.2, as bitWriter's lengths write it, code by code.
func TestTable(t *testing.T) {
	for _, l := range []lengths{
		ladder(286, 245), ladder(286, 0), ladder(286, 100),
		literals(257, map[int]uint{0: 2, 7: 2, 9: 2, 255: 3, 256: 3}),
		deep(),
	} {
		var table [literalSize]entry
		var n counts
		var used, sorted [maxSymbols]uint16
		found := 0
		for s, w := range l {
			if w > 0 {
				used[found] = uint16(s)<<usedAt | uint16(w)
				n[w]++
				found++
			}
		}
		if !build(table[:], literalBits, &n, used[:found], sorted[:], literalMeaning[:]) {
			t.Fatal("refused")
		}
		for s, w := range l {
			if w == 0 {
				continue
			}
			for _, behind := range []uint{0, 0x7fff, 0x2aaa} {
				b := new(bitWriter)
				l.symbol(b, s)
				b.number(behind, 15).align().number(0, 64)
				d := Decoder{}
				d.fill(&call{in: b.b})
				e := table[d.bits&(1<<literalBits-1)]
				if e&isSubtable != 0 && e&isSpecial != 0 {
					e = table[inSubtable(e, d.bits, literalBits)]
				}
				if want := literalMeaning[s] + entry(w)*perBit; e != want {
					t.Fatalf("symbol %d of %d bits: %#x, want %#x", s, w, e, want)
				}
			}
		}
	}
}

// deep is a code of 286 symbols that needs many subtables of every size.
func deep() lengths {
	l := make(lengths, 286)
	left := 1 << maxWidth
	for s := range l {
		// The widest code that leaves enough for those that follow.
		w := uint(15)
		if s%3 == 0 {
			w = 7 + uint(s%9)
		}
		for left-1<<(maxWidth-w) < len(l)-1-s {
			w++
		}
		l[s] = w
		left -= 1 << (maxWidth - w)
	}
	for grown := true; left > 0 && grown; {
		grown = false
		for s := range l {
			if more := 1 << (maxWidth - l[s]); more <= left {
				l[s]--
				left -= more
				grown = true
			}
		}
	}
	return l
}
