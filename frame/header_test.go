package frame

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/vectors"
)

// header is the header of a vector as this package has it.
func header(row vectors.Frame) Header {
	h := Header{
		Length: uint64(len(row.Payload)), Opcode: Opcode(row.Opcode), Extended: uint8(row.Extended),
		FIN: row.FIN, RSV1: row.RSV1, RSV2: row.RSV2, RSV3: row.RSV3, Masked: row.Masked,
	}
	if row.Masked {
		h.Key = Key(binary.LittleEndian.Uint32(row.Key[:]))
	}
	return h
}

// fields is h as the oracle has it.
func fields(h Header) naive.Frame {
	f := naive.Frame{
		FIN: h.FIN, RSV1: h.RSV1, RSV2: h.RSV2, RSV3: h.RSV3,
		Opcode: byte(h.Opcode), Masked: h.Masked, Length: h.Length, Extended: int(h.Extended),
	}
	binary.LittleEndian.PutUint32(f.Key[:], uint32(h.Key))
	return f
}

// https://www.rfc-editor.org/rfc/rfc6455#section-5.7
func TestHeaderVectors(t *testing.T) {
	for _, row := range vectors.Frames {
		t.Run(row.String(), func(t *testing.T) {
			want := header(row)
			if got, n := ParseHeader(row.Wire()); got != want || n != len(row.Head) {
				t.Errorf("parsed %d bytes: %+v\nwant %d: %+v", n, got, len(row.Head), want)
			}
			if got, n := ParseHeader(row.Head); got != want || n != len(row.Head) {
				t.Errorf("without the payload: parsed %d bytes: %+v", n, got)
			}
			for i := range row.Head {
				if got, n := ParseHeader(row.Head[:i]); n != 0 || got != (Header{}) {
					t.Errorf("the first %d bytes were enough: %+v", i, got)
				}
			}
			if got := AppendHeader(nil, want); !bytes.Equal(got, row.Head) {
				t.Errorf("appended %x, want %x", got, row.Head)
			}
			if got := AppendHeader([]byte("before"), want); string(got) != "before"+string(row.Head) {
				t.Errorf("appended %x to what was there", got)
			}
			if got := HeaderSize(want); got != len(row.Head) {
				t.Errorf("size %d, want %d", got, len(row.Head))
			}
			if got := want.String(); got != row.Text {
				t.Errorf("prints as %q, want %q", got, row.Text)
			}
		})
	}
}

// ParseHeader judges nothing: it also reads what Check refuses.
func TestParseHeaderBad(t *testing.T) {
	for _, row := range vectors.BadHeaders {
		h, n := ParseHeader(row.Wire)
		want, _ := naive.DecodeHeader(row.Wire)
		if got := fields(h); n != len(row.Wire) || naive.Broken(got, true, false) == nil && naive.Broken(got, false, false) == nil {
			t.Errorf("%s: parsed %d bytes: %v", row, n, h)
		} else if got.Length != want.Length || got.Extended != want.Extended || got.Opcode != want.Opcode || got.Key != want.Key {
			t.Errorf("%s: parsed %+v, want %+v", row, got, want)
		}
		for i := range row.Wire {
			if _, n := ParseHeader(row.Wire[:i]); n != 0 {
				t.Errorf("%s: the first %d bytes were enough", row, i)
			}
		}
	}
}

// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
//
// "Note that in all cases, the minimal number of bytes MUST be used to encode
// the length, for example, the length of a 124-byte-long string can't be
// encoded as the sequence 126, 0, 124."
func TestAppendHeaderMinimal(t *testing.T) {
	lengths := []uint64{0, 1, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536, 65537,
		math.MaxInt32, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64, 1 << 63, math.MaxUint64}
	for _, length := range lengths {
		for first := range 256 {
			for _, masked := range []bool{false, true} {
				for _, extended := range []uint8{0, 2, 8} { // AppendHeader ignores it
					h := Header{
						Length: length, Opcode: Opcode(first & 15), Extended: extended,
						FIN: first&0x80 != 0, RSV1: first&0x40 != 0, RSV2: first&0x20 != 0, RSV3: first&0x10 != 0,
					}
					if masked {
						h.Masked, h.Key = true, 0x04030201
					}
					got := AppendHeader(nil, h)
					want := naive.Frame{
						FIN: h.FIN, RSV1: h.RSV1, RSV2: h.RSV2, RSV3: h.RSV3,
						Opcode: byte(first & 15), Masked: masked, Length: length, Key: [4]byte{1, 2, 3, 4},
					}
					if wire := naive.Encode(want); !bytes.Equal(got, wire) {
						t.Fatalf("%v: appended %x, want %x", h, got, wire)
					}
					if HeaderSize(h) != len(got) || len(got) > MaxHeaderSize {
						t.Fatalf("%v: size %d, appended %d", h, HeaderSize(h), len(got))
					}
					back, n := ParseHeader(got)
					h.Extended = back.Extended
					if n != len(got) || back != h {
						t.Fatalf("%v comes back as %v", h, back)
					}
				}
			}
		}
	}
}

func TestHeaderAllocations(t *testing.T) {
	buf := make([]byte, 0, MaxHeaderSize)
	h := Header{Length: 1 << 40, Opcode: Binary, FIN: true, Masked: true, Key: 0x12345678}
	if n := testing.AllocsPerRun(100, func() {
		p := AppendHeader(buf, h)
		got, _ := ParseHeader(p)
		if Check(got, Expectation{Masked: true}) != nil || got.Length != h.Length {
			t.Fatal("header lost")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParseHeader(b *testing.B) {
	for _, row := range []struct {
		name string
		h    Header
	}{
		{"2", Header{FIN: true, Opcode: Text, Length: 5}},
		{"6", Header{FIN: true, Opcode: Text, Length: 5, Masked: true, Key: 1}},
		{"8", Header{FIN: true, Opcode: Text, Length: 500, Masked: true, Key: 1}},
		{"14", Header{FIN: true, Opcode: Text, Length: 1 << 20, Masked: true, Key: 1}},
	} {
		wire := AppendHeader(nil, row.h)
		b.Run("frame/"+row.name, func(b *testing.B) {
			for b.Loop() {
				ParseHeader(wire)
			}
		})
		b.Run("frame+Check/"+row.name, func(b *testing.B) {
			for b.Loop() {
				h, _ := ParseHeader(wire)
				Check(h, Expectation{Masked: true})
			}
		})
		b.Run("naive/"+row.name, func(b *testing.B) {
			for b.Loop() {
				naive.DecodeHeader(wire)
			}
		})
	}
}

func BenchmarkAppendHeader(b *testing.B) {
	buf := make([]byte, 0, MaxHeaderSize)
	h := Header{FIN: true, Opcode: Text, Length: 500, Masked: true, Key: 1}
	b.Run("frame", func(b *testing.B) {
		for b.Loop() {
			AppendHeader(buf, h)
		}
	})
	b.Run("naive", func(b *testing.B) {
		f := fields(h)
		for b.Loop() {
			naive.Encode(f)
		}
	})
}
