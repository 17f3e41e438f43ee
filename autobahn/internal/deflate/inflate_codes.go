package deflate

import "encoding/binary"

const endOfBlock = 256

// codes inflates a block of Huffman codes. It uses the inner loop while there is enough input
// and output, and otherwise goes symbol by symbol.
func (f *Inflater) codes(literals *literalTable, distances *distanceTable) error {
	for {
		if f.end > f.most {
			return ErrLimit
		}
		f.grow(0)
		if f.at <= len(f.in)-16 {
			if done, err := f.many(literals, distances); done || err != nil {
				return err
			}
			continue
		}
		if done, err := f.one(literals, distances); done || err != nil {
			return err
		}
	}
}

// one inflates one symbol. It reports whether that was the end of the block.
func (f *Inflater) one(literals *literalTable, distances *distanceTable) (done bool, err error) {
	f.refill()
	e := literals[f.bits&(1<<literalBits-1)]
	if e.is(entryLink) {
		e = f.link(literals[:], e)
	}
	switch {
	case e.taken() > f.count:
		return false, f.fault(withinBlock)
	case e.is(entryLiteral):
		f.take(e.taken())
		f.out[f.end] = byte(e.value())
		f.end++
		return false, nil
	case e.is(entryEnd):
		f.take(e.taken())
		return true, nil
	case e.is(entryOther):
		return false, f.fault(unknownCode)
	}
	length := e.of(f.bits)
	f.take(e.taken())

	f.refill()
	e = distances[f.bits&(1<<distanceBits-1)]
	if e.is(entryLink) {
		e = f.link(distances[:], e)
	}
	switch {
	case e.taken() > f.count:
		return false, f.fault(withinBlock)
	case e.is(entryOther):
		return false, f.fault(unknownCode)
	}
	distance := e.of(f.bits)
	f.take(e.taken())
	if distance > f.window {
		return false, &WindowError{Distance: distance, Window: f.window}
	}
	if distance > f.end-f.start {
		if err := f.before(f.out, f.end, length, distance); err != nil {
			return false, err
		}
	} else {
		repeat(f.out, f.end, length, distance)
	}
	f.farthest = max(f.farthest, distance)
	f.end += length
	return false, nil
}

const (
	withinBlock = "ends within a block"
	unknownCode = "bits that are no code of the block"
)

// link consumes the bits of the first level and returns the entry of the second.
func (f *Inflater) link(table []entry, e entry) entry {
	if e.taken() > f.count {
		return e
	}
	f.take(e.taken())
	return table[e.value()+uint(f.bits&(1<<e.code()-1))]
}

// many inflates symbols until less than 16 bytes of input or room bytes of output are left. It
// reports whether the block ended.
func (f *Inflater) many(literals *literalTable, distances *distanceTable) (done bool, err error) {
	in, at, bits, count := f.in, f.at, f.bits, f.count
	out, end, start, farthest := f.out, f.end, f.start, f.farthest
	lastIn, lastOut := len(in)-16, len(out)-room
	none := false // the code does not exist
loop:
	for at <= lastIn && end <= lastOut {
		// Load as many whole bytes as fit, at least 56 bits: enough for a length and a distance
		// (48), or for three literals. Bits above count are loaded again later, with the same
		// values.
		bits |= binary.LittleEndian.Uint64(in[at:]) << (count & 63)
		at += int((63 - count) >> 3)
		count |= 56

		e := literals[bits&(1<<literalBits-1)]
		if e.is(entryLiteral) {
			out[end] = byte(e.value())
			end++
			bits >>= e.taken()
			count -= e.taken()
			e = literals[bits&(1<<literalBits-1)]
			if e.is(entryLiteral) {
				out[end] = byte(e.value())
				end++
				bits >>= e.taken()
				count -= e.taken()
				e = literals[bits&(1<<literalBits-1)]
				if e.is(entryLiteral) {
					out[end] = byte(e.value())
					end++
					bits >>= e.taken()
					count -= e.taken()
					continue
				}
			}
			bits |= binary.LittleEndian.Uint64(in[at:]) << (count & 63)
			at += int((63 - count) >> 3)
			count |= 56
		}
		if e.is(entryOther) {
			if e.is(entryLink) {
				bits >>= e.taken()
				count -= e.taken()
				e = literals[e.value()+uint(bits&(1<<e.code()-1))]
				if e.is(entryLiteral) {
					out[end] = byte(e.value())
					end++
					bits >>= e.taken()
					count -= e.taken()
					continue
				}
			}
			if e.is(entryEnd) {
				bits >>= e.taken()
				count -= e.taken()
				done = true
				break
			}
			if e.is(entryOther) {
				none = true
				break
			}
		}
		length := e.of(bits)
		bits >>= e.taken()
		count -= e.taken()

		e = distances[bits&(1<<distanceBits-1)]
		if e.is(entryOther) {
			if e.is(entryLink) {
				bits >>= e.taken()
				count -= e.taken()
				e = distances[e.value()+uint(bits&(1<<e.code()-1))]
			}
			if e.is(entryOther) {
				none = true
				break
			}
		}
		distance := e.of(bits)
		bits >>= e.taken()
		count -= e.taken()

		if distance > farthest {
			if distance > f.window {
				err = &WindowError{Distance: distance, Window: f.window}
				break
			}
			farthest = distance
		}
		from := end - distance
		switch {
		case from < start:
			f.at, f.count = at, count // position for an error
			if err = f.before(out, end, length, distance); err != nil {
				break loop
			}
		case distance >= 8 && length <= 40:
			// Up to seven bytes too many, which the next symbols overwrite.
			for to := end; to < end+length; to += 8 {
				binary.LittleEndian.PutUint64(out[to:], binary.LittleEndian.Uint64(out[from:]))
				from += 8
			}
		default:
			repeat(out, end, length, distance)
		}
		end += length
	}
	f.at, f.bits, f.count = at, bits, count
	f.end, f.farthest = end, farthest
	if none {
		err = f.fault(unknownCode)
	}
	return done, err
}
