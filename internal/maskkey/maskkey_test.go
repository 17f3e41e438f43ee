package maskkey

import (
	"testing"

	"github.com/hawser-ws/websocket/frame"
)

// "The masking key needs to be unpredictable; thus, the masking key MUST be derived from a
// strong source of entropy."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.3
func TestKeysAreFresh(t *testing.T) {
	const n = 2000 // several blocks
	seen := make(map[frame.Key]bool, n)
	var ones [32]int
	for range n {
		key := New()
		seen[key] = true
		for bit := range ones {
			ones[bit] += int(key >> bit & 1)
		}
	}
	if len(seen) < n-5 { // of 2,000 keys, two are the same in one run of 2,000
		t.Errorf("%d different keys of %d", len(seen), n)
	}
	for bit, count := range ones {
		if count < n/3 || count > 2*n/3 {
			t.Errorf("bit %d is set in %d of %d keys", bit, count, n)
		}
	}
}

func TestNewAllocatesNothing(t *testing.T) {
	New()
	if n := testing.AllocsPerRun(1000, func() { New() }); n > 0.5 {
		t.Errorf("%v allocations a key", n)
	}
}
