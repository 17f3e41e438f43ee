package autobahn

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	klauspost "github.com/klauspost/compress/flate"
)

// A compressor is a writer of other hands, and the window that it keeps to.
type compressor struct {
	name       string
	windowBits int
	io.Writer
	flush func() error
}

// compressors write to w.
func compressors(w io.Writer) (all []compressor) {
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		s, _ := flate.NewWriter(w, level)
		k, _ := klauspost.NewWriter(w, level)
		all = append(all,
			compressor{fmt.Sprintf("standard library, level %d", level), 15, s, s.Flush},
			compressor{fmt.Sprintf("klauspost, level %d", level), 15, k, k.Flush})
	}
	for bits := 8; bits <= 15; bits++ {
		k, _ := klauspost.NewWriterWindow(w, 1<<bits)
		all = append(all, compressor{fmt.Sprintf("klauspost, window of %d bits", bits), bits, k, k.Flush})
	}
	return all
}

func random(n int) []byte {
	r, p := splitmix(n), make([]byte, n)
	for i := range p {
		p[i] = byte(r.next())
	}
	return p
}

func TestInflateWhatOthersCompress(t *testing.T) {
	data := [][]byte{
		jsonCorpus().octets, proseCorpus().octets[:100_000], imageCorpus().octets[:100_000],
		random(70_000), make([]byte, 70_000), bytes.Repeat([]byte("abc"), 30_000),
	}
	var sent bytes.Buffer
	for _, c := range compressors(&sent) {
		t.Run(c.name, func(t *testing.T) {
			// One connection, on which everything is sent.
			f, got := newInflater(c.windowBits, true), []byte(nil)
			for what, p := range data {
				for n := 1; len(p) > 0; n = n*3%70_001 + 1 {
					n = min(n, len(p))
					sent.Reset()
					_, _ = c.Write(p[:n])
					_ = c.flush()
					payload := bytes.TrimSuffix(sent.Bytes(), []byte("\x00\x00\xFF\xFF"))
					var err error
					got, err = f.message(append(got[:0], "before"...), payload, n)
					if err != nil || string(got[:6]) != "before" || !bytes.Equal(got[6:], p[:n]) {
						t.Fatalf("data %d, message of %d octets: %d octets, %v", what, n, len(got)-6, err)
					}
					p = p[n:]
				}
			}
			if f.reach() > 1<<c.windowBits {
				t.Errorf("reaches back %d octets", f.reach())
			}
		})
	}
}

// A distance beyond the agreed window is refused wherever it comes from, and no
// other one is.
func TestInflateWindow(t *testing.T) {
	past := random(40_000)
	for bits := 8; bits <= 15; bits++ {
		window := 1 << bits
		for _, distance := range []int{1, 2, 100, 255, 256, 257, window - 1, window, window + 1, 32768} {
			if distance > 32768 {
				continue
			}
			// In the message, and in the one before; at the end of the input,
			// where symbols are read one by one, and far from it.
			for _, tail := range []int{0, 100} {
				block := func() *blocks {
					return new(blocks).fixed(false).match(10, distance).literals(make([]byte, tail)).end().flush()
				}
				inside := new(blocks).stored(past, false).payload()
				f := newInflater(bits, false)
				_, err := f.message(nil, append(inside, block().payload()...), -1)
				verdict(t, f, err, distance, window)

				f = newInflater(bits, true)
				if _, err := f.message(nil, new(blocks).stored(past, false).flush().payload(), -1); err != nil {
					t.Fatal(err)
				}
				got, err := f.message(nil, block().payload(), -1)
				verdict(t, f, err, distance, window)
				if n := min(10, distance); err == nil && !bytes.Equal(got[:n], past[len(past)-distance:][:n]) {
					t.Errorf("window of %d: distance %d refers to something else", window, distance)
				}
			}
		}
	}
}

func verdict(t *testing.T, f *inflater, err error, distance, window int) {
	t.Helper()
	var beyond *windowError
	switch {
	case distance <= window && (err != nil || f.reach() != distance):
		t.Errorf("window of %d: distance %d: %v, reach %d", window, distance, err, f.reach())
	case distance > window && (!errors.As(err, &beyond) || *beyond != windowError{distance, window}):
		t.Errorf("window of %d: distance %d: %v", window, distance, err)
	}
}

// Without takeover a message that refers to the one before is refused.
func TestInflateTakeover(t *testing.T) {
	first := new(blocks).fixed(false).literals([]byte("Hello")).end().flush().payload()
	again := []byte{0xF2, 0x00, 0x11, 0x00, 0x00} // RFC 7692 §7.2.3.2
	for _, takeover := range []bool{true, false} {
		f := newInflater(8, takeover)
		for i, p := range [][]byte{first, {0x00}, again} {
			got, err := f.message(nil, p, -1)
			switch {
			case i == 2 && !takeover:
				if err == nil || !strings.Contains(err.Error(), "no context takeover") {
					t.Errorf("without takeover: %q, %v", got, err)
				}
			case err != nil || string(got) != []string{"Hello", "", "Hello"}[i]:
				t.Errorf("takeover %t, message %d: %q, %v", takeover, i, got, err)
			}
		}
	}
}

// A message across whose start and end back-references reach, many times over.
func TestInflateLongHistory(t *testing.T) {
	for _, bits := range []int{8, 9, 15} {
		f, all := newInflater(bits, true), random(1<<bits)
		if _, err := f.message(nil, new(blocks).stored(all, false).flush().payload(), -1); err != nil {
			t.Fatal(err)
		}
		r := splitmix(3)
		for range 2000 {
			head, b := len(all), new(blocks).fixed(false)
			for range 1 + r.below(20) {
				length, distance := 3+r.below(256), 1+r.below(1<<bits)
				b.match(length, distance)
				for range length {
					all = append(all, all[len(all)-distance])
				}
			}
			got, err := f.message(nil, b.end().flush().payload(), -1)
			if err != nil || !bytes.Equal(got, all[head:]) {
				t.Fatalf("window of %d bits: %v", bits, err)
			}
		}
	}
}

func TestInflateLimit(t *testing.T) {
	for _, n := range []int{0, 1, 600, 5000, 1 << 20} {
		for _, p := range [][]byte{bomb(n), new(blocks).stored(make([]byte, n), false).flush().payload()} {
			for _, limit := range []int{0, 1, 599, 600, 4999, 5000, 1<<20 - 1, 1 << 20} {
				got, err := newInflater(15, true).message([]byte("before"), p, limit)
				if want := min(n, limit); len(got)-6 != want {
					t.Errorf("%d octets with a limit of %d: %d", n, limit, len(got)-6)
				}
				if (err == nil) != (n <= limit) || err != nil && err != errInflateLimit {
					t.Errorf("%d octets with a limit of %d: %v", n, limit, err)
				}
				if cap(got) > 2*limit+4096 {
					t.Errorf("%d octets with a limit of %d: room for %d", n, limit, cap(got))
				}
			}
		}
	}
}

func BenchmarkInflate(b *testing.B) {
	for _, c := range []*corpus{jsonCorpus(), proseCorpus(), htmlCorpus(), imageCorpus(), documentCorpus()} {
		var sent bytes.Buffer
		w, _ := klauspost.NewWriter(&sent, 6)
		_, _ = w.Write(c.octets)
		_ = w.Flush()
		payload := bytes.Clone(sent.Bytes()[:sent.Len()-4])
		b.Run(c.name+"/own", func(b *testing.B) {
			b.SetBytes(int64(len(c.octets)))
			f, out := newInflater(15, true), []byte(nil)
			for b.Loop() {
				out, _ = f.message(out[:0], payload, -1)
			}
		})
		out := make([]byte, len(c.octets))
		for name, r := range map[string]io.Reader{"standard": flate.NewReader(nil), "klauspost": klauspost.NewReader(nil)} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(c.octets)))
				for b.Loop() {
					_ = r.(flate.Resetter).Reset(bytes.NewReader(sent.Bytes()), nil)
					_, _ = io.ReadFull(r, out)
				}
			})
		}
	}
}
