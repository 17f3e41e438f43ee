package wsplay

import (
	"os"
	"runtime"
	"slices"
	"testing"
)

// Allocated returns how many bytes the program allocates during f.
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Little is what may be allocated for a peer that has sent nothing but claims: 64 KiB
// of room, and as much for everything else. A program with the race detector in it
// allocates the room twice.
var Little = 64<<10 + Allocated(func() { runtime.KeepAlive(slices.Grow([]byte(nil), 64<<10)) })

// OpenDescriptors counts the open descriptors of the process, where the system tells.
func OpenDescriptors(t *testing.T) int {
	if runtime.GOOS != "linux" {
		return 0
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
