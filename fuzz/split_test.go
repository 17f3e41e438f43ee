package fuzz_test

import "iter"

// cut yields p in pieces of the sizes in cuts, the last of which is all that is left.
// Pieces of no bytes are among them.
func cut(p, cuts []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, c := range cuts {
			n := min(int(c), len(p))
			if !yield(p[:n:n]) {
				return
			}
			p = p[n:]
		}
		yield(p)
	}
}

// someCuts are cuts that seeds begin with.
var someCuts = [][]byte{{}, {1}, {1, 1, 1, 1, 1, 1, 1, 1}, {0, 2, 0, 5, 13}, {64, 1, 255, 3}, {31, 33}}
