package deflate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

const all = 1 << 30 // of what precedes

// kinds of data, for lengths to cut from.
func kinds(n int) map[string][]byte {
	return map[string][]byte{
		"records": records(n, 1), "prose": prose(n, 1), "noise": noise(n, 1), "zeros": make([]byte, n),
		"period 3": periodic(n, 3), "mixed": mixed(n, 1),
	}
}

// TestShort has every length up to 300, for every level, each followed by the same again.
func TestShort(t *testing.T) {
	var e Encoder
	for name, data := range kinds(300) {
		for _, windowBits := range []int{8, 9, 15} {
			for level := 1; level <= 9; level++ {
				step := 1
				if level > 1 && level != 4 && windowBits > 8 {
					step = 17 // they share their code with others
				}
				for n := 0; n <= len(data); n += step {
					s := newStream(t, &e, windowBits, level, nil)
					s.message(all, data[:n])
					s.message(all, data[:n])
					if n%50 == 0 {
						s.end()
					}
					if t.Failed() {
						t.Fatal(name, windowBits, level, n)
					}
				}
			}
		}
	}
}

// TestLong has every window and level on messages up to some blocks long, primed and not, in one part and in several.
func TestLong(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var e Encoder
	for windowBits := 8; windowBits <= 15; windowBits++ {
		for level := 1; level <= 9; level++ {
			for name, data := range kinds(20000 + r.IntN(20000)) {
				var history []byte
				if r.IntN(2) == 0 {
					history, data = data[:r.IntN(len(data))], data[r.IntN(len(data)):]
				}
				s := newStream(t, &e, windowBits, level, history)
				for len(data) > 0 {
					var parts [][]byte
					for range 1 + r.IntN(3) {
						n := r.IntN(1 << r.IntN(16))
						n = min(n, len(data))
						parts = append(parts, data[:n])
						data = data[n:]
					}
					keep := all
					if r.IntN(4) == 0 {
						keep = r.IntN(2000)
					}
					s.message(keep, parts...)
				}
				s.end()
				if t.Failed() {
					t.Fatal(name, windowBits, level)
				}
			}
		}
	}
}

// TestManyBlocks has a message of several blocks of each kind of data.
func TestManyBlocks(t *testing.T) {
	var e Encoder
	for name, data := range kinds(200_000) {
		for _, level := range []int{1, 2, 3, 5, 8} {
			t.Run(fmt.Sprint(name, level), func(t *testing.T) {
				s := newStream(t, &e, 15, level, nil)
				s.message(all, data)
				s.end()
			})
		}
	}
}

// TestPeriods repeats what is just in reach, and just not.
func TestPeriods(t *testing.T) {
	var e Encoder
	for windowBits := 8; windowBits <= 15; windowBits++ {
		window := 1 << windowBits
		for _, period := range []int{1, 2, 3, 4, 5, 7, 8, 9, 257, 258, 259, window - 1, window, window + 1} {
			data := periodic(3*max(period, 300), period)
			for _, level := range []int{1, 4, 9} {
				s := newStream(t, &e, windowBits, level, nil)
				n := s.message(all, data[:period])
				n += s.message(all, data[period:])
				s.end()
				if found := n < 2*period+period/2+200; found != (period <= window) && period > 200 {
					t.Errorf("level %d, window %d, period %d: %d bytes became %d", level, window, period, len(data), n)
				}
			}
		}
	}
}

// TestEmpty: RFC 7692 section 7.2.3.6 has the single byte 00 for an empty message.
func TestEmpty(t *testing.T) {
	var e Encoder
	e.Reset(15, 1)
	for range 3 {
		out := e.Append([]byte{7}, nil, 0)
		out = e.Flush(out)
		if want := []byte{7, 0, 0, 0, 0xff, 0xff}; !bytes.Equal(out, want) {
			t.Fatalf("% x, want % x", out, want)
		}
	}
}

// TestPositions lets positions reach their end, in the middle of a stream and between two.
func TestPositions(t *testing.T) {
	data := records(150_000, 3)
	for _, level := range []int{1, 6} {
		var e, fresh Encoder
		s := newStream(t, &e, 15, level, nil)
		s.message(all, data[:20_000])
		// As if much had gone before.
		shift := uint32(maxPosition) - 1000 - e.pos
		e.pos += shift
		e.indexed += shift
		for i := range e.head {
			e.head[i] += shift
		}
		if e.prev != nil {
			last := bytes.Clone(data[:20_000])
			e.index(last)
		}
		s.message(all, data[20_000:40_000])
		if e.pos < maxPosition {
			t.Fatal("positions are not where the test wants them")
		}
		n := s.message(all, data[20_000:40_000])
		if n > 1000 {
			t.Errorf("level %d: after a restart the same bytes became %d", level, n)
		}
		s.end()

		s = newStream(t, &e, 15, level, data[:5000])
		n = s.message(all, data[5000:])
		s.end()
		if m := newStream(t, &fresh, 15, level, data[:5000]).message(all, data[5000:]); m != n {
			t.Errorf("level %d: %d bytes from a used Encoder, %d from a fresh one", level, n, m)
		}
	}
}

// TestReset: what one stream had must not show in the next.
func TestReset(t *testing.T) {
	var used Encoder
	for i := range 200 {
		data := mixed(1+i*37, uint64(i))
		windowBits, level := 8+i%8, 1+i%9
		var fresh Encoder
		want := newStream(t, &fresh, windowBits, level, data[:i])
		want.message(all, data[i:])
		got := newStream(t, &used, windowBits, level, data[:i])
		got.message(all, data[i:])
		if !bytes.Equal(got.sent, want.sent) {
			t.Fatalf("stream %d differs from that of a fresh Encoder", i)
		}
	}
}

// TestKinds: each kind of block where it is the smallest.
func TestKinds(t *testing.T) {
	for _, test := range []struct {
		data []byte
		kind int
	}{
		{noise(1000, 9), 0}, {[]byte("Hello"), 1}, {records(1000, 9), 2},
	} {
		s := newStream(t, new(Encoder), 15, 1, nil)
		s.message(all, test.data)
		if s.kinds[test.kind] < 1+max(0, 1-test.kind) {
			t.Errorf("blocks %v for % .10q", s.kinds, test.data)
		}
	}
}

// TestLimits: arguments outside their ranges.
func TestLimits(t *testing.T) {
	data := records(40_000, 1)
	for _, test := range [][4]int{{0, 0, 8, 1}, {7, -1, 8, 1}, {99, 99, 15, 9}} {
		a := newStream(t, new(Encoder), test[2], test[3], nil)
		a.message(all, data)
		var e Encoder
		e.Reset(test[0], test[1])
		if out := e.Flush(e.Append(nil, data, 0)); !bytes.Equal(out, a.sent) {
			t.Errorf("Reset(%d, %d) is not Reset(%d, %d)", test[0], test[1], test[2], test[3])
		}
	}
}
