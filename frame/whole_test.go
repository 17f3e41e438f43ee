package frame

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/hawser-ws/websocket/internal/vectors"
)

// judgeWhole is ParseWhole by the general functions.
func judgeWhole(p []byte, masked bool) (h Header, size int) {
	h, n := ParseHeader(p)
	switch {
	case n == 0, Check(h, Expectation{Masked: masked}) != nil:
	case h.Opcode != Text && h.Opcode != Binary, !h.FIN:
	case h.Length > uint64(len(p)-n):
	default:
		return h, n + int(h.Length)
	}
	return Header{}, 0
}

// ParseWhole takes what ParseHeader reads and Check accepts, and nothing else:
// every first two bytes, with every length in which they may lead.
func TestParseWhole(t *testing.T) {
	rest := make([]byte, 300)
	for i := range rest {
		rest[i] = byte(i * 5)
	}
	for _, long := range []uint16{0, 1, 125, 126, 127, 200, 0xFFFF} {
		rest[0], rest[1] = byte(long>>8), byte(long)
		for b := range 1 << 16 {
			p := append([]byte{byte(b >> 8), byte(b)}, rest...)
			for _, masked := range []bool{false, true} {
				sameWhole(t, p, masked)
			}
		}
	}
}

func TestParseWholeVectors(t *testing.T) {
	for _, row := range vectors.Frames {
		p := append(bytes.Clone(row.Wire()), 0x81) // the next has begun
		for n := range min(len(p), 400) + 1 {
			sameWhole(t, p[:n], row.Masked)
			sameWhole(t, p[:n], !row.Masked)
		}
	}
}

// Lengths of eight bytes, the impossible ones too.
func TestParseWholeLong(t *testing.T) {
	p := make([]byte, 14+0x10001)
	p[0] = 0x82
	for _, b1 := range []byte{0x7F, 0xFF} {
		p[1] = b1
		for _, n := range []uint64{0, 125, 0xFFFF, 0x10000, 0x10001, 0x10002, 1 << 31, 1<<32 + 5, 1 << 62, 1 << 63, 1<<64 - 1} {
			binary.BigEndian.PutUint64(p[2:], n)
			for _, short := range []int{0, 1, 2, 4, 5} {
				sameWhole(t, p[:len(p)-short], b1 == 0xFF)
			}
		}
	}
}

func sameWhole(t *testing.T, p []byte, masked bool) {
	t.Helper()
	h, want := judgeWhole(p, masked)
	op, payload, key, size := ParseWhole(p, masked)
	if size != want {
		t.Fatalf("%.20x… of %d, masked %v: %d bytes, want %d", p, len(p), masked, size, want)
	}
	if size == 0 {
		return
	}
	if op != h.Opcode || key != h.Key || uint64(len(payload)) != h.Length || cap(payload) != len(payload) ||
		len(payload) > 0 && &payload[len(payload)-1] != &p[size-1] {
		t.Fatalf("%.20x…: %v, key %08x, %d bytes; want %v", p, op, key, len(payload), h)
	}
}

func TestAppendWhole(t *testing.T) {
	for _, n := range []int{0, 1, 4, 125, 126, 1000, 0xFFFF, 0x10000} {
		payload := bytes.Repeat([]byte{0xA7}, n)
		for _, op := range []Opcode{Text, Binary} {
			for _, masked := range []bool{false, true} {
				h := Header{Opcode: op, FIN: true, Masked: masked, Length: uint64(n)}
				if masked {
					h.Key = 0x3d21fa37
				}
				want := AppendHeader([]byte("before"), h)
				at := len(want)
				want = append(want, payload...)
				if masked {
					Mask(want[at:], h.Key)
				}
				if got := AppendWhole([]byte("before"), op, payload, masked, h.Key); !bytes.Equal(got, want) {
					t.Errorf("%v of %d, masked %v: %.20x…, want %.20x…", op, n, masked, got, want)
				}
				if bytes.Count(payload, []byte{0xA7}) != n {
					t.Error("the payload was modified")
				}
			}
		}
	}
}

func BenchmarkWhole(b *testing.B) {
	payload := bytes.Repeat([]byte("a"), 125)
	wire := AppendWhole(nil, Text, payload, true, 0x3d21fa37)
	dst := make([]byte, 0, 200)
	b.Run("ParseWhole", func(b *testing.B) {
		for b.Loop() {
			ParseWhole(wire, true)
		}
	})
	b.Run("ParseHeaderAndCheck", func(b *testing.B) {
		for b.Loop() {
			judgeWhole(wire, true)
		}
	})
	b.Run("AppendWhole", func(b *testing.B) {
		for b.Loop() {
			dst = AppendWhole(dst[:0], Text, payload, false, 0)
		}
	})
	b.Run("AppendHeader", func(b *testing.B) {
		for b.Loop() {
			dst = AppendHeader(dst[:0], Header{Opcode: Text, FIN: true, Length: uint64(len(payload))})
			dst = append(dst, payload...)
		}
	})
}
