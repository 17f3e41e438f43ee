//go:build !race

package deflate

import "testing"

func TestAllocs(t *testing.T) {
	history, data := records(32<<10, 1), records(100<<10, 2)
	for level := 1; level <= 9; level++ {
		var e Encoder
		dst := make([]byte, 0, 2*len(data))
		if n := testing.AllocsPerRun(3, func() {
			e.Reset(15, level)
			e.Prime(history)
			dst = e.Flush(e.Append(dst[:0], data, 0))
			dst = e.Flush(e.Append(dst[:0], data, 30000))
		}); n != 0 {
			t.Errorf("level %d: %v allocations", level, n)
		}
	}
}
