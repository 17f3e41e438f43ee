//go:build !race

package inflate

import "testing"

// TestAllocs holds Inflate to allocating nothing, whatever it is given.
func TestAllocs(t *testing.T) {
	d := new(Decoder)
	out := make([]byte, 0, 1<<17)
	check := func(name string, stream, history []byte) {
		t.Helper()
		if n := testing.AllocsPerRun(5, func() {
			d.Reset(MaxWindow, history)
			for part := stream; len(part) > 0; {
				if _, used, err := d.Inflate(out, 0, part[:min(len(part), 70000)]); err != nil || used == 0 {
					break
				} else {
					part = part[used:]
				}
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	for _, s := range samples(t) {
		check(s.name, s.stream, s.history)
	}
	for _, f := range faults() {
		check(f.name, f.stream, f.history)
	}
}
