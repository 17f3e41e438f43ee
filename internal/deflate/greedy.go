package deflate

// findGreedy finds the sequences of a block which begins at buf[from:], and returns their number and the block's end.
// It looks at one earlier place for each octet and takes what it gets.
func (e *Encoder) findGreedy(buf []byte, from int) (n, next int) {
	end := len(buf)
	soft := min(end, from+maxBlock-maxMatch)
	last := min(soft, end-minMatch+1) // the search ends before it
	base := e.pos - uint32(from)
	window := e.window
	shift := 32 - e.tableBits
	table := &e.head

	done := from // up to here the octets are in sequences
	i := from
	for i < last {
		v := load32(buf, i)
		h := hash(v, shift)
		distance := base + uint32(i) - table[h]
		table[h] = base + uint32(i)
		if distance > window || int(distance) > i || load32(buf, i-int(distance)) != v {
			i += 1 + (i-done)>>6
			continue
		}
		at := i - int(distance)
		stop := min(end, i+maxMatch)
		length := minMatch + matchLength(buf, at+minMatch, i+minMatch, stop)
		if length == minMatch && distance > 4096 {
			i++
			continue
		}
		for i > done && at > 0 && buf[i-1] == buf[at-1] && length < maxMatch {
			i--
			at--
			length++
		}
		n = e.add(n, i-done, length, int(distance))
		i += length
		done = i
		if n >= maxSequences-reserve {
			return n, done
		}
		if i < last {
			p := i - 2
			table[hash(load32(buf, p), shift)] = base + uint32(p)
		}
	}
	return n, max(soft, done)
}

// probeHistory indexes what precedes the position e.pos.
func (e *Encoder) probeHistory(history []byte) {
	base := e.pos - uint32(len(history))
	shift := 32 - e.tableBits
	table := &e.head
	step := e.level.step
	for i := 0; i+4 <= len(history); i += step {
		table[hash(load32(history, i), shift)] = base + uint32(i)
	}
}
