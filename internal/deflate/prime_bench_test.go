package deflate

import (
	"fmt"
	"testing"
)

// BenchmarkPrime prepares an Encoder for a stream that goes on.
func BenchmarkPrime(b *testing.B) {
	for _, windowBits := range []int{9, 12, 15} {
		for _, level := range []int{1, 5} {
			b.Run(fmt.Sprintf("window=%d/level=%d", windowBits, level), func(b *testing.B) {
				history := records(1<<windowBits, 1)
				var e Encoder
				b.SetBytes(int64(len(history)))
				for b.Loop() {
					e.Reset(windowBits, level)
					e.Prime(history)
				}
			})
		}
	}
}

// BenchmarkContinue compresses messages of 1 KiB that follow each other: "warm" with an Encoder that knows those before,
// "primed" with one that must be told.
func BenchmarkContinue(b *testing.B) {
	const n, count = 1 << 10, 64
	for _, windowBits := range []int{9, 12, 15} {
		window := 1 << windowBits
		stream := records(window+count*n, 1)
		for _, level := range []int{1, 5} {
			name := fmt.Sprintf("window=%d/level=%d/", windowBits, level)
			b.Run(name+"warm", func(b *testing.B) {
				var e Encoder
				var dst []byte
				out, i := 0, 0
				for b.Loop() {
					at := window + i%count*n
					if i%count == 0 {
						e.Reset(windowBits, level)
						e.Prime(stream[:at])
					}
					dst = e.Flush(e.Append(dst[:0], stream[at-window:at+n], window))
					out += len(dst)
					i++
				}
				report(b, n, out)
			})
			b.Run(name+"primed", func(b *testing.B) {
				var e Encoder
				var dst []byte
				out, i := 0, 0
				for b.Loop() {
					at := window + i%count*n
					e.Reset(windowBits, level)
					e.Prime(stream[at-window : at])
					dst = e.Flush(e.Append(dst[:0], stream[at-window:at+n], window))
					out += len(dst)
					i++
				}
				report(b, n, out)
			})
		}
	}
}
