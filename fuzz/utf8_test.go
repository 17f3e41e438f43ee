package fuzz_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/frame"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/internal/naive"
)

// FuzzUTF8: text is refused with the piece that holds the first byte that cannot
// be there, and not before; it is complete exactly if unicode/utf8 says so. The
// kernel that unmasks at the same time agrees.
func FuzzUTF8(f *testing.F) {
	texts := seeds.Texts()
	seeds.Need(f, texts, 100)
	for i, text := range texts {
		f.Add(text, uint32(0x3d21fa37), uint8(i), someCuts[i%len(someCuts)])
		// Behind ASCII, where kernels have more to look at than they can use.
		long := append(bytes.Repeat([]byte("0123456789abcdef"), 1+i%9), text...)
		f.Add(append(long, "and more of it, long enough for a vector, until here........"...), uint32(i), uint8(i), someCuts[i%len(someCuts)])
	}
	f.Fuzz(func(t *testing.T, text []byte, k uint32, off uint8, cuts []byte) {
		bad := naive.FirstBad(text)
		if valid := utf8.Valid(text); valid && bad >= 0 {
			t.Fatalf("%x: the oracles differ", text)
		}
		in, intact := fenced(text, off)
		var v frame.Validator
		masked, maskedIntact := fenced(text, off)
		frame.Mask(masked, frame.Key(k))
		var fused frame.Validator
		next := frame.Key(k)
		seen, failed := 0, false
		rest := masked
		for piece := range cut(in, cuts) {
			seen += len(piece)
			var ok bool
			next, ok = frame.UnmaskValid(rest[:len(piece):len(piece)], next, &fused)
			rest = rest[len(piece):]
			want := bad < 0 || bad >= seen
			if got := v.Valid(piece); got != want || ok != want {
				t.Fatalf("%x: %v after %d bytes, unmasked %v; the first bad one is %d", text, got, seen, ok, bad)
			}
			if failed = !want; failed {
				break
			}
		}
		complete := utf8.Valid(text)
		if v.Complete() != complete || fused.Complete() != complete {
			t.Fatalf("%x: complete %v, unmasked %v; unicode/utf8 says %v", text, v.Complete(), fused.Complete(), complete)
		}
		if failed {
			// "Once false it stays false until Reset."
			if v.Valid([]byte("a")) || v.Valid(nil) || v.Complete() {
				t.Fatalf("%x: refused, and then taken", text)
			}
			v.Reset()
			if !v.Valid([]byte("a")) || !v.Complete() {
				t.Fatalf("%x: remembered beyond Reset", text)
			}
		} else if !bytes.Equal(masked, text) {
			t.Fatalf("%x unmasked to %x", text, masked)
		}
		if !bytes.Equal(in, text) || !intact() || !maskedIntact() {
			t.Fatalf("%x: something was touched", text)
		}
	})
}
