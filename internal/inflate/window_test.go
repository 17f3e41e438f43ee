package inflate

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// reach writes a fixed block with one match of length bytes at a distance, and
// enough literals behind it for the fast way.
func reach(w *bitWriter, distance, length int) *bitWriter {
	w.number(0b010, 3)
	s, _ := slices.BinarySearchFunc(literalMeaning[257:285], length, func(e entry, length int) int {
		return int(e>>valueAt) - length - 1
	})
	w.fixedLiteral(uint(256+s)).number(uint(length)-uint(literalMeaning[256+s]>>valueAt), uint(literalMeaning[256+s]&total))
	s, _ = slices.BinarySearchFunc(distanceMeaning[:30], distance, func(e entry, distance int) int {
		return int(e>>valueAt) - distance - 1
	})
	w.code(uint(s-1), 5).number(uint(distance)-uint(distanceMeaning[s-1]>>valueAt), uint(distanceMeaning[s-1]&total))
	for range 20 {
		w.fixedLiteral('z')
	}
	return w.fixedLiteral(256).stored(0)
}

// pattern returns n bytes that differ from their neighbours.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	return b
}

// TestWindow reaches exactly as far back as each window allows, and one byte
// farther: into history, into what the stream has produced, and across both.
func TestWindow(t *testing.T) {
	d := new(Decoder)
	for bits := 8; bits <= 15; bits++ {
		window := 1 << bits
		for _, produced := range []int{0, 1, window - 1, window, window + 1} {
			for _, past := range []int{0, 1, window - 1, window, window + 1} {
				stream := new(bitWriter)
				for left := pattern(produced); len(left) > 0; {
					n := min(len(left), 20000)
					stream.stored(0, left[:n]...)
					left = left[n:]
				}
				history := pattern(past)
				before := append(bytes.Clone(history), pattern(produced)...)
				for _, distance := range []int{1, window - 1, window, window + 1} {
					if distance > MaxWindow {
						continue
					}
					w := &bitWriter{b: bytes.Clone(stream.b)}
					reach(w, distance, 50)
					for _, room := range []int{60 + produced/4, 1 << 17} {
						d.Reset(window, history)
						got, err := feed(t, d, w.b, fixedly(1<<20), fixedly(room))
						want := error(nil)
						if distance > len(before) {
							want = ErrBeforeStart
						}
						if distance > window {
							want = ErrBeyondWindow
						}
						if err != want {
							t.Fatalf("window %d, %d produced, %d before, distance %d, room %d: %v, want %v",
								window, produced, past, distance, room, err, want)
						}
						if err != nil {
							continue
						}
						all := append(bytes.Clone(before), got[produced:produced+50]...)
						for i := len(before); i < len(all); i++ {
							if all[i] != all[i-distance] {
								t.Fatalf("window %d, %d produced, %d before, distance %d: byte %d is %d, want %d",
									window, produced, past, distance, i-len(before), all[i], all[i-distance])
							}
						}
					}
				}
			}
		}
	}
}

// TestMatches compares every short distance and many lengths with a copy byte
// by byte, with the match beginning in history or in what was produced.
func TestMatches(t *testing.T) {
	for distance := 1; distance < 40; distance++ {
		for length := 3; length <= 258; length += 1 + length/10 {
			for produced := 0; produced < 45; produced += 1 + produced/9 {
				w := new(bitWriter).stored(0, pattern(produced)...)
				reach(w, distance, length)
				want := pattern(40)[produced*40/45:]
				history := bytes.Clone(want)
				if produced+len(history) < distance {
					continue
				}
				want = append(want, pattern(produced)...)
				for range length {
					want = append(want, want[len(want)-distance])
				}
				want = append(want, bytes.Repeat([]byte{'z'}, 20)...)
				for _, room := range []int{41, 1000} {
					got, err := feed(t, fresh(MaxWindow, history), w.b, fixedly(1<<20), fixedly(room))
					if err != nil || !bytes.Equal(got, want[len(history):]) {
						t.Fatalf("distance %d, length %d, %d produced: %v\n got %q\nwant %q", distance, length, produced, err, got, want[len(history):])
					}
				}
			}
		}
	}
}

// TestSlide lets the output slide with each window, which makes every stream of
// that window decodable, and checks that history is not needed then.
func TestSlide(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for bits := 8; bits <= 15; bits++ {
		window := 1 << bits
		history := pattern(window)
		want := bytes.Clone(history)
		stream := new(bitWriter)
		for range 400 {
			distance, length := 1+r.IntN(window), 3+r.IntN(256)
			reach(stream, distance, length)
			for range length {
				want = append(want, want[len(want)-distance])
			}
			want = append(want, bytes.Repeat([]byte{'z'}, 20)...)
		}
		for _, room := range []int{1 + window/64, 3000} {
			d := fresh(window, history)
			got, err := feedSliding(t, d, window, stream.b, fixedly(1<<20), fixedly(room))
			if err != nil || !bytes.Equal(got, want[window:]) || !d.AtBoundary() {
				t.Fatalf("window %d, room %d: %v", window, room, err)
			}
			if len(d.history) != 0 {
				t.Fatal("history is still held")
			}
		}
	}
}
