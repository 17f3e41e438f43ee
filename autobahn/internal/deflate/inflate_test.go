package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	klauspost "github.com/klauspost/compress/flate"

	"github.com/hawser-ws/websocket/autobahn/internal/corpus"
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
	r, p := rand.New(rand.NewPCG(uint64(n), 0)), make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint64())
	}
	return p
}

func TestInflateWhatOthersCompress(t *testing.T) {
	data := [][]byte{
		corpus.JSON().Data, corpus.Prose().Data[:100_000], corpus.Image().Data[:100_000],
		random(70_000), make([]byte, 70_000), bytes.Repeat([]byte("abc"), 30_000),
	}
	var sent bytes.Buffer
	for _, c := range compressors(&sent) {
		t.Run(c.name, func(t *testing.T) {
			// One connection, on which everything is sent.
			f, got := NewInflater(c.windowBits, true), []byte(nil)
			for what, p := range data {
				for n := 1; len(p) > 0; n = n*3%70_001 + 1 {
					n = min(n, len(p))
					sent.Reset()
					_, _ = c.Write(p[:n])
					_ = c.flush()
					payload := bytes.TrimSuffix(sent.Bytes(), []byte("\x00\x00\xFF\xFF"))
					var err error
					got, err = f.Message(append(got[:0], "before"...), payload, n)
					if err != nil || string(got[:6]) != "before" || !bytes.Equal(got[6:], p[:n]) {
						t.Fatalf("data %d, message of %d bytes: %d bytes, %v", what, n, len(got)-6, err)
					}
					p = p[n:]
				}
			}
			if f.Reach() > 1<<c.windowBits {
				t.Errorf("reaches back %d bytes", f.Reach())
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
				block := func() *Blocks {
					return new(Blocks).Fixed(false).Match(10, distance).Literals(make([]byte, tail)).End().Flush()
				}
				inside := new(Blocks).Stored(past, false).Payload()
				f := NewInflater(bits, false)
				_, err := f.Message(nil, append(inside, block().Payload()...), -1)
				verdict(t, f, err, distance, window)

				f = NewInflater(bits, true)
				if _, err := f.Message(nil, new(Blocks).Stored(past, false).Flush().Payload(), -1); err != nil {
					t.Fatal(err)
				}
				got, err := f.Message(nil, block().Payload(), -1)
				verdict(t, f, err, distance, window)
				if n := min(10, distance); err == nil && !bytes.Equal(got[:n], past[len(past)-distance:][:n]) {
					t.Errorf("window of %d: distance %d refers to something else", window, distance)
				}
			}
		}
	}
}

func verdict(t *testing.T, f *Inflater, err error, distance, window int) {
	t.Helper()
	var beyond *WindowError
	switch {
	case distance <= window && (err != nil || f.Reach() != distance):
		t.Errorf("window of %d: distance %d: %v, reach %d", window, distance, err, f.Reach())
	case distance > window && (!errors.As(err, &beyond) || *beyond != WindowError{distance, window}):
		t.Errorf("window of %d: distance %d: %v", window, distance, err)
	}
}

// Without takeover a message that refers to the one before is refused.
func TestInflateTakeover(t *testing.T) {
	first := new(Blocks).Fixed(false).Literals([]byte("Hello")).End().Flush().Payload()
	again := []byte{0xF2, 0x00, 0x11, 0x00, 0x00} // RFC 7692 §7.2.3.2
	for _, takeover := range []bool{true, false} {
		f := NewInflater(8, takeover)
		for i, p := range [][]byte{first, {0x00}, again} {
			got, err := f.Message(nil, p, -1)
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
		f, all := NewInflater(bits, true), random(1<<bits)
		if _, err := f.Message(nil, new(Blocks).Stored(all, false).Flush().Payload(), -1); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(3, 0))
		for range 2000 {
			head, b := len(all), new(Blocks).Fixed(false)
			for range 1 + r.IntN(20) {
				length, distance := 3+r.IntN(256), 1+r.IntN(1<<bits)
				b.Match(length, distance)
				for range length {
					all = append(all, all[len(all)-distance])
				}
			}
			got, err := f.Message(nil, b.End().Flush().Payload(), -1)
			if err != nil || !bytes.Equal(got, all[head:]) {
				t.Fatalf("window of %d bits: %v", bits, err)
			}
		}
	}
}

func TestInflateLimit(t *testing.T) {
	for _, n := range []int{0, 1, 600, 5000, 1 << 20} {
		for _, p := range [][]byte{Bomb(n), new(Blocks).Stored(make([]byte, n), false).Flush().Payload()} {
			for _, limit := range []int{0, 1, 599, 600, 4999, 5000, 1<<20 - 1, 1 << 20} {
				got, err := NewInflater(15, true).Message([]byte("before"), p, limit)
				if want := min(n, limit); len(got)-6 != want {
					t.Errorf("%d bytes with a limit of %d: %d", n, limit, len(got)-6)
				}
				if (err == nil) != (n <= limit) || err != nil && err != ErrLimit {
					t.Errorf("%d bytes with a limit of %d: %v", n, limit, err)
				}
				if cap(got) > 2*limit+4096 {
					t.Errorf("%d bytes with a limit of %d: room for %d", n, limit, cap(got))
				}
			}
		}
	}
}

func BenchmarkInflate(b *testing.B) {
	for _, c := range []*corpus.Corpus{corpus.JSON(), corpus.Prose(), corpus.HTML(), corpus.Image(), corpus.Document()} {
		var sent bytes.Buffer
		w, _ := klauspost.NewWriter(&sent, 6)
		_, _ = w.Write(c.Data)
		_ = w.Flush()
		payload := bytes.Clone(sent.Bytes()[:sent.Len()-4])
		b.Run(c.Name+"/own", func(b *testing.B) {
			b.SetBytes(int64(len(c.Data)))
			f, out := NewInflater(15, true), []byte(nil)
			for b.Loop() {
				out, _ = f.Message(out[:0], payload, -1)
			}
		})
		out := make([]byte, len(c.Data))
		for name, r := range map[string]io.Reader{"standard": flate.NewReader(nil), "klauspost": klauspost.NewReader(nil)} {
			b.Run(c.Name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(c.Data)))
				for b.Loop() {
					_ = r.(flate.Resetter).Reset(bytes.NewReader(sent.Bytes()), nil)
					_, _ = io.ReadFull(r, out)
				}
			})
		}
	}
}
