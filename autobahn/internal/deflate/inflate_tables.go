package deflate

// An entry of a decoding table says what the next bits of a block are, in one
// word: the inner loop adds base and extra bits without looking further.
//
//	bits  0-4   bits that it takes from the stream, those of the code and the extra ones
//	bits  8-11  those of the code alone; of a link, how many bits index the second level
//	bits 12-15  the flags below
//	bits 16-31  the literal, the base of a length or distance, the place of a second level
type entry uint32

const (
	entryEnd   entry = 1 << (12 + iota) // end of block; also entryOther
	entryLink                           // the code is longer than the first level; also entryOther
	entryOther                          // no literal, length or distance; alone: there is no such code
	entryLiteral
)

func (e entry) taken() uint     { return uint(e & 31) }
func (e entry) code() uint      { return uint(e>>8) & 15 }
func (e entry) value() uint     { return uint(e >> 16) }
func (e entry) is(f entry) bool { return e&f != 0 }

// of returns the base plus the extra bits, which follow the code in bits.
func (e entry) of(bits uint64) int {
	return int(e.value()) + int((bits&(1<<e.taken()-1))>>e.code())
}

const (
	maxCode      = 15 // bits (RFC 1951 §3.2.7)
	literalBits  = 11 // of the first level: most codes of real messages
	distanceBits = 9
)

// A table is a first level, indexed by the next bits of the stream, and behind
// it the second levels of codes that are longer. A second level is at most as
// wide as the longest code needs, and holds two symbols or more, because a
// longer code is complete: that bounds the size.
type (
	literalTable  [1<<literalBits + 286/2<<(maxCode-literalBits)]entry
	distanceTable [1<<distanceBits + 30/2<<(maxCode-distanceBits)]entry
	lengthTable   [1 << 7]entry
)

// literalEntries and distanceEntries are the symbols of RFC 1951 §3.2.5 without
// their codes; lengthEntries those of §3.2.7, the lengths of codes.
var literalEntries, distanceEntries, lengthEntries = symbols()

func symbols() (literals [288]entry, distances [32]entry, lengths [19]entry) {
	for i := range 256 {
		literals[i] = entryLiteral | entry(i)<<16
	}
	literals[256] = entryOther | entryEnd
	base := 3
	for i := range 28 {
		extra := max(0, i/4-1)
		literals[257+i] = entry(base)<<16 | entry(extra)
		base += 1 << extra
	}
	literals[285] = 258 << 16
	base = 1
	for i := range 30 {
		extra := max(0, i/2-1)
		distances[i] = entry(base)<<16 | entry(extra)
		base += 1 << extra
	}
	// Of the fixed code only: 286, 287, 30 and 31 "will never actually occur".
	literals[286], literals[287] = entryOther, entryOther
	distances[30], distances[31] = entryOther, entryOther
	for i := range lengths {
		lengths[i] = entry(i) << 16
	}
	return
}

// fixed are the tables of RFC 1951 §3.2.6.
var fixed = fixedTables()

func fixedTables() *struct {
	literals  literalTable
	distances distanceTable
} {
	t := new(struct {
		literals  literalTable
		distances distanceTable
	})
	var lengths [288 + 32]uint8
	for i := range 288 {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	for i := range 32 {
		lengths[288+i] = 5
	}
	fill(t.literals[:], literalBits, lengths[:288], literalEntries[:])
	fill(t.distances[:], distanceBits, lengths[288:], distanceEntries[:])
	return t
}

// fullness says whether the codes of some lengths use every sequence of bits.
type fullness int

const (
	complete fullness = iota
	single            // one code, of one bit
	empty             // no code at all
	under             // unused sequences
	over              // more codes than sequences: nothing is filled
)

// fill makes the decoding table of the canonical code with these lengths (RFC
// 1951 §3.2.2): symbols[i] has lengths[i] bits, none when that is 0. first is
// the number of bits that index the first level.
func fill(table []entry, first uint, lengths []uint8, symbols []entry) fullness {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	used := len(lengths) - count[0]
	count[0] = 0
	var next [maxCode + 2]int // in order, of each length
	left, longest := 1, uint(0)
	for n := 1; n <= maxCode; n++ {
		left = 2*left - count[n]
		if left < 0 {
			return over
		}
		if count[n] > 0 {
			longest = uint(n)
		}
		next[n+1] = next[n] + count[n]
	}
	full := complete
	switch {
	case left == 0:
	case used == 0:
		full = empty
	case used == 1 && count[1] == 1:
		full = single
	default:
		return under
	}
	if full != complete {
		for i := range 1 << first {
			table[i] = entryOther
		}
	}
	var order [288]uint16
	for i, n := range lengths {
		if n != 0 {
			order[next[n]] = uint16(i)
			next[n]++
		}
	}

	// RFC 1951 §3.1.1: a code is packed from its most significant bit, so that
	// the index is the code backwards, and counting carries from bit n-1 down.
	code, free, prefix, second := uint(0), uint(1)<<first, ^uint(0), uint(0)
	for _, symbol := range order[:used] {
		n := uint(lengths[symbol])
		e := symbols[symbol]
		if n <= first {
			e += entry(n | n<<8)
			for i := code; i < 1<<first; i += 1 << n {
				table[i] = e
			}
		} else {
			if p := code & (1<<first - 1); p != prefix {
				prefix, second = p, free
				free += 1 << (longest - first)
				table[p] = entryOther | entryLink | entry(second<<16|(longest-first)<<8|first)
			}
			n -= first
			e += entry(n | n<<8)
			for i := code >> first; i < 1<<(longest-first); i += 1 << n {
				table[second+i] = e
			}
			n += first
		}
		bit := uint(1) << (n - 1)
		for code&bit != 0 {
			code ^= bit
			bit >>= 1
		}
		code |= bit
	}
	return full
}

// lengthOrder is the order in which the lengths of the code of lengths come
// (RFC 1951 §3.2.7).
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the codes of a block with dynamic codes (RFC 1951 §3.2.7).
func (f *Inflater) dynamic() error {
	const within = "ends within the codes of a block"
	if !f.need(14) {
		return f.fault(within)
	}
	literals, distances, n := int(f.take(5))+257, int(f.take(5))+1, int(f.take(4))+4
	if literals > 286 || distances > 30 {
		return f.fault("more codes than there are symbols (RFC 1951 section 3.2.7)")
	}
	var of [19]uint8
	for _, i := range lengthOrder[:n] {
		if !f.need(3) {
			return f.fault(within)
		}
		of[i] = uint8(f.take(3))
	}
	var table lengthTable
	if fill(table[:], 7, of[:], lengthEntries[:]) != complete {
		return f.fault("the code of code lengths is over- or under-subscribed (RFC 1951 section 3.2.7)")
	}

	var lengths [286 + 30]uint8
	for i := 0; i < literals+distances; {
		f.refill()
		e := table[f.bits&127]
		if e.taken() > f.count {
			return f.fault(within)
		}
		f.take(e.taken())
		value, base, extra := uint8(0), 1, uint(0)
		switch e.value() {
		default:
			value = uint8(e.value())
		case 16:
			if i == 0 {
				return f.fault("the first code length repeats one before it (RFC 1951 section 3.2.7)")
			}
			value, base, extra = lengths[i-1], 3, 2
		case 17:
			base, extra = 3, 3
		case 18:
			base, extra = 11, 7
		}
		if extra > f.count {
			return f.fault(within)
		}
		times := base + int(f.take(extra))
		if i+times > literals+distances {
			return f.fault("more code lengths than codes (RFC 1951 section 3.2.7)")
		}
		for range times {
			lengths[i] = value
			i++
		}
	}
	if lengths[endOfBlock] == 0 {
		return f.fault("a block whose end has no code (RFC 1951 section 3.2.5)")
	}
	switch fill(f.literals[:], literalBits, lengths[:literals], literalEntries[:]) {
	case over, under:
		return f.fault("the code of literals and lengths is over- or under-subscribed (RFC 1951 section 3.2.2)")
	}
	// One distance has a code of one bit, and no distances none (§3.2.7).
	switch fill(f.distances[:], distanceBits, lengths[literals:][:distances], distanceEntries[:]) {
	case over, under:
		return f.fault("the code of distances is over- or under-subscribed (RFC 1951 section 3.2.2)")
	}
	return nil
}
