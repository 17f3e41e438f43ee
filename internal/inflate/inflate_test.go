package inflate

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestWhole(t *testing.T) {
	for _, s := range samples(t) {
		d := fresh(MaxWindow, s.history)
		got, err := feed(t, d, s.stream, fixedly(1<<30), fixedly(1<<17))
		if err != nil {
			t.Fatal(s.name, err)
		}
		if !d.AtBoundary() {
			t.Errorf("%s: not at a boundary", s.name)
		}
		agree(t, s.stream, s.history, got, err)
	}
}

// TestSplits cuts small streams at any two places, and gives out the result in
// pieces of every small size.
func TestSplits(t *testing.T) {
	d := new(Decoder)
	for _, s := range samples(t) {
		if len(s.stream) > 130 {
			continue
		}
		want, _, _ := oracle(s.stream, s.history)
		for i := 0; i <= len(s.stream); i++ {
			for j := i; j <= len(s.stream); j++ {
				parts := []int{i, j - i, 1 << 20}
				for _, room := range []int{1, 2, 3, 258, 1000} {
					if room < 258 && (i+j)%5 != 0 {
						continue
					}
					d.Reset(MaxWindow, s.history)
					var out []byte
					rest := s.stream
					for _, n := range parts {
						in := rest[:min(n, len(rest))]
						rest = rest[len(in):]
						for {
							buf := make([]byte, len(out), len(out)+room)
							copy(buf, out)
							got, used, err := d.Inflate(buf, 0, in)
							if err != nil {
								t.Fatal(s.name, i, j, room, err)
							}
							out, in = got, in[used:]
							if len(got) < cap(buf) {
								break
							}
						}
						if len(in) != 0 {
							t.Fatal(s.name, i, j, room, "input left")
						}
					}
					if !bytes.Equal(out, want) || !d.AtBoundary() {
						t.Fatalf("%s: cut at %d and %d, room %d: %d bytes, want %d", s.name, i, j, room, len(out), len(want))
					}
				}
			}
		}
	}
}

// TestSteps feeds streams in equal pieces and with equal room.
func TestSteps(t *testing.T) {
	d := new(Decoder)
	for _, s := range samples(t) {
		if len(s.stream) > 1000 {
			continue
		}
		want, _, _ := oracle(s.stream, s.history)
		for _, cut := range []int{1, 2, 7, 8, 9, 17, 300, 1 << 20} {
			for _, room := range []int{1, 2, 7, 16, 277, 278, 500, 1 << 16} {
				d.Reset(MaxWindow, s.history)
				got, err := feed(t, d, s.stream, fixedly(cut), fixedly(room))
				if err != nil || !bytes.Equal(got, want) || !d.AtBoundary() {
					t.Fatalf("%s: cut %d, room %d: %d bytes, want %d; error %v", s.name, cut, room, len(got), len(want), err)
				}
			}
		}
	}
}

// TestRandomly cuts large streams at random and lets the output slide.
func TestRandomly(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	d := new(Decoder)
	for _, s := range samples(t) {
		want, _, _ := oracle(s.stream, s.history)
		for range 3 {
			most := 1 + r.IntN(1+r.IntN(20000))
			room := 1000 + r.IntN(1+r.IntN(20000))
			d.Reset(MaxWindow, s.history)
			got, err := feedSliding(t, d, MaxWindow, s.stream,
				func() int { return r.IntN(most + 1) }, func() int { return 1 + r.IntN(room) })
			if err != nil || !bytes.Equal(got, want) || !d.AtBoundary() {
				t.Fatalf("%s: pieces up to %d: %d bytes, want %d; error %v", s.name, most, len(got), len(want), err)
			}
		}
	}
}

// TestBoundary follows the end of a message (RFC 7692 §7.2.2): without the four
// bytes that the sender left out it is not at a boundary, with them it is.
func TestBoundary(t *testing.T) {
	d := fresh(MaxWindow, nil)
	if !d.AtBoundary() {
		t.Error("not at a boundary before any input")
	}
	out := make([]byte, 0, 100)
	for range 3 {
		var used int
		var err error
		for _, in := range [][]byte{{0xf2, 0x48, 0xcd, 0xc9}, {0xc9, 0x07, 0x00}} {
			if out, used, err = d.Inflate(out, 0, in); err != nil || used != len(in) || d.AtBoundary() {
				t.Fatal(used, err, d.AtBoundary())
			}
		}
		if out, used, err = d.Inflate(out, 0, []byte{0, 0, 0xff, 0xff}); err != nil || used != 4 || !d.AtBoundary() {
			t.Fatal(used, err, d.AtBoundary())
		}
	}
	if string(out) != "HelloHelloHello" {
		t.Errorf("%q", out)
	}
	// With no room left, what needs none is still decoded.
	d.Reset(MaxWindow, nil)
	out, _, _ = d.Inflate(make([]byte, 0, 5), 0, []byte{0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0, 0, 0xff, 0xff})
	if string(out) != "Hello" || !d.AtBoundary() {
		t.Errorf("%q, at boundary %t", out, d.AtBoundary())
	}
}

func TestZeroWindow(t *testing.T) {
	d := fresh(0, []byte("abc"))
	got, err := feed(t, d, new(bitWriter).number(0b010, 3).fixedLiteral('a').fixedLiteral(257).code(0, 5).number(0, 20).b, fixedly(1), fixedly(9))
	if string(got) != "a" || err != ErrBeyondWindow {
		t.Errorf("%q, %v", got, err)
	}
	d.Reset(0, nil)
	if d.history != nil {
		t.Error("the history is still held")
	}
}
