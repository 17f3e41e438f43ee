package fuzz_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/internal/naive"
)

// rules are what package naive calls what package frame finds.
var rules = map[*frame.Violation]string{
	frame.ErrReservedOpcode:    "reserved opcode",
	frame.ErrRSV1:              "RSV1",
	frame.ErrRSV1Misplaced:     "RSV1 misplaced",
	frame.ErrRSV2:              "RSV2",
	frame.ErrRSV3:              "RSV3",
	frame.ErrFragmentedControl: "fragmented control",
	frame.ErrMaskMissing:       "mask missing",
	frame.ErrMaskForbidden:     "mask forbidden",
	frame.ErrControlTooLong:    "control too long",
	frame.ErrLengthNotMinimal:  "length not minimal",
	frame.ErrLengthTopBit:      "length top bit",
}

// key is the masking key whose bytes on the wire are these.
func key(keyBytes [4]byte) frame.Key { return frame.Key(binary.LittleEndian.Uint32(keyBytes[:])) }

// FuzzHeader reads, judges and writes a header as package naive does, and asks for
// more as long as some of it is missing.
func FuzzHeader(f *testing.F) {
	streams := seeds.Streams()
	seeds.Need(f, streams, 500)
	seen := map[string]bool{}
	for _, s := range streams {
		head := s.Data[:min(len(s.Data), frame.MaxHeaderSize+1)]
		if !seen[string(head)] {
			seen[string(head)] = true
			f.Add(head, s.FromClient, s.Deflate)
		}
	}
	f.Fuzz(func(t *testing.T, wire []byte, fromClient, deflate bool) {
		want, size := naive.DecodeHeader(wire)
		before := bytes.Clone(wire)
		h, n := frame.ParseHeader(wire)
		if n != size {
			t.Fatalf("% x: a header of %d bytes, naive %d", wire, n, size)
		}
		for i := range min(len(wire), frame.MaxHeaderSize+1) {
			if _, m := frame.ParseHeader(wire[:i:i]); m != 0 && (n == 0 || m != n || i < n) {
				t.Fatalf("% x: a header of %d bytes in the first %d", wire, m, i)
			}
		}
		if !bytes.Equal(wire, before) {
			t.Fatalf("% x became % x", before, wire)
		}
		judgePrefix(t, wire, frame.Expectation{Masked: fromClient, RSV1: deflate})
		if n == 0 {
			return
		}
		got := naive.Frame{
			FIN: h.FIN, RSV1: h.RSV1, RSV2: h.RSV2, RSV3: h.RSV3, Opcode: byte(h.Opcode),
			Masked: h.Masked, Key: want.Key, Length: h.Length, Extended: int(h.Extended),
		}
		if !sameHeader(got, want) || h.Masked && h.Key != key(want.Key) || !h.Masked && h.Key != 0 {
			t.Fatalf("% x: %+v, naive %+v", wire, h, want)
		}

		broken := naive.Broken(want, fromClient, deflate)
		v := frame.Check(h, frame.Expectation{Masked: fromClient, RSV1: deflate})
		if (v == nil) != (len(broken) == 0) || v != nil && !slices.Contains(broken, rules[v]) {
			t.Fatalf("% x: %v, naive %q", wire, v, broken)
		}

		// What is written is the shortest form; what was that already comes back.
		want.Extended = 0
		minimal := naive.Encode(want)
		out := frame.AppendHeader([]byte("before"), h)
		if string(out[:6]) != "before" || !bytes.Equal(out[6:], minimal) || frame.HeaderSize(h) != len(minimal) {
			t.Fatalf("% x: written as % x, size %d, naive % x", wire, out, frame.HeaderSize(h), minimal)
		}
		if !slices.Contains(broken, "length not minimal") && !bytes.Equal(minimal, wire[:n]) && len(minimal) >= n {
			t.Fatalf("% x: written as % x", wire[:n], minimal)
		}
		again, m := frame.ParseHeader(minimal)
		again.Extended = h.Extended
		if m != len(minimal) || again != h {
			t.Fatalf("% x: %+v comes back as %+v", wire, h, again)
		}
	})
}

func sameHeader(a, b naive.Frame) bool {
	return a.FIN == b.FIN && a.RSV1 == b.RSV1 && a.RSV2 == b.RSV2 && a.RSV3 == b.RSV3 && a.Opcode == b.Opcode &&
		a.Masked == b.Masked && a.Length == b.Length && a.Extended == b.Extended
}

// judgePrefix holds what is said of the first two bytes against every header that
// they may begin: it is refused at once exactly if nothing can save it, and for a
// reason that the whole header gives as well.
func judgePrefix(t *testing.T, wire []byte, want frame.Expectation) {
	t.Helper()
	if len(wire) < 2 {
		return
	}
	v := frame.CheckPrefix(wire[0], wire[1], want)
	// The best that can come: a length in its shortest form.
	best := slices.Concat(wire[:2:2], make([]byte, frame.MaxHeaderSize-2))
	best[2], best[3] = 0, 200
	if wire[1]&0x7f == 127 {
		best[3], best[7] = 0, 1
	}
	h, _ := naive.DecodeHeader(best)
	broken := naive.Broken(h, want.Masked, want.RSV1)
	if (v == nil) != (len(broken) == 0) || v != nil && !slices.Contains(broken, rules[v]) {
		t.Fatalf("% x: two bytes give %v, naive %q", wire[:2], v, broken)
	}
}
