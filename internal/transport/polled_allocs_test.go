//go:build linux && !race

// The race detector makes sync.Pool forget at random, so this runs without it.

package transport

import (
	"io"
	"testing"
)

// A turn allocates nothing.
func TestPolledAllocates(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		near, far := pair(t, network)
		d := undriven(t, near)
		var b Buffer
		text, p := []byte("text"), make([]byte, 12)
		came := 0
		arrived := func() bool {
			came += b.Buffered()
			b.Consume(b.Buffered())
			return true
		}
		cycle := func() {
			_, err1 := far.Write(text)
			for came = 0; came < len(text); {
				d.Ready(Readable)
				if err := eachArrival(d, &b, arrived); err != ErrAgain {
					t.Fatal(err)
				}
			}
			_, err2 := d.TryFill(&b)
			n := d.TryWrite(text)
			_, err3 := d.Write(text, text)
			_, err4 := io.ReadFull(far, p)
			if err1 != nil || err2 != ErrAgain || n != len(text) || err3 != nil || err4 != nil {
				t.Fatal(err1, err2, n, err3, err4)
			}
		}
		cycle()
		if n := testing.AllocsPerRun(100, cycle); n != 0 {
			t.Errorf("%s: %v allocations", network, n)
		}
		if d.Driven.(*Polled).bells.Load() != nil {
			t.Errorf("%s: there are bells, and nobody has waited", network)
		}
	}
}
