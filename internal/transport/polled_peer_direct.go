//go:build linux && !386 && !s390x

package transport

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Package unix allocates memory for each address that it is told. These calls do not: it would
// be garbage of the size of an idle connection, for each that is accepted.

// sysAccept is accept4 and tells the peer's address.
func sysAccept(listener int, peer *peerAddr) (fd int, err error) {
	var from unix.RawSockaddrAny
	size := uint32(unix.SizeofSockaddrAny)
	n, _, errno := syscall.Syscall6(unix.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	peer.set(&from)
	return int(n), nil
}

func newPeerAddr(fd int) (a peerAddr) {
	var from unix.RawSockaddrAny
	size := uint32(unix.SizeofSockaddrAny)
	_, _, errno := syscall.RawSyscall(unix.SYS_GETPEERNAME, uintptr(fd), uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)))
	if errno == 0 {
		a.set(&from)
	}
	return a
}

func (a *peerAddr) set(from *unix.RawSockaddrAny) {
	switch a.family = uint8(from.Addr.Family); from.Addr.Family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		a.port = bigEndian(&sa.Port)
		copy(a.ip[:], sa.Addr[:])
	case unix.AF_INET6:
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(from))
		a.port, a.ip = bigEndian(&sa.Port), sa.Addr
	}
}

// bigEndian is the value of two bytes in the order of the network.
func bigEndian(p *uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(p))
	return uint16(b[0])<<8 | uint16(b[1])
}
