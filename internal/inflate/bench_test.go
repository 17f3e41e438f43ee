package inflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	klauspost "github.com/klauspost/compress/flate"
)

// records returns size bytes of records such as an API sends them.
func records(r *rand.Rand, size int) []byte {
	names := []string{"alice", "bob", "carol", "dave", "eve", "mallory", "peggy", "trent"}
	kinds := []string{"order.created", "order.paid", "order.shipped", "user.login", "user.logout"}
	b := []byte{'['}
	for len(b) < size {
		b = fmt.Appendf(b, `{"id":%d,"type":"%s","user":"%s%d","amount":%d.%02d,"ok":%t,"time":"2025-%02d-%02dT%02d:%02d:%02dZ","tags":["a%x","b%x"]},`,
			r.IntN(1e9), kinds[r.IntN(len(kinds))], names[r.IntN(len(names))], r.IntN(1000), r.IntN(10000), r.IntN(100),
			r.IntN(2) == 0, 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.Uint32(), r.IntN(4096))
	}
	return b[:size]
}

// flusher is what both writers are.
type flusher interface {
	io.Writer
	Flush() error
}

// flushed returns data compressed by w and flushed.
func flushed(t testing.TB, w flusher, to *bytes.Buffer, data []byte) []byte {
	t.Helper()
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(to.Bytes())
}

func BenchmarkInflate(b *testing.B) {
	for _, writer := range []string{"klauspost1", "stdlib6"} {
		for _, size := range []int{256, 1 << 10, 64 << 10} {
			r := rand.New(rand.NewPCG(1, uint64(size)))
			var streams [64][]byte
			for i := range streams {
				var to bytes.Buffer
				var w flusher
				if writer == "stdlib6" {
					w, _ = flate.NewWriter(&to, 6)
				} else {
					w, _ = klauspost.NewWriter(&to, 1)
				}
				streams[i] = flushed(b, w, &to, records(r, size))
			}
			name := fmt.Sprintf("%s/%d", writer, size)
			b.Run(name+"/ours", func(b *testing.B) {
				d := new(Decoder)
				out := make([]byte, 0, size+512)
				b.SetBytes(int64(size))
				for i := 0; b.Loop(); i++ {
					d.Reset(MaxWindow, nil)
					got, _, err := d.Inflate(out, 0, streams[i&63])
					if err != nil || len(got) != size || !d.AtBoundary() {
						b.Fatal(len(got), err)
					}
				}
			})
			readers := map[string]func(io.Reader, []byte) io.ReadCloser{"stdlib": flate.NewReaderDict, "klauspost": klauspost.NewReaderDict}
			for _, other := range []string{"klauspost", "stdlib"} {
				b.Run(name+"/"+other, func(b *testing.B) {
					in := new(bytes.Reader)
					reader := readers[other](in, nil)
					out := make([]byte, size)
					b.SetBytes(int64(size))
					for i := 0; b.Loop(); i++ {
						in.Reset(streams[i&63])
						if err := reader.(flate.Resetter).Reset(in, nil); err != nil {
							b.Fatal(err)
						}
						if _, err := io.ReadFull(reader, out); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
