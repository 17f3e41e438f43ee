//go:build linux && (386 || s390x)

package transport

import "golang.org/x/sys/unix"

// sysAccept is accept4 and tells the family of the peer's address.
func sysAccept(listener int) (fd int, family uint16, err error) {
	fd, from, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if _, local := from.(*unix.SockaddrUnix); local {
		family = unix.AF_UNIX
	}
	return fd, family, err
}

func newPeerAddr(fd int) (a peerAddr) {
	sa, _ := unix.Getpeername(fd)
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		a.family, a.port = unix.AF_INET, uint16(sa.Port)
		copy(a.ip[:], sa.Addr[:])
	case *unix.SockaddrInet6:
		a.family, a.port, a.ip = unix.AF_INET6, uint16(sa.Port), sa.Addr
	case *unix.SockaddrUnix:
		a.family = unix.AF_UNIX
	}
	return a
}
