package deflate

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn/internal/corpus"
)

// What is sent keeps to the agreed window, over all messages of a connection
// and whatever their sizes.
func TestDeflateKeepsToTheWindow(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		for _, takeover := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d bits, takeover %t", bits, takeover), func(t *testing.T) {
				t.Parallel()
				for _, c := range []*corpus.Corpus{corpus.JSON(), corpus.Image(), corpus.Prose(), corpus.HTML(), corpus.Document()} {
					d, f := NewDeflater(bits, takeover), NewInflater(bits, takeover)
					var p, payload, got []byte
					for i := range 21 {
						for _, n := range []int{0, 1, 12, 16, 64, 127, 128, 256, 1024, 8192, 65535, 65536 + i*9} {
							if n > 9000 && i%10 != 0 {
								continue
							}
							var err error
							p = c.Cut(p[:0], i, n)
							payload = d.Message(append(payload[:0], "head"...), p)
							got, err = f.Message(got[:0], payload[4:], -1)
							if err != nil || string(payload[:4]) != "head" || !bytes.Equal(got, p) {
								t.Fatalf("%s, message of %d bytes: %d bytes, %v", c.Name, n, len(got), err)
							}
							if len(payload) == 4 || bytes.HasSuffix(payload, []byte("\x00\x00\xFF\xFF")) {
								t.Fatalf("%s, message of %d bytes ends with % x", c.Name, n, payload[4:])
							}
						}
					}
				}
			})
		}
	}
}

// With takeover messages of every size refer to those before, and as far back
// as they may, also when sizes change.
func TestDeflateTakesOver(t *testing.T) {
	for _, bits := range []int{8, 9, 12, 15} {
		for _, sizes := range [][]int{{64}, {127}, {128}, {256}, {1024}, {8192}, {131072}, {64, 1024}, {65535 + 64, 1024}} {
			d, f := NewDeflater(bits, true), NewInflater(bits, true)
			crossed := 0
			for i := range 20 {
				p := d.Message(nil, corpus.JSON().Cut(nil, i, sizes[i%len(sizes)]))
				if _, err := f.Message(nil, p, -1); err != nil {
					t.Fatal(err)
				}
				var fault *Error
				if _, err := NewInflater(bits, false).Message(nil, p, -1); errors.As(err, &fault) && strings.Contains(fault.Reason, "no context takeover") {
					crossed++
				}
			}
			if crossed < 15 {
				t.Errorf("%d bits, messages of %d: %d of 20 refer to those before", bits, sizes, crossed)
			}
			if sizes[0] >= 1024 && f.Reach() <= 1<<bits/2 || f.Reach() <= 128 {
				t.Errorf("%d bits, messages of %d: reach %d", bits, sizes, f.Reach())
			}
		}
	}
}

func TestDeflateEmpty(t *testing.T) {
	for _, takeover := range []bool{true, false} {
		if got := NewDeflater(9, takeover).Message(nil, nil); !bytes.Equal(got, []byte{0x00}) {
			t.Errorf("takeover %t: %x", takeover, got)
		}
	}
}

func TestDeflateDoesNotAllocate(t *testing.T) {
	for _, bits := range []int{9, 15} {
		d, p, out := NewDeflater(bits, false), corpus.JSON().Cut(nil, 0, 8192), make([]byte, 0, 16<<10)
		if n := testing.AllocsPerRun(100, func() { d.Message(out, p) }); n != 0 {
			t.Errorf("%d bits: %v allocations for each message", bits, n)
		}
	}
}

func BenchmarkDeflate(b *testing.B) {
	for _, bits := range []int{9, 15} {
		for _, takeover := range []bool{true, false} {
			for _, c := range []*corpus.Corpus{corpus.JSON(), corpus.Prose(), corpus.Document()} {
				for _, n := range []int{64, 1024, 8192, 131072} {
					b.Run(fmt.Sprintf("%d bits/takeover %t/%s/%d", bits, takeover, c.Name, n), func(b *testing.B) {
						pieces := make([][]byte, max(4, 1<<20/n)) // more than a window of them
						for i := range pieces {
							pieces[i] = c.Cut(nil, i, n)
						}
						d, out, sent, i := NewDeflater(bits, takeover), []byte(nil), 0, 0
						b.SetBytes(int64(len(pieces[0])))
						for b.Loop() {
							out = d.Message(out[:0], pieces[i%len(pieces)])
							sent += len(out)
							i++
						}
						b.ReportMetric(100*float64(sent)/float64(i*len(pieces[0])), "%")
					})
				}
			}
		}
	}
}
