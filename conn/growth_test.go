package conn

import (
	"bytes"
	"math"
	"testing"
)

// A header is believed for MaxPrealloc bytes, or for as much again as has arrived.
func TestGrow(t *testing.T) {
	for _, test := range []struct {
		have, n int
		left    uint64
		least   int
	}{
		{0, 1, 100, 100},
		{0, 1, math.MaxUint64 >> 1, MaxPrealloc},
		{MaxPrealloc, 1, math.MaxUint64 >> 1, MaxPrealloc},
		{4 * MaxPrealloc, 1, math.MaxUint64 >> 1, 4 * MaxPrealloc},
		{0, 2 * MaxPrealloc, math.MaxUint64 >> 1, 2 * MaxPrealloc},
	} {
		dst := make([]byte, test.have)
		got := Grow(dst, test.n, test.left)
		room := cap(got) - len(got)
		if len(got) != test.have || room < test.least || room > 2*test.least+test.have/2 {
			t.Errorf("%d bytes, need %d, %d left: room for %d, want about %d", test.have, test.n, test.left, room, test.least)
		}
	}
	full := make([]byte, 2, 12)
	if got := Grow(full, 10, math.MaxUint64>>1); cap(got) != 12 {
		t.Errorf("a destination with room has moved: %d", cap(got))
	}
}

// The room for output follows what has arrived and what there is, and ends above the limit.
func TestGrowInflated(t *testing.T) {
	for _, test := range []struct {
		before, have, arrived int // before: bytes of the caller's
		limit                 int64
		want                  int
	}{
		{0, 0, 0, 0, inflateRoom},
		{0, 0, 1000, 0, 4000},
		{0, 9000, 1000, 0, 9000},
		{80_000, 0, 1000, 0, 20_000},
		{0, 9000, 0, 10_000, 1000 + inflateRoom},
		{0, 9000, 0, 9000 + 9000, 9000 + inflateRoom},
		{0, 9000, 0, 100_000, 9000},
		{0, 9000, 0, 100, 9000}, // the limit is passed: the Decoder says so
		{0, 9000, 0, math.MaxInt64, 9000},
		{0, 0, 0, EmptyOnly, inflateRoom},
	} {
		dst := bytes.Repeat([]byte("x"), test.before+test.have)
		got := GrowInflated(dst, test.have, test.arrived, test.limit)
		if room := cap(got) - len(got); !bytes.Equal(got, dst) || room != test.want {
			t.Errorf("%+v: room for %d", test, room)
		}
	}
}

// An InflateBuffer keeps the window of what was taken, and no more memory than two of them.
func TestInflateBuffer(t *testing.T) {
	const window = 1 << 15
	var (
		o        InflateBuffer
		all, got []byte
		p        = make([]byte, 3000)
		next     byte
	)
	for range 2 {
		if !o.Empty() {
			t.Fatal("not empty")
		}
		for len(all) < 10*window {
			o.MakeRoom(window)
			if room := cap(o.Bytes) - len(o.Bytes); room < inflateRoom || cap(o.Bytes) != outputSize {
				t.Fatalf("room for %d of %d", room, cap(o.Bytes))
			}
			if kept := o.Bytes; !bytes.HasSuffix(all, kept) || len(kept) < min(window, len(all)) {
				t.Fatalf("after %d bytes %d are kept", len(all), len(kept))
			}
			for len(o.Bytes) < cap(o.Bytes) {
				o.Bytes = append(o.Bytes, next)
				all = append(all, next)
				next = next*5 + 3
			}
			for !o.Empty() {
				got = append(got, p[:o.Take(p)]...)
			}
			if !bytes.Equal(got, all) {
				t.Fatal("not what was put in")
			}
		}
		o.Reset()
		all, got = all[:0], got[:0]
	}

	o.Adopt(all[:cap(all)][:3*window])
	if !o.Empty() || len(o.Bytes) != window {
		t.Errorf("%d bytes of a longer message were adopted, want its last window", len(o.Bytes))
	}
}
