package inflate

import "encoding/binary"

const (
	// fastInput is two loads of eight bytes, the first of which consumes up to seven.
	fastInput = 16
	// fastRoom is the longest match, three literals before it, and the bytes that copying in
	// steps of 32 may write beyond the end.
	fastRoom = 258 + 3 + 32
)

// fast decodes symbols while there is plenty of input and room. It stops before an invalid
// symbol, with state symbols, and at an invalid match, with state match.
func (d *Decoder) fast(c *call) {
	var (
		buf, in   = c.buf, c.in
		end, at   = c.end, c.at
		base      = c.base
		bits      = d.bits
		nbits     = uint32(d.nbits)
		literals  = &d.codes.literal
		distances = &d.codes.distance
		lastIn    = len(in) - fastInput
		lastOut   = len(buf) - fastRoom
		load      = binary.LittleEndian
	)
loop:
	for at <= lastIn && end <= lastOut {
		bits |= load.Uint64(in[at:]) << (nbits & 63)
		at += int(^nbits >> 3 & 7)
		nbits |= 56

		// Three literals from the first part of the table, and a length or one more literal,
		// take at most 3·10 + 15+5 of the 56 bits.
		e := literals[bits&(1<<literalBits-1)]
		if e&isLiteral != 0 {
			buf[end] = byte(e >> valueAt)
			end++
			bits >>= e & 63
			nbits -= e
			e = literals[bits&(1<<literalBits-1)]
			if e&isLiteral != 0 {
				buf[end] = byte(e >> valueAt)
				end++
				bits >>= e & 63
				nbits -= e
				e = literals[bits&(1<<literalBits-1)]
				if e&isLiteral != 0 {
					buf[end] = byte(e >> valueAt)
					end++
					bits >>= e & 63
					nbits -= e
					e = literals[bits&(1<<literalBits-1)]
					if e&isLiteral != 0 {
						buf[end] = byte(e >> valueAt)
						end++
						bits >>= e & 63
						nbits -= e
						continue
					}
				}
			}
		}
		if e&isSpecial != 0 {
			if e&isSubtable != 0 {
				e = literals[inSubtable(e, bits, literalBits)]
				if e&isLiteral != 0 {
					buf[end] = byte(e >> valueAt)
					end++
					bits >>= e & 63
					nbits -= e
					continue
				}
			}
			if e&isSpecial != 0 {
				if e&isEnd == 0 {
					break loop
				}
				bits >>= e & 63
				nbits -= e
				d.state = d.after
				break loop
			}
		}
		saved := bits
		bits >>= e & 63
		nbits -= e
		length := int(e>>valueAt) + int(saved&(1<<(e&63)-1)>>(e>>widthAt&63))

		bits |= load.Uint64(in[at:]) << (nbits & 63)
		at += int(^nbits >> 3 & 7)
		nbits |= 56

		e = distances[bits&(1<<distanceBits-1)]
		if e&isSpecial != 0 {
			if e&isSubtable != 0 {
				e = distances[inSubtable(e, bits, distanceBits)]
			}
			if e&isSpecial != 0 {
				d.length, d.state = length, distance
				break loop
			}
		}
		saved = bits
		bits >>= e & 63
		nbits -= e
		back := int(e>>valueAt) + int(saved&(1<<(e&63)-1)>>(e>>widthAt&63))

		if back > d.window || back > end-base {
			if back > d.window || back > end-base+len(d.history) {
				d.length, d.distance, d.state = length, back, match
				break loop
			}
			end = copyMatch(buf, end, base, d.history, back, length)
			continue
		}
		from := end - back
		stop := end + length
		if back < 16 {
			for end < stop {
				end += copy(buf[end:stop], buf[from:end])
			}
			continue
		}
		// A copy of constant length is a load and a store. If back is below 32, the second one
		// of a pair reads what the first has written.
		for {
			to, of := buf[end:end+32], buf[from:from+32]
			copy(to[:16], of[:16])
			copy(to[16:], of[16:])
			end += 32
			from += 32
			if end >= stop {
				break
			}
		}
		end = stop
	}
	c.end, c.at = end, at
	d.bits, d.nbits = bits&(1<<(nbits&63)-1), uint(nbits&63)
}
