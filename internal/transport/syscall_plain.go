//go:build unix && (!linux || 386 || s390x)

package transport

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// The calls in this file do not wait even if the descriptor is in blocking mode: see
// syscall_direct.go. Here packages syscall and unix make them, and tell the scheduler.

// dontWait returns MSG_DONTWAIT, or what this system calls it.
func dontWait() int {
	switch runtime.GOOS {
	case "linux":
		return 0x40
	case "aix":
		return 0x4000
	}
	return 0x80
}

func sysRead(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, err := syscall.Recvfrom(int(fd), p, dontWait())
	if n > 0 {
		err = nil // of an address that means nothing to package syscall
	}
	if err == nil {
		raceReceived(fd, p[:n])
	}
	return max(n, 0), errno(err)
}

func sysWrite(fd uintptr, p []byte) (int, syscall.Errno) {
	raceSent(p)
	n, err := syscall.SendmsgN(int(fd), p, nil, nil, dontWait())
	return max(n, 0), errno(err)
}

func errno(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if e, ok := err.(syscall.Errno); ok {
		return e
	}
	return syscall.EINVAL // it is always an Errno
}

// twoParts needs no memory here.
type twoParts struct{}

// sysWriteBoth writes p and then q by one system call.
func sysWriteBoth(fd uintptr, _ *twoParts, p, q []byte) (int, syscall.Errno) {
	raceSent(p)
	raceSent(q)
	n, err := unix.SendmsgBuffers(int(fd), [][]byte{p, q}, nil, nil, dontWait())
	return max(n, 0), errno(err)
}
