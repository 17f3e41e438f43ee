//go:build linux && (386 || s390x)

package transport

import "golang.org/x/sys/unix"

// sysAccept is accept4 and tells the peer's address.
func sysAccept(listener int, peer *peerAddr) (fd int, err error) {
	fd, from, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	peer.set(from)
	return fd, err
}

func newPeerAddr(fd int) (a peerAddr) {
	sa, _ := unix.Getpeername(fd)
	a.set(sa)
	return a
}

func (a *peerAddr) set(from unix.Sockaddr) {
	switch sa := from.(type) {
	case *unix.SockaddrInet4:
		a.family, a.port = unix.AF_INET, uint16(sa.Port)
		copy(a.ip[:], sa.Addr[:])
	case *unix.SockaddrInet6:
		a.family, a.port, a.ip = unix.AF_INET6, uint16(sa.Port), sa.Addr
	case *unix.SockaddrUnix:
		a.family = unix.AF_UNIX
	}
}
