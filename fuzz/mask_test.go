package fuzz_test

import (
	"bytes"
	"testing"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/internal/naive"
)

// fence is around what a kernel may touch, and wide enough for one of its steps.
const fence = 128

// fenced returns a copy of p at an address that is off modulo 64, with bytes of a
// pattern on both sides; intact reports whether those are as they were.
func fenced(p []byte, off uint8) (inside []byte, intact func() bool) {
	all := make([]byte, fence+64+len(p)+fence)
	for i := range all {
		all[i] = byte(i)*7 + 1
	}
	at := fence + int(off%64)
	inside = all[at : at+len(p) : at+len(p)]
	copy(inside, p)
	return inside, func() bool {
		for i, b := range all {
			if (i < at || i >= at+len(p)) && b != byte(i)*7+1 {
				return false
			}
		}
		return true
	}
}

// FuzzMask masks as package naive does, in place and into another slice, in any
// split and at any alignment, and touches nothing else.
func FuzzMask(f *testing.F) {
	texts := seeds.Texts()
	seeds.Need(f, texts, 100)
	for i, text := range texts {
		f.Add(text, []byte{0x37, 0xfa, 0x21, 0x3d}, uint8(i), uint8(i/3), someCuts[i%len(someCuts)])
	}
	for n := range 70 { // around the widths of vectors
		f.Add(bytes.Repeat([]byte{0xa5}, n*4+n%3), []byte{1, 2, 3, 4}, uint8(n), uint8(n*5), someCuts[n%len(someCuts)])
	}
	f.Fuzz(func(t *testing.T, payload, keyInput []byte, from, to uint8, cuts []byte) {
		var keyBytes [4]byte
		copy(keyBytes[:], keyInput)
		want := bytes.Clone(payload)
		naive.Mask(want, keyBytes, 0)
		after := [4]byte{}
		for i := range after {
			after[i] = keyBytes[(len(payload)+i)%4]
		}

		src, srcIntact := fenced(payload, from)
		dst, dstIntact := fenced(make([]byte, len(payload)), to)
		k, rest := key(keyBytes), dst
		for piece := range cut(src, cuts) {
			k = frame.MaskCopy(rest, piece, k)
			rest = rest[len(piece):]
		}
		if !bytes.Equal(dst, want) || k != key(after) {
			t.Fatalf("%x with %x copied to %x, key %08x; want %x", payload, keyBytes, dst, k, want)
		}
		if !bytes.Equal(src, payload) || !srcIntact() || !dstIntact() {
			t.Fatalf("%x with %x: copying modified what it may not", payload, keyBytes)
		}

		k = key(keyBytes)
		for piece := range cut(src, cuts) {
			k = frame.Mask(piece, k)
		}
		if !bytes.Equal(src, want) || k != key(after) || !srcIntact() {
			t.Fatalf("%x with %x masked to %x, key %08x; want %x", payload, keyBytes, src, k, want)
		}
		// "or begin at the same byte"
		if frame.MaskCopy(src, src, key(keyBytes)); !bytes.Equal(src, payload) || !srcIntact() {
			t.Fatalf("%x with %x copied onto itself gives %x", want, keyBytes, src)
		}
	})
}
