package raw

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// Detach returns the socket, non-blocking and unknown to Go's poller. c must not be used
// afterwards.
func (c *Conn) Detach() (fd int, err error) {
	defer c.nc.Close()
	if c.br.Buffered() > 0 {
		return -1, errors.New("the server has sent something already")
	}
	tcp, ok := c.nc.(*net.TCPConn)
	if !ok {
		return -1, errors.ErrUnsupported
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return -1, err
	}
	controlErr := raw.Control(func(s uintptr) { fd, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0) })
	return fd, errors.Join(controlErr, err)
}
