package conn

import (
	"bytes"
	"testing"
)

// A window holds the last bytes of what it was given, and no more memory than
// agreed on.
func TestWindow(t *testing.T) {
	const size = 256
	for _, pieces := range [][]int{
		{0}, {1}, {31, 1}, {32, 1}, {33}, {255, 1, 1}, {256}, {257}, {1000}, {100, 1000}, {200, 100, 100, 56, 0, 256, 3},
	} {
		var w window
		var all []byte
		for i, n := range pieces {
			p := bytes.Repeat([]byte{byte(i + 1)}, n)
			all = append(all, p...)
			w.slide(p, size)
			if want := all[max(0, len(all)-size):]; !bytes.Equal(w, want) {
				t.Fatalf("%v, piece %d: % x, want % x", pieces, i, []byte(w), want)
			}
			if cap(w) > size || len(all) <= size/8 && cap(w) > size/8 {
				t.Errorf("%v, piece %d: %d bytes in memory of %d", pieces, i, len(w), cap(w))
			}
		}
	}
}
