package deflate

import "math/bits"

// A chain leads from a place to the one before it with the same hash, and so on. Encoder.head has the last place of
// each chain, Encoder.prev how far it is from a place to the next of its chain, 0 if there is none in reach.

// insert puts position at the head of its chain, and returns how far back the place is that was there before.
func (e *Encoder) insert(prev *[maxWindow]uint16, v, position uint32) uint32 {
	h := hash(v, 32-e.tableBits)
	distance := position - e.head[h]
	e.head[h] = position
	link := distance
	if link > maxWindow {
		link = 0
	}
	prev[position&(maxWindow-1)] = uint16(link)
	return distance
}

// findChains is findGreedy for those who have time: it compares several earlier places, and puts a match off if a
// better one begins at the next octet.
func (e *Encoder) findChains(buf []byte, from int) (n, next int) {
	end := len(buf)
	soft := min(end, from+maxBlock-maxMatch)
	tail := end - minMatch + 1 // no match can begin here
	last := min(soft, tail)
	base := e.pos - uint32(from)
	prev := (*[maxWindow]uint16)(e.prev)

	// The last octets before this call could not be indexed without those that follow.
	known := max(0, from-int(e.pos-e.indexed))
	for ; known < min(from, tail); known++ {
		e.insert(prev, load32(buf, known), base+uint32(known))
	}

	done := from
	i := from
	for i < last && n < maxSequences-reserve {
		v := load32(buf, i)
		known = i + 1
		length, distance := e.longest(buf, base, i, e.insert(prev, v, base+uint32(i)), minMatch-1, e.level.depth)
		if length < minMatch {
			i += 1 + (i-done)>>e.level.skip
			continue
		}
		for length < e.level.lazy && known < last {
			d := e.insert(prev, load32(buf, known), base+uint32(known))
			known++
			l, d := e.longest(buf, base, i+1, d, length-1, e.level.depth>>1)
			if l < length || worth(l, d) <= worth(length, distance)+2 {
				break
			}
			i++
			length, distance = l, d
		}
		n = e.add(n, i-done, length, int(distance))
		i += length
		done = i
		for ; known < min(i, tail); known++ {
			e.insert(prev, load32(buf, known), base+uint32(known))
		}
	}
	next = max(soft, done)
	if n >= maxSequences-reserve {
		next = done
	}
	e.indexed = base + uint32(min(next, max(known, tail)))
	return n, next
}

// worth compares matches: an octet more is worth four bits more of distance.
func worth(length int, distance uint32) int {
	return 4*length - bits.Len32(distance)
}

// longest follows a chain from distance on for a match at buf[i:] longer than best.
func (e *Encoder) longest(buf []byte, base uint32, i int, distance uint32, best, depth int) (length int, at uint32) {
	stop := min(len(buf), i+maxMatch)
	reach := min(e.window, uint32(i))
	prev := (*[maxWindow]uint16)(e.prev)
	nice := min(e.level.nice, stop-i)
	score := minWorth
	if best >= nice {
		return 0, 0
	}
	probe := load32(buf, i+best-3)
	pos := base + uint32(i)
	for ; depth > 0 && distance <= reach; depth-- {
		j := i - int(distance)
		if load32(buf, j+best-3) == probe {
			l := matchLength(buf, j, i, stop)
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
		link := prev[(pos-distance)&(maxWindow-1)]
		if link == 0 {
			break
		}
		distance += uint32(link)
	}
	return length, at
}

// minWorth is that of the least match taken: four octets from not too far away.
const minWorth = 4*minMatch - 13

// chainHistory is probeHistory for chains.
func (e *Encoder) chainHistory(history []byte) {
	base := e.pos - uint32(len(history))
	prev := (*[maxWindow]uint16)(e.prev)
	for i := 0; i+minMatch <= len(history); i += e.level.step {
		e.insert(prev, load32(history, i), base+uint32(i))
	}
}
