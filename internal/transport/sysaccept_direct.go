//go:build linux && !386 && !s390x

package transport

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sysAccept is accept4. It allocates nothing.
func sysAccept(listener int, peer *peerAddr) (fd int, err error) {
	var from unix.RawSockaddrAny
	size := uint32(unix.SizeofSockaddrAny)
	n, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(listener),
		uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	peer.set(&from)
	return int(n), nil
}

func (a *peerAddr) set(from *unix.RawSockaddrAny) {
	a.family = uint8(from.Addr.Family)
	switch a.family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		copy(a.ip[:], sa.Addr[:])
		a.port = fromNetwork(sa.Port)
	case unix.AF_INET6:
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(from))
		a.ip, a.port = sa.Addr, fromNetwork(sa.Port)
	}
}

// fromNetwork returns a port that the system has written, most significant byte first.
func fromNetwork(port uint16) uint16 {
	var p [2]byte
	binary.NativeEndian.PutUint16(p[:], port)
	return binary.BigEndian.Uint16(p[:])
}
