//go:build darwin || linux

package guard

import (
	"syscall"
	"testing"
)

// fenced returns whole pages, at least one and enough for n bytes, between two
// that cannot be read; nil when the system refuses, as some emulators do.
func fenced(tb testing.TB, n int) []byte {
	tb.Helper()
	page := syscall.Getpagesize()
	size := max(1, (n+page-1)/page) * page
	all, err := syscall.Mmap(-1, 0, page+size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	tb.Cleanup(func() {
		if err := syscall.Munmap(all); err != nil {
			tb.Errorf("munmap: %v", err)
		}
	})
	for _, fence := range [][]byte{all[:page], all[page+size:]} {
		if syscall.Mprotect(fence, syscall.PROT_NONE) != nil {
			return nil
		}
	}
	return all[page : page+size : page+size]
}
