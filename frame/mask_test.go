package frame

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/hawser-ws/websocket/internal/guard"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/vectors"
)

// key is the masking key whose bytes on the wire are these.
func key(keyBytes [4]byte) Key { return Key(binary.LittleEndian.Uint32(keyBytes[:])) }

// after is the key for byte n of the payload.
func after(keyBytes [4]byte, n int) Key {
	return key([4]byte{keyBytes[n%4], keyBytes[(n+1)%4], keyBytes[(n+2)%4], keyBytes[(n+3)%4]})
}

// https://www.rfc-editor.org/rfc/rfc6455#section-5.3
//
// "j = i MOD 4; transformed-octet-i = original-octet-i XOR
// masking-key-octet-j"
func TestMaskVectors(t *testing.T) {
	for _, row := range vectors.Frames {
		if !row.Masked {
			continue
		}
		p := bytes.Clone(row.Payload)
		next := Mask(p, key(row.Key))
		if !bytes.Equal(p, row.Body) {
			t.Errorf("%s: masked to %.20x…", row, p)
		}
		dst := make([]byte, len(row.Payload)+1)
		if got := MaskCopy(dst, row.Payload, key(row.Key)); got != next || next != after(row.Key, len(p)) || !bytes.Equal(dst[:len(p)], row.Body) || dst[len(p)] != 0 {
			t.Errorf("%s: copied to %.20x…", row, dst)
		}
		if Mask(p, key(row.Key)); !bytes.Equal(p, row.Payload) {
			t.Errorf("%s: masked twice gives %.20x…", row, p)
		}
	}
}

// A payload may be cut anywhere, any number of times.
func TestMaskSplit(t *testing.T) {
	keyBytes := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	for n := range 200 {
		src := make([]byte, n)
		for i := range src {
			src[i] = byte(i * 7)
		}
		want := bytes.Clone(src)
		naive.Mask(want, keyBytes, 0)
		for cut := range n + 1 {
			p, k := bytes.Clone(src), key(keyBytes)
			k = Mask(p[:cut], k)
			k = Mask(p[cut:], k)
			if !bytes.Equal(p, want) {
				t.Fatalf("%d bytes cut at %d: %x, want %x", n, cut, p, want)
			}
			if next := after(keyBytes, n); k != next {
				t.Fatalf("%d bytes cut at %d: next key %08x, want %08x", n, cut, k, next)
			}
		}
		for step := 1; step <= 9; step++ {
			dst, k := make([]byte, n), key(keyBytes)
			for i := 0; i < n; i += step {
				end := min(i+step, n)
				k = MaskCopy(dst[i:end], src[i:end], k)
			}
			if !bytes.Equal(dst, want) {
				t.Fatalf("%d bytes, %d at a time: %x, want %x", n, step, dst, want)
			}
		}
	}
}

func TestMaskCopyShort(t *testing.T) {
	dst := make([]byte, 3, 8)
	defer func() {
		if recover() == nil {
			t.Error("MaskCopy wrote past the end of dst, into its capacity")
		}
	}()
	MaskCopy(dst, []byte("long"), 1)
}

func TestMaskAllocations(t *testing.T) {
	src, dst := make([]byte, 1000), make([]byte, 1000)
	if n := testing.AllocsPerRun(100, func() {
		k := Mask(src, 0x12345678)
		MaskCopy(dst, src, k)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		var p [9]byte // must not escape
		Mask(p[:], 0x12345678)
	}); n != 0 {
		t.Errorf("the caller's array escapes: %v allocations", n)
	}
}

// maskKernels are all there are on this machine, and what mask chooses.
var maskKernels = map[string]func(dst, src []byte, key Key) Key{
	"generic": maskGeneric,
	"chosen":  mask,
}

// The places where kernels go wrong: every length, alignment and key phase,
// right before and right after a page that cannot be touched.
func TestMaskKernels(t *testing.T) {
	const longest, room = 1024, 16
	keyBytes := [4]byte{0xA5, 0x01, 0x80, 0x7E}
	plain := make([]byte, longest)
	for i := range plain {
		plain[i] = byte(i*31 + i>>8)
	}
	var masked [4][]byte // by phase
	for phase := range masked {
		masked[phase] = bytes.Clone(plain)
		naive.Mask(masked[phase], keyBytes, phase)
	}
	blank := make([]byte, longest+room)
	ends := guard.Slice(t, longest+room)   // the last byte is before a fence
	starts := guard.Head(t, longest+room)  // the first is after one
	source := guard.Slice(t, longest+room) // for copies

	for name, kernel := range maskKernels {
		t.Run(name, func(t *testing.T) {
			for n := range longest + 1 {
				for align := range 9 {
					for phase := range 4 {
						k, want := after(keyBytes, phase), masked[phase][:n]
						at := len(ends) - align - n
						p := ends[at : at+n : at+n]
						copy(p, plain)
						if next := kernel(p, p, k); next != after(keyBytes, phase+n) {
							t.Fatalf("%d bytes, phase %d: next key %08x", n, phase, next)
						}
						if !bytes.Equal(p, want) {
							t.Fatalf("in place: %d bytes, %d before the fence, phase %d: %x", n, align, phase, p)
						}
						clear(p)
						if !bytes.Equal(ends, blank) {
							t.Fatalf("in place: %d bytes, %d before the fence: wrote outside", n, align)
						}

						src := source[len(source)-n-(align*5)%9:][:n]
						copy(src, plain)
						p = starts[align : align+n : align+n]
						if next := kernel(p, src, k); next != after(keyBytes, phase+n) {
							t.Fatalf("%d bytes, phase %d: next key %08x", n, phase, next)
						}
						if !bytes.Equal(p, want) {
							t.Fatalf("copy: %d bytes, %d after the fence, phase %d: %x", n, align, phase, p)
						}
						if !bytes.Equal(src, plain[:n]) {
							t.Fatalf("copy: %d bytes, %d after the fence: src modified", n, align)
						}
						clear(p)
						if !bytes.Equal(starts, blank) {
							t.Fatalf("copy: %d bytes, %d after the fence: wrote outside", n, align)
						}
					}
				}
			}
		})
	}
}

func BenchmarkMask(b *testing.B) {
	keyBytes := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	for _, n := range []int{2, 8, 15, 32, 64, 125, 256, 1024, 16384, 65536, 1 << 20} {
		p, dst := make([]byte, n), make([]byte, n)
		keys := bytes.Repeat(keyBytes[:], n/4+1)
		run := func(name string, f func()) {
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				b.SetBytes(int64(n))
				for b.Loop() {
					f()
				}
			})
		}
		for _, name := range append(kernels(), "plain") {
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				only(b, name)
				b.SetBytes(int64(n))
				for b.Loop() {
					Mask(p, 0x12345678)
				}
			})
			b.Run(fmt.Sprintf("%d/%s copy", n, name), func(b *testing.B) {
				only(b, name)
				b.SetBytes(int64(n))
				for b.Loop() {
					MaskCopy(dst, p, 0x12345678)
				}
			})
		}
		run("XORBytes", func() { subtle.XORBytes(p, p, keys) }) // the key written out beforehand, for nothing
		run("naive", func() { naive.Mask(p, keyBytes, 0) })
	}
}
