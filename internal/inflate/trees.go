package inflate

// trees is what is known of the header of a dynamic block (RFC 1951 §3.2.7).
type trees struct {
	literals, distances, lengths int // how many code lengths of each code

	done     int    // code lengths read, of the code length code or of both others
	previous uint16 // the last of them, for symbol 16

	table [lengthSize]entry // of the code length code
	order [19]uint16        // the code lengths of that code, by symbol

	// The symbols with a code, as build wants them: the distances stand behind
	// the literals, as if their symbols went on from there. n counts them.
	used  [maxLiterals + maxDistances]uint16
	found int
	n     counts
}

// usedAt is where the symbol begins in an element of trees.used.
const usedAt = 4

// lengthOrder is the order of the lengths of the code length code
// (RFC 1951 §3.2.7).
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// codeCounts reads HLIT, HDIST and HCLEN.
func (d *Decoder) codeCounts(c *call) bool {
	if !d.have(c, 14) {
		return false
	}
	t := &d.trees
	t.literals = d.take(5) + 257
	t.distances = d.take(5) + 1
	t.lengths = d.take(4) + 4
	t.done = 0
	t.order = [19]uint16{}
	if t.literals > maxLiterals {
		return d.fail(ErrLiteralCount)
	}
	if t.distances > maxDistances {
		return d.fail(ErrDistanceCount)
	}
	d.state = codeLengthCode
	return true
}

// codeLengthCode reads the lengths of the code length code and builds its table.
func (d *Decoder) codeLengthCode(c *call) bool {
	t := &d.trees
	for ; t.done < t.lengths; t.done++ {
		if !d.have(c, 3) {
			return false
		}
		t.order[lengthOrder[t.done]] = uint16(d.take(3))
	}
	t.n = counts{}
	used := t.used[:0]
	for s, w := range t.order {
		if w != 0 {
			used = append(used, uint16(s)<<usedAt|w)
			t.n[w]++
		}
	}
	if !build(t.table[:], lengthBits, &t.n, used, lengthMeaning[:]) {
		return d.fail(ErrCodeLengthCode)
	}
	t.n = counts{}
	t.done, t.found = 0, 0
	d.state = codeLengths
	return true
}

// codeLengths reads the code lengths of the other two codes.
func (d *Decoder) codeLengths(c *call) bool {
	t := &d.trees
	all := t.literals + t.distances
	for t.done < all {
		if d.nbits < 14 {
			d.fill(c)
		}
		e := t.table[d.bits&(lengthSize-1)]
		if uint(e&total) > d.nbits {
			return false
		}
		if e&isSpecial != 0 {
			return d.fail(ErrUnusedCode)
		}
		symbol := uint16(e >> valueAt)
		if symbol <= maxWidth {
			t.previous = symbol
			t.add(1, symbol)
			d.drop(uint(e & total))
			continue
		}
		d.drop(uint(e >> widthAt & widthMask))
		var repeat int
		switch symbol {
		case 16:
			if t.done == 0 {
				return d.fail(ErrRepeatNothing)
			}
			repeat = 3 + d.take(2)
		case 17:
			repeat = 3 + d.take(3)
			t.previous = 0
		default:
			repeat = 11 + d.take(7)
			t.previous = 0
		}
		if repeat > all-t.done {
			return d.fail(ErrRepeatTooFar)
		}
		t.add(repeat, t.previous)
	}
	return d.buildCodes()
}

// add notes that the next repeat symbols have codes of width bits.
func (t *trees) add(repeat int, width uint16) {
	if width != 0 {
		for i := range repeat {
			t.used[t.found+i] = uint16(t.done+i)<<usedAt | width
		}
		t.found += repeat
		t.n[width] += uint16(repeat)
	}
	t.done += repeat
}

// buildCodes builds the tables of a dynamic block, when all its header is read.
func (d *Decoder) buildCodes() bool {
	t := &d.trees
	// The symbols of distances get their own numbers and counts.
	var n counts
	first := uint16(t.literals) << usedAt
	split := t.found
	for split > 0 && t.used[split-1] >= first {
		split--
		t.used[split] -= first
		width := t.used[split] & (1<<usedAt - 1)
		n[width]++
		t.n[width]--
	}
	literals, distances := t.used[:split], t.used[split:t.found]
	if !build(d.own.literal[:], literalBits, &t.n, literals, literalMeaning[:]) {
		return d.fail(ErrLiteralCode)
	}
	if !build(d.own.distance[:], distanceBits, &n, distances, distanceMeaning[:]) {
		return d.fail(ErrDistanceCode)
	}
	end := len(literals)
	for end > 0 && literals[end-1]>>usedAt > endOfBlock {
		end--
	}
	if end == 0 || literals[end-1]>>usedAt != endOfBlock {
		return d.fail(ErrNoEndOfBlock)
	}
	d.codes = &d.own
	d.state = symbols
	return true
}
