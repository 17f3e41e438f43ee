package deflate

// findGreedy finds the sequences of a block that begins at buf[from:]. It returns their number
// and the end of the block. For each byte it looks at one earlier position, and takes the match
// if there is one.
func (e *Encoder) findGreedy(buf []byte, from int) (n, next int) {
	end := len(buf)
	soft := min(end, from+maxBlock-maxMatch)
	last := min(soft, end-8+1) // the search ends before this
	base := e.pos - uint32(from)
	window := e.window
	factor, mask := e.hashing()
	table := &e.head
	stride := e.level.stride
	freq := &e.block.literalFreq
	e.block.clear()

	done := from // bytes before this are in sequences
	i := from    // literals before this are counted
	for i < last {
		v := load64(buf, i)
		h := hash64(v, factor, mask)
		distance := base + uint32(i) - table[h]
		table[h] = base + uint32(i)
		if distance <= min(window, uint32(i)) {
			at := i - int(distance)
			diff := load64(buf, at) ^ v
			if uint32(diff) == 0 {
				length := matchLength(buf, at, i, diff)
				for i > done && at > 0 && buf[i-1] == buf[at-1] && length < maxMatch {
					i--
					at--
					length++
					freq[buf[i]]--
				}
				n = e.add(n, i-done, length, int(distance))
				i += length
				done = i
				if n >= maxSequences-reserve {
					return n, done
				}
				if stride > 0 {
					for p := i - length + 1; p < min(i-2, last); p += stride {
						table[hash64(load64(buf, p), factor, mask)] = base + uint32(p)
					}
				}
				if i < last {
					p := i - 2
					table[hash64(load64(buf, p), factor, mask)] = base + uint32(p)
				}
				continue
			}
		}
		freq[byte(v)]++
		i++
		// The search skips bytes where it finds nothing.
		if i-done >= 1<<skipAfter {
			skip := max(0, min((i-done)>>skipAfter, last-i))
			e.block.countLiterals(buf[i : i+skip])
			i += skip
		}
	}
	next = max(soft, done)
	e.block.countLiterals(buf[i:next])
	return n, next
}

// skipAfter: after 1<<skipAfter literals in a row, the search begins to skip bytes.
const skipAfter = 6

// probeHistory indexes the bytes before e.pos.
func (e *Encoder) probeHistory(history []byte) {
	base := e.pos - uint32(len(history))
	factor, mask := e.hashing()
	table := &e.head
	step := e.level.step
	for i := 0; i+8 <= len(history); i += step {
		table[hash64(load64(history, i), factor, mask)] = base + uint32(i)
	}
}
