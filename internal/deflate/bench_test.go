package deflate

import (
	"fmt"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

var sizes = []int{64, 256, 1 << 10, 4 << 10, 64 << 10}

func messages(n, count int) [][]byte {
	all := make([][]byte, count)
	for i := range all {
		all[i] = records(n, uint64(i))
	}
	return all
}

// BenchmarkMessage compresses messages that have nothing to do with each other; "cycle" has 64 different ones.
func BenchmarkMessage(b *testing.B) {
	for _, n := range sizes {
		for _, count := range []int{1, 64} {
			all := messages(n, count)
			name := fmt.Sprintf("n=%d/cycle=%d/", n, count)
			for _, level := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9} {
				b.Run(fmt.Sprintf("%sours-%d", name, level), func(b *testing.B) {
					var e Encoder
					var dst []byte
					out, i := 0, 0
					for b.Loop() {
						e.Reset(15, level)
						dst = e.Flush(e.Append(dst[:0], all[i%count], 0))
						out += len(dst)
						i++
					}
					report(b, n, out)
				})
			}
			theirs := func(name string, w *kflate.Writer) {
				b.Run(name, func(b *testing.B) {
					var s sink
					out, i := 0, 0
					for b.Loop() {
						s.b = s.b[:0]
						w.Reset(&s)
						w.Write(all[i%count])
						w.Flush()
						out += len(s.b)
						i++
					}
					report(b, n, out)
				})
			}
			for _, level := range []int{1, 3, 6, 9} {
				w, _ := kflate.NewWriter(nil, level)
				theirs(fmt.Sprintf("%sklauspost-%d", name, level), w)
			}
			w, _ := kflate.NewWriterWindow(nil, 4096)
			theirs(name+"klauspost-window", w)
		}
	}
}

func report(b *testing.B, n, out int) {
	b.SetBytes(int64(n))
	b.ReportMetric(float64(out)/float64(b.N), "out")
}
