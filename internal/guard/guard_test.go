package guard

import (
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"
)

func TestSizes(t *testing.T) {
	for _, n := range []int{0, 1, 2, 4095, 4096, 4097, 70000} {
		for name, p := range map[string][]byte{"Slice": Slice(t, n), "Head": Head(t, n)} {
			if len(p) != n || cap(p) != n {
				t.Errorf("%s(%d): len %d, cap %d", name, n, len(p), cap(p))
			}
			for i := range p {
				if p[i] != 0 {
					t.Fatalf("%s(%d): byte %d is not zero", name, n, i)
				}
				p[i] = 1 // and may be written
			}
		}
	}
}

func TestFences(t *testing.T) {
	if !Fenced(t) {
		if runtime.GOOS == "linux" {
			t.Fatal("no fences on linux: kernels would be tested without them")
		}
		t.Skip("this system does not protect pages for us")
	}
	after, before := Slice(t, 100), Head(t, 100)
	last, first := unsafe.Pointer(&after[99]), unsafe.Pointer(&before[0])
	if faults(last) || faults(first) {
		t.Error("the slice itself cannot be read")
	}
	if !faults(unsafe.Add(last, 1)) {
		t.Error("the byte after Slice can be read")
	}
	if !faults(unsafe.Add(first, -1)) {
		t.Error("the byte before Head can be read")
	}
}

var sink byte

// faults reports whether the byte at p is unreadable.
//
//go:nocheckptr
func faults(p unsafe.Pointer) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	sink = *(*byte)(p)
	return false
}
