//go:build linux && !386 && !s390x

package transport

import (
	"syscall"
	"unsafe"
)

// The calls in this file never wait, whatever mode the descriptor is in. A socket can
// become blocking behind our back: File on the net.Conn and Fd on that file do it to
// the one open socket that both descriptors share. net then still waits in the poller,
// where a deadline ends the wait.
//
// Because they never wait, the scheduler need not be told of the short ones. That
// saves a tenth of what they cost.

func sysRead(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd,
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), syscall.MSG_DONTWAIT, 0, 0)
	if errno == 0 {
		raceReceived(fd, p[:n])
	}
	return int(n), errno
}

func sysWrite(fd uintptr, p []byte) (int, syscall.Errno) {
	raceSent(p)
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd,
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// twoParts is the memory of sysWriteBoth.
type twoParts struct {
	header syscall.Msghdr
	parts  [2]syscall.Iovec
}

// longWrite is how many bytes keep the kernel busy for so long that the scheduler is told.
// To tell it costs more than shorter writes are worth: it may start another thread.
const longWrite = 256 << 10

// sysWriteBoth writes p and then q by one system call.
func sysWriteBoth(fd uintptr, m *twoParts, p, q []byte) (int, syscall.Errno) {
	raceSent(p)
	raceSent(q)
	for i, part := range [2][]byte{p, q} {
		m.parts[i].Base = unsafe.SliceData(part)
		m.parts[i].SetLen(len(part))
	}
	m.header.Iov, m.header.Iovlen = &m.parts[0], 2
	const flags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL
	var n uintptr
	var errno syscall.Errno
	if len(p)+len(q) < longWrite {
		n, _, errno = syscall.RawSyscall(syscall.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&m.header)), flags)
	} else {
		n, _, errno = syscall.Syscall(syscall.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&m.header)), flags)
	}
	*m = twoParts{}
	return int(n), errno
}
