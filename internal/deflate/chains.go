package deflate

import "math/bits"

// A chain links each position to the previous one with the same hash. Encoder.head has the last
// position of each chain, Encoder.prev the distance from a position to the next one in its
// chain.

// noLink is farther than any window.
const noLink = 1<<16 - 1

// insert puts position, where the eight bytes of v are, at the head of its chain. It returns
// the distance to the previous head.
func (e *Encoder) insert(prev *[maxWindow]uint16, v uint64, position uint32, factor uint64, mask uint32) uint32 {
	h := hash64(v, factor, mask)
	distance := position - e.head[h]
	e.head[h] = position
	// A position inserted again, into a larger table, ends its chain: 0 becomes noLink.
	prev[position&(maxWindow-1)] = uint16(min(distance-1, noLink-1)) + 1
	return distance
}

// findChains is a more thorough findGreedy. It compares several earlier positions, and
// postpones a match if a better one begins at the next byte.
func (e *Encoder) findChains(buf []byte, from int) (n, next int) {
	end := len(buf)
	soft := min(end, from+maxBlock-maxMatch)
	tail := end - 8 + 1 // no search from here on
	last := min(soft, tail)
	base := e.pos - uint32(from)
	prev := (*[maxWindow]uint16)(e.prev)
	factor, mask := e.hashing()
	depth, lazy, stride := e.level.depth, e.level.lazy, e.level.stride

	// The last bytes before this call could not be indexed without the bytes that follow.
	known := max(0, from-int(e.pos-e.indexed))
	for ; known < min(from, tail); known++ {
		e.insert(prev, load64(buf, known), base+uint32(known), factor, mask)
	}

	window := e.window
	freq := &e.block.literalFreq
	e.block.clear()

	done := from // bytes before this are in sequences
	i := from    // literals before this are counted
	for i < last {
		v := load64(buf, i)
		distance := e.insert(prev, v, base+uint32(i), factor, mask)
		reach := min(window, uint32(i))
		// Most positions differ in the first bytes and need no call.
		left := depth
		for left > 0 && distance <= reach && uint32(load64(buf, i-int(distance))^v) != 0 {
			distance += uint32(prev[(base+uint32(i)-distance)&(maxWindow-1)])
			left--
		}
		length := 0
		if left > 0 && distance <= reach {
			length, distance = e.longest(buf, base, i, distance, minMatch-1, left)
		}
		known = i + 1
		if length < minMatch {
			freq[byte(v)]++
			i++
			// The search skips bytes where it finds nothing.
			if i-done >= 1<<e.level.skip {
				skip := max(0, min((i-done)>>e.level.skip, last-i))
				e.block.countLiterals(buf[i : i+skip])
				i += skip
			}
			continue
		}
		for length < lazy && known < last && i+length < end {
			position := base + uint32(known)
			d := e.insert(prev, load64(buf, known), position, factor, mask)
			known++
			// Only a match that continues beyond the end of this one can be better.
			reach := min(window, uint32(i+1))
			left := depth
			probe := load32(buf, i+length-3)
			for left > 0 && d <= reach && (d == distance || load32(buf, i+length-3-int(d)) != probe) {
				d += uint32(prev[(position-d)&(maxWindow-1)])
				left--
			}
			if left == 0 || d > reach {
				break
			}
			l, d := e.longest(buf, base, i+1, d, length-1, left)
			if l < length || worth(l, d) <= worth(length, distance)+2 {
				break
			}
			freq[buf[i]]++
			i++
			length, distance = l, d
		}
		// Not every byte is indexed, so the match may begin earlier.
		for at := i - int(distance); i > done && at > 0 && buf[i-1] == buf[at-1] && length < maxMatch; length++ {
			i--
			at--
			freq[buf[i]]--
		}
		n = e.add(n, i-done, length, int(distance))
		i += length
		done = i
		for stop := min(i, tail); known < stop; known += stride {
			e.insert(prev, load64(buf, known), base+uint32(known), factor, mask)
		}
		if n >= maxSequences-reserve {
			e.indexed = base + uint32(min(i, max(known, tail)))
			return n, done
		}
	}
	next = max(soft, done)
	e.block.countLiterals(buf[i:next])
	e.indexed = base + uint32(min(next, max(known, tail)))
	return n, next
}

// worth rates a match: one byte more is worth four more bits of distance.
func worth(length int, distance uint32) int {
	return 4*length - bits.Len32(distance)
}

// longest follows a chain from distance on. It looks for a match at buf[i:] that is longer than
// best.
func (e *Encoder) longest(buf []byte, base uint32, i int, distance uint32, best, depth int) (length int, at uint32) {
	reach := min(e.window, uint32(i))
	prev := (*[maxWindow]uint16)(e.prev)
	nice := min(e.level.nice, len(buf)-i)
	score := minWorth
	if best >= nice {
		return 0, 0
	}
	v := load64(buf, i)
	probe := load32(buf, i+best-3)
	pos := base + uint32(i)
	for ; depth > 0 && distance <= reach; depth-- {
		j := i - int(distance)
		if load32(buf, j+best-3) == probe {
			if diff := load64(buf, j) ^ v; uint32(diff) == 0 {
				l := matchLength(buf, j, i, diff)
				if l > best {
					if w := worth(l, distance); w > score {
						score, best, length, at = w, l, l, distance
						if l >= nice {
							break
						}
						probe = load32(buf, i+best-3)
					}
				}
			}
		}
		distance += uint32(prev[(pos-distance)&(maxWindow-1)])
	}
	return length, at
}

// minWorth is below the worth of any match that is used. A match of four bytes must be less
// than 4 KiB away.
const minWorth = 4*minMatch - 13

// chainHistory is probeHistory for chains.
func (e *Encoder) chainHistory(history []byte) {
	base := e.pos - uint32(len(history))
	prev := (*[maxWindow]uint16)(e.prev)
	factor, mask := e.hashing()
	for i := 0; i+8 <= len(history); i += e.level.step {
		e.insert(prev, load64(history, i), base+uint32(i), factor, mask)
	}
}
