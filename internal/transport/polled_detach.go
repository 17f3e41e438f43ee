//go:build linux

package transport

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Detach takes the socket out of nc, which is then closed: nothing has been sent for that. It
// fails, and nothing has happened, if nc is not exactly a *net.TCPConn or *net.UnixConn.
func Detach(nc net.Conn) (fd int, err error) {
	var raw syscall.RawConn
	switch c := nc.(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	default:
		return -1, errNoDetach
	}
	if err != nil {
		return -1, err
	}
	fd = -1
	if err2 := raw.Control(func(f uintptr) { fd, err = unix.FcntlInt(f, unix.F_DUPFD_CLOEXEC, 0) }); err2 != nil {
		return -1, err2
	}
	if err != nil {
		return -1, err
	}
	_ = nc.Close()
	return fd, nil
}
