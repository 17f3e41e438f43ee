package deflate

import "math/bits"

// A code is a symbol's Huffman code, with its length in bits 16 and up. It is stored reversed:
// RFC 1951 section 3.1.1 sends Huffman codes from the most significant bit, but everything else
// from the least significant.
type code uint32

func (c code) bits() uint64 { return uint64(c & 0xffff) }
func (c code) len() uint    { return uint(c >> 16) }

const maxSymbols = 288

// A builder makes codes. It is kept only to reuse its memory.
type builder struct {
	sorted [maxSymbols]uint32
	tree   [maxSymbols]uint32
	counts [16]uint32 // of codes, by length
}

// gather lists the symbols with a nonzero freq in used, in order, as freq<<9 | symbol.
func gather(used *[maxSymbols]uint32, freq []uint32) []uint32 {
	n := 0
	for symbol, f := range freq[:min(len(freq), maxSymbols-2)] {
		used[n] = f<<9 | uint32(symbol)
		n += int((f + 1<<31 - 1) >> 31) // 1 unless f is 0, without a branch
	}
	// RFC 1951 section 3.2.7 allows a single code of one bit, or none. Some inflaters do not,
	// so there are at least two codes.
	for symbol := uint32(0); n < 2; symbol++ {
		if n == 0 || used[0]&511 != symbol {
			used[n] = symbol
			n++
		}
	}
	if used[0]&511 > used[1]&511 {
		used[0], used[1] = used[1], used[0]
	}
	return used[:n]
}

// build finds the code of smallest total length for the symbols in used, with no code longer
// than limit bits. It sets their lengths and codes. It sets lengths of other symbols to 0 and
// leaves their codes unchanged.
func (b *builder) build(used []uint32, lengths []uint8, codes []code, limit int) {
	clear(lengths)
	sorted := b.sorted[:len(used)]
	sortByFreq(sorted, used)
	b.countLengths(sorted, limit)

	i := 0
	for length := limit; length > 0; length-- {
		for range b.counts[length] {
			lengths[sorted[i]&511] = uint8(length)
			i++
		}
	}

	// RFC 1951 section 3.2.2: codes of one length have consecutive values in the order of their
	// symbols; shorter codes lexicographically precede longer ones.
	var next [16]uint32
	value := uint32(0)
	for length := 1; length <= limit; length++ {
		value = (value + b.counts[length-1]) << 1
		next[length] = value
	}
	for _, u := range used {
		length := lengths[u&511] & 15
		codes[u&511] = code(bits.Reverse16(uint16(next[length]))>>(16-length)) | code(length)<<16
		next[length]++
	}
}

// sortByFreq sorts from into to. It first groups symbols whose freqs have the same four highest
// bits, so little is left for the insertion sort.
func sortByFreq(to, from []uint32) {
	if len(from) > 24 {
		var ends [128]uint16
		last := uint32(0)
		for _, u := range from {
			k := bucket(u>>9) & 127
			ends[k]++
			last = max(last, k)
		}
		sum := uint16(0)
		for i, n := range ends[:last+1] {
			ends[i] = sum
			sum += n
		}
		for _, u := range from {
			k := bucket(u>>9) & 127
			to[ends[k]] = u
			ends[k]++
		}
	} else {
		copy(to, from)
	}
	for i := 1; i < len(to); i++ {
		u, j := to[i], i
		for j > 0 && to[j-1] > u {
			to[j] = to[j-1]
			j--
		}
		to[j] = u
	}
}

func bucket(f uint32) uint32 {
	if f < 16 {
		return f
	}
	n := uint32(bits.Len32(f)) - 4
	return n<<3 + f>>n
}

// countLengths computes how many codes of each length the optimal code has, by the method of
// Moffat and Katajainen. The tree is built in place of the weights: weights of inner nodes are
// replaced by parents, and these by depths.
func (b *builder) countLengths(sorted []uint32, limit int) {
	n := len(sorted)
	tree := b.tree[:n]
	clear(b.counts[:])

	// Inner nodes are created in order of their weights. So the two lightest nodes are always
	// at the heads of two queues: unused leaves and unused inner nodes.
	leaf, root := 0, 0
	for node := range n - 1 {
		weight := uint32(0)
		for range 2 {
			if leaf >= n || root < node && tree[root] < sorted[leaf]>>9 {
				weight += tree[root]
				tree[root] = uint32(node)
				root++
			} else {
				weight += sorted[leaf] >> 9
				leaf++
			}
		}
		tree[node] = weight
	}
	// Convert parents to depths. At each depth, the nodes that are not inner ones are leaves.
	tree[n-2] = 0
	for node := n - 3; node >= 0; node-- {
		tree[node] = tree[tree[node]] + 1
	}
	node, places := n-2, uint32(1)
	for depth := 0; places > 0; depth++ {
		inner := uint32(0)
		for node >= 0 && tree[node] == uint32(depth) {
			inner++
			node--
		}
		b.counts[min(depth, limit)] += places - inner
		places = 2 * inner
	}

	// Leaves moved up to limit take more code space than there is, measured in codes of limit
	// bits. Making such a leaf the sibling of a shallower one frees one unit.
	over := -(1 << limit)
	for length, n := range b.counts[:limit+1] {
		over += int(n) << (limit - length)
	}
	for ; over > 0; over-- {
		length := limit - 1
		for b.counts[length] == 0 {
			length--
		}
		b.counts[length]--
		b.counts[length+1] += 2
		b.counts[limit]--
	}
}
