package fuzz_test

import (
	"bytes"
	"testing"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/internal/naive"
)

// FuzzWhole: the shortcut for whole messages takes exactly those that package naive
// reads and that break no rule, with the same payload, and writes what naive writes.
func FuzzWhole(f *testing.F) {
	streams := seeds.Streams()
	seeds.Need(f, streams, 500)
	for _, s := range streams {
		f.Add(s.Data, s.FromClient)
	}
	f.Fuzz(func(t *testing.T, wire []byte, masked bool) {
		before := bytes.Clone(wire)
		op, payload, k, size := frame.ParseWhole(wire, masked)
		want, n := naive.Decode(wire)
		if n > 0 && (!want.FIN || want.Opcode != 1 && want.Opcode != 2 || len(naive.Broken(want, masked, false)) > 0) {
			n = 0
		}
		if size != n {
			t.Fatalf("%.40x: a message of %d bytes, naive %d", wire, size, n)
		}
		if !bytes.Equal(wire, before) {
			t.Fatal("the bytes were modified")
		}
		// A part of it is not the whole: the ends of header and payload are where
		// a reader may be one off.
		for _, i := range []int{0, 1, 2, 3, 4, 9, 13, 14, size - len(payload) - 1, size - len(payload), size - 1} {
			if i < 0 || i >= min(max(size, 1), len(wire)+1) {
				continue
			}
			if _, _, _, part := frame.ParseWhole(wire[:i:i], masked); part != 0 {
				t.Fatalf("%.40x: %d bytes of %d are taken for a message of %d", wire, i, size, part)
			}
		}
		if size == 0 {
			return
		}
		unmasked := bytes.Clone(payload)
		if masked {
			naive.Mask(unmasked, want.Key, 0)
			if k != key(want.Key) {
				t.Fatalf("%.40x: key %08x", wire, k)
			}
		}
		if byte(op) != want.Opcode || !bytes.Equal(unmasked, want.Payload) {
			t.Fatalf("%.40x: %v %.40x, naive %+v", wire, op, unmasked, want)
		}
		// The shortest form of length is the only one: the same bytes come back.
		out := frame.AppendWhole([]byte("before"), op, want.Payload, masked, k)
		if string(out[:6]) != "before" || !bytes.Equal(out[6:], wire[:size]) {
			t.Fatalf("%.40x: written as %.40x", wire[:size], out[6:])
		}
		if !bytes.Equal(unmasked, want.Payload) {
			t.Fatal("the payload was modified by writing it")
		}
	})
}
