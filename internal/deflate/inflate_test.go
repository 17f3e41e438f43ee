package deflate

import "fmt"

// inflater decodes DEFLATE slowly, as RFC 1951 reads. It knows only the bytes it was given, so that it fails if a
// distance reaches beyond them, and notes the greatest distance.
type inflater struct {
	in       []byte
	at       int // bits
	out      []byte
	farthest int
	kinds    [3]int // blocks, by BTYPE
}

func (f *inflater) take(n int) int {
	v := 0
	for i := range n {
		if f.at >= 8*len(f.in) {
			panic("the input ends within a block")
		}
		v |= int(f.in[f.at/8]>>(f.at%8)&1) << i
		f.at++
	}
	return v
}

// prefix is a Huffman code: how many codes of each length, and their symbols in the order of the codes.
type prefix struct {
	counts  [16]int
	symbols []int
}

func newPrefix(lengths []int) *prefix {
	var p prefix
	room := 1 << 15
	for n := 1; n <= 15; n++ {
		for symbol, l := range lengths {
			if l == n {
				p.counts[n]++
				p.symbols = append(p.symbols, symbol)
				room -= 1 << (15 - n)
			}
		}
	}
	if room != 0 {
		panic("a code that is not complete")
	}
	return &p
}

func (f *inflater) symbol(p *prefix) int {
	v, first, before := 0, 0, 0
	for n := 1; n <= 15; n++ {
		v = v<<1 | f.take(1)
		first <<= 1
		if v-first < p.counts[n] {
			return p.symbols[before+v-first]
		}
		first += p.counts[n]
		before += p.counts[n]
	}
	panic("no such code")
}

// blocks decodes to the end of the input, where an empty stored block must be, the only one of its kind.
func (f *inflater) blocks() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("at bit %d, byte %d: %v", f.at, len(f.out), v)
		}
	}()
	empty := false
	for f.at < 8*len(f.in) {
		if empty {
			panic("an empty block")
		}
		if f.take(1) != 0 {
			panic("BFINAL")
		}
		before := len(f.out)
		kind := f.take(2)
		switch kind {
		case 0:
			f.stored()
		case 1:
			f.compressed(fixedPrefixes())
		case 2:
			f.compressed(f.prefixes())
		default:
			panic("BTYPE")
		}
		f.kinds[kind]++
		empty = len(f.out) == before
	}
	if !empty {
		panic("no empty block at the end")
	}
	return nil
}

func (f *inflater) stored() {
	f.at = (f.at + 7) &^ 7
	n := f.take(16)
	if f.take(16) != 0xffff-n {
		panic("NLEN")
	}
	for range n {
		f.out = append(f.out, byte(f.take(8)))
	}
}

func fixedPrefixes() (literals, distances *prefix) {
	var l [288]int
	for i := range l {
		switch {
		case i < 144, i >= 280:
			l[i] = 8
		case i < 256:
			l[i] = 9
		default:
			l[i] = 7
		}
	}
	var d [32]int
	for i := range d {
		d[i] = 5
	}
	return newPrefix(l[:]), newPrefix(d[:])
}

func (f *inflater) prefixes() (literals, distances *prefix) {
	nl, nd, nc := f.take(5)+257, f.take(5)+1, f.take(4)+4
	if nl > 286 || nd > 30 {
		panic("too many codes")
	}
	order := []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	var cl [19]int
	for _, s := range order[:nc] {
		cl[s] = f.take(3)
	}
	p := newPrefix(cl[:])
	var lengths []int
	for len(lengths) < nl+nd {
		s, n := f.symbol(p), 1
		switch s {
		case 16:
			s, n = lengths[len(lengths)-1], 3+f.take(2)
		case 17:
			s, n = 0, 3+f.take(3)
		case 18:
			s, n = 0, 11+f.take(7)
		}
		for range n {
			lengths = append(lengths, s)
		}
	}
	if len(lengths) != nl+nd {
		panic("a run beyond the last length")
	}
	return newPrefix(lengths[:nl]), newPrefix(lengths[nl:])
}

func (f *inflater) compressed(literals, distances *prefix) {
	for {
		s := f.symbol(literals)
		if s == 256 {
			return
		}
		if s < 256 {
			f.out = append(f.out, byte(s))
			continue
		}
		length := 258
		if s < 285 {
			length = 3
			for k := 257; k < s; k++ {
				length += 1 << max(0, (k-261)/4)
			}
			length += f.take(max(0, (s-261)/4))
		}
		s = f.symbol(distances)
		distance := 1
		for k := range s {
			distance += 1 << max(0, (k-2)/2)
		}
		distance += f.take(max(0, (s-2)/2))
		f.farthest = max(f.farthest, distance)
		if distance > len(f.out) {
			panic(fmt.Sprintf("distance %d", distance))
		}
		for range length {
			f.out = append(f.out, f.out[len(f.out)-distance])
		}
	}
}
