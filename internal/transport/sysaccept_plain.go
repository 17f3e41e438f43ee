//go:build linux && (386 || s390x)

package transport

import "golang.org/x/sys/unix"

// sysAccept is accept4.
func sysAccept(listener int, peer *peerAddr) (fd int, err error) {
	fd, from, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	*peer = peerAddrOf(from)
	return fd, err
}
