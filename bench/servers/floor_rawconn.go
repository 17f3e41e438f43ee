package servers

import (
	"io"
	"net"
	"syscall"
	"unsafe"
)

// rawConnFloor is the minimum with Go's poller: a goroutine stays in a callback of RawConn.Read
// and makes the system calls itself.
type rawConnFloor struct{}

func (rawConnFloor) Module() string { return "" }

func (rawConnFloor) Echo(l net.Listener, _ Settings) error { return serveConns(l, echoRawConn) }

func echoRawConn(nc net.Conn) {
	rest, err := floorHandshake(nc)
	if err != nil {
		return
	}
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		return
	}
	c := newFloorConn(rest)
	_ = raw.Read(func(fd uintptr) bool {
		for {
			drained, err := c.turn(raw, fd)
			if err != nil || drained {
				return err != nil
			}
		}
	})
}

// turn answers the present frames and reads once. After a short read nothing is left, and the
// poller reports new data. (It does not report an end that comes with the last bytes again: a
// library must be more careful than a floor.)
func (c *floorConn) turn(raw syscall.RawConn, fd uintptr) (drained bool, err error) {
	space, err := c.space()
	if err != nil {
		return false, err
	}
	n, errno := rawCall(syscall.SYS_READ, fd, space)
	switch {
	case errno == syscall.EAGAIN:
		return true, nil
	case errno == syscall.EINTR:
		return false, nil
	case errno != 0:
		return false, errno
	case n == 0:
		return false, io.EOF
	}
	c.arrived(n)
	answers, used, err := c.answer()
	if err != nil {
		return false, err
	}
	if used > 0 {
		if err := writeAll(raw, fd, answers); err != nil {
			return false, err
		}
		c.consume(used)
	}
	return n < len(space), nil
}

// writeAll waits in RawConn.Write if the socket is full, which is rare with so few messages in
// flight.
func writeAll(raw syscall.RawConn, fd uintptr, p []byte) error {
	for len(p) > 0 {
		n, errno := rawCall(syscall.SYS_WRITE, fd, p)
		switch errno {
		case 0:
			p = p[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			first := true
			if err := raw.Write(func(uintptr) bool {
				again := !first
				first = false
				return again
			}); err != nil {
				return err
			}
		default:
			return errno
		}
	}
	return nil
}

// rawCall does not tell the scheduler, because the call cannot block.
func rawCall(trap, fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}
