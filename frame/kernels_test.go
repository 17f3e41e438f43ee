package frame

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/internal/guard"
)

// thinned is how many lengths a long table may step over: 1, unless the
// environment says that this is an emulated machine, by HAWSER_THINNED=1.
func thinned(most int) int {
	if os.Getenv("HAWSER_THINNED") == "" {
		return 1
	}
	return most
}

// fenced is for tables: a slice of n bytes that ends before a fence, or begins
// after one. The same memory is given out again and again.
func fenced(tb testing.TB, longest int) (ends, begins func(n int) []byte) {
	last, first := guard.Slice(tb, longest), guard.Head(tb, longest)
	ends = func(n int) []byte { return last[longest-n:] }
	begins = func(n int) []byte { return first[:n:n] }
	return ends, begins
}

// The kernels that HAWSER_KERNELS names, as "avx512,avx2", must be there, the
// first must be what is chosen, and there may be no others: a kernel does not
// pass by being skipped. "plain" means that there is none.
func TestKernelsRequired(t *testing.T) {
	required := os.Getenv("HAWSER_KERNELS")
	if required == "" {
		t.Skip("HAWSER_KERNELS names no kernels")
	}
	names := kernels()
	if len(names) == 0 {
		names = []string{"plain"}
	}
	if got := strings.Join(names, ","); got != required {
		t.Errorf("the kernels of this machine are %s, required are %s", got, required)
	}
	for _, name := range kernels() {
		if maskKernels[name] == nil || validateKernels[name] == nil || unmaskValidKernels[name] == nil || wholeKernels[name].valid == nil {
			t.Errorf("%s is in no table of tests", name)
		}
	}
	for name := range wholeKernels {
		if !slices.Contains(kernels(), name) {
			t.Errorf("%s is tested and is no kernel of this machine", name)
		}
	}
}

// Nothing that a kernel is given escapes to the heap.
func TestKernelsAllocations(t *testing.T) {
	for _, name := range append(kernels(), "plain") {
		t.Run(name, func(t *testing.T) {
			only(t, name)
			if n := testing.AllocsPerRun(100, func() {
				var v Validator
				var p, dst [300]byte // must not escape
				key := Mask(p[:], 0x12345678)
				key = MaskCopy(dst[:], p[:], key)
				copy(p[:], "many bytes that are no ASCII: κόσμε κόσμε κόσμε κόσμε κόσμε")
				key = Mask(p[:], key)
				if _, ok := UnmaskValid(p[:], key, &v); !ok || !v.Valid(p[:]) {
					t.Error("refused")
				}
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}
