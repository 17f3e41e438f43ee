//go:build unix && race

package transport

import (
	"runtime"
	"syscall"
	"unsafe"
)

// Under the race detector package syscall has every Write happen before every Read
// that follows it. These have our own system calls do so, too.

// raceReceived is called when p was filled.
func raceReceived(fd uintptr, p []byte) {
	if len(p) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&p[0]), len(p))
	}
	_, _ = syscall.Read(int(fd), nil) // reads nothing, and tells the detector
}

// raceSent is called before p is sent.
func raceSent(p []byte) {
	if len(p) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(&p[0]), len(p))
	}
	_, _ = syscall.Write(-1, nil) // fails, and tells the detector
}
