package inflate

// trees is the header of a dynamic block, as far as it was read (RFC 1951 §3.2.7).
type trees struct {
	literals, distances, lengths int // number of code lengths in each code

	done     int    // code lengths read, of the code length code or of the other two
	previous uint16 // the last one read, for symbol 16

	table [lengthSize]entry // of the code length code
	order [19]uint16        // the code lengths of that code, by symbol

	// used has the symbols with a code, as build needs them. Distances follow the literals, as
	// if their symbols continued from there. n counts them.
	used  [maxLiterals + maxDistances]uint16
	found int
	n     counts

	sorted [maxLiterals]uint16 // for build
}

// usedAt is the lowest bit of the symbol in an element of trees.used.
const usedAt = 4

// lengthOrder is the order of the lengths in the code length code (RFC 1951 §3.2.7).
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
	if !build(t.table[:], lengthBits, &t.n, used, t.sorted[:], lengthMeaning[:]) {
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
	// Local copies of what changes with each of up to 316 lengths.
	bits, nbits := d.bits, uint32(d.nbits)
	done, found, previous := t.done, t.found, t.previous
	for done < all {
		if nbits < lengthBits+7 { // a code and the most extra bits
			d.bits, d.nbits = bits, uint(nbits)
			d.fill(c)
			bits, nbits = d.bits, uint32(d.nbits)
		}
		e := t.table[bits&(lengthSize-1)]
		if e&total > nbits {
			if done == 0 && e>>valueAt == 16 && e>>widthAt&63 <= nbits {
				return d.fail(ErrRepeatNothing) // whatever the repeat count: its bits need not arrive
			}
			break
		}
		saved := bits
		bits >>= e & 63
		nbits -= e & total
		if e>>valueAt <= maxWidth {
			previous = uint16(e >> valueAt)
			t.used[found] = uint16(done)<<usedAt | previous
			if previous != 0 {
				found++
			}
			t.n[previous]++
			done++
			continue
		}
		if e&isSpecial != 0 {
			return d.fail(ErrUnusedCode)
		}
		repeat := int(saved & (1<<(e&63) - 1) >> (e >> widthAt & 63))
		switch e >> valueAt {
		case 16:
			repeat += 3
			if done == 0 {
				return d.fail(ErrRepeatNothing)
			}
		case 17:
			repeat += 3
			previous = 0
		default:
			repeat += 11
			previous = 0
		}
		if repeat > all-done {
			return d.fail(ErrRepeatTooFar)
		}
		if previous != 0 {
			for i := range repeat {
				t.used[found+i] = uint16(done+i)<<usedAt | previous
			}
			found += repeat
			t.n[previous] += uint16(repeat)
		}
		done += repeat
	}
	d.bits, d.nbits = bits, uint(nbits)
	t.done, t.found, t.previous = done, found, previous
	if done < all {
		return false
	}
	return d.buildCodes()
}

// buildCodes builds the tables of a dynamic block, once its header is complete.
func (d *Decoder) buildCodes() bool {
	t := &d.trees
	// Distance symbols get their own numbers and counts.
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
	if !build(d.own.literal[:], literalBits, &t.n, literals, t.sorted[:], literalMeaning[:]) {
		return d.fail(ErrLiteralCode)
	}
	if !build(d.own.distance[:], distanceBits, &n, distances, t.sorted[:], distanceMeaning[:]) {
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
