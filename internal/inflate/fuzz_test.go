package inflate

import (
	"bytes"
	"testing"
)

// FuzzInflate takes a stream, what precedes it, a window, and the sizes of the
// pieces of input and of the room for output, which are used in turn.
func FuzzInflate(f *testing.F) {
	sizes := [][]byte{{}, {1}, {1, 255, 7, 0, 30}, {200}, {16, 17, 1}}
	n := 0
	seed := func(stream, history []byte) {
		if len(stream) < 3000 {
			f.Add(stream, history, uint8(8+n%8), sizes[n%5], sizes[n/5%5])
			n++
		}
	}
	for _, s := range samples(f) {
		seed(s.stream, s.history)
	}
	for _, s := range faults() {
		seed(s.stream, s.history)
	}
	f.Fuzz(func(t *testing.T, stream, history []byte, windowBits uint8, cuts, rooms []byte) {
		if len(stream) > 1<<12 || len(history) > 1<<16 {
			return
		}
		whole, err := feedSliding(t, fresh(MaxWindow, history), MaxWindow, stream, fixedly(1<<20), fixedly(1<<16))
		agree(t, stream, history, whole, err)

		// Cut into pieces the stream is the same. Pieces and rooms of no bytes
		// stand for more than there is.
		turn := func(sizes []byte, least int) func() int {
			i := 0
			return func() int {
				i++
				if len(sizes) == 0 || sizes[i%len(sizes)] == 0 {
					return 1 << 14
				}
				return max(least, int(sizes[i%len(sizes)]))
			}
		}
		least := 1 + len(whole)/64 // the test itself copies the output each time
		got, gotErr := feedSliding(t, fresh(MaxWindow, history), MaxWindow, stream, turn(cuts, 1+len(stream)/64), turn(rooms, least))
		if !bytes.Equal(got, whole) || gotErr != err {
			t.Fatalf("in pieces: %d bytes and %v, want %d and %v", len(got), gotErr, len(whole), err)
		}

		// A smaller window may end it earlier, at a distance beyond.
		window := 1 << (8 + windowBits&7)
		d := fresh(window, history)
		got, gotErr = feedSliding(t, d, window, stream, turn(cuts, 1+len(stream)/64), turn(rooms, least))
		switch {
		case gotErr == ErrBeyondWindow:
			if !bytes.HasPrefix(whole, got) {
				t.Fatal("different output with a window")
			}
			if d.distance <= window {
				t.Fatalf("distance %d refused in a window of %d", d.distance, window)
			}
		case !bytes.Equal(got, whole) || gotErr != err:
			t.Fatalf("with a window: %d bytes and %v, want %d and %v", len(got), gotErr, len(whole), err)
		}
	})
}
