//go:build linux

package transport

import (
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// DuplicateListener returns a descriptor of its own for the socket of l, in an event loop, which
// package net's listener cannot be. ok is false if l is not exactly a *net.TCPListener or
// *net.UnixListener. Both accept from then on, and each ends by its own Close.
func DuplicateListener(l net.Listener) (fd int, ok bool) {
	socket := listening(l)
	if socket == nil {
		return -1, false
	}
	fd, err := duplicateFD(socket)
	if err != nil {
		return -1, false
	}
	if err := unix.SetNonblock(fd, true); err != nil { // File makes it blocking
		_ = unix.Close(fd)
		return -1, false
	}
	return fd, true
}

// listening returns the socket of l, nil if l is not exactly one of package net.
func listening(l net.Listener) syscall.Conn {
	switch l := l.(type) {
	case *net.TCPListener:
		return l
	case *net.UnixListener:
		return l
	}
	return nil
}

// AcceptFrom is Accept for a listener of package net that stays there: after its Accept has
// returned one connection, AcceptFrom returns those that wait behind it, with less work. It fails
// with net.ErrClosed once the listener is closed, and with ErrAgain if none waits or the listener
// is of another kind than DuplicateListener takes.
func AcceptFrom(l net.Listener) (fd int, err error) {
	socket := listening(l)
	if socket == nil {
		return -1, ErrAgain
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd = -1
	if used := raw.Control(func(listener uintptr) { fd, err = Accept(int(listener)) }); used != nil {
		return -1, used
	}
	return fd, err
}

// ErrAcceptLater is returned by Accept if the system has not enough of something, descriptors
// above all. It goes on after a pause.
var ErrAcceptLater = errors.New("the system cannot accept a connection now")

// Accept takes a connection from the queue of a listener, without waiting, and prepares it as
// package net does. It fails with ErrAgain if there is none, and with an error that is
// ErrAcceptLater if it may succeed later.
func Accept(listener int) (fd int, err error) {
	for {
		fd, family, err := sysAccept(listener)
		if err = acceptOutcome(err); err == errNextConn {
			continue
		}
		if err != nil {
			return -1, err
		}
		if family != unix.AF_UNIX {
			prepareTCP(fd)
		}
		return fd, nil
	}
}

// errNextConn says that the connection taken from the queue has failed, not the listener.
var errNextConn = errors.New("the connection was given up before it was accepted")

// acceptOutcome returns what an error of accept4 means.
func acceptOutcome(err error) error {
	switch err {
	case nil:
		return nil
	case unix.EAGAIN:
		return ErrAgain
	case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM, unix.EPERM:
		return &acceptError{os.NewSyscallError("accept4", err)}
	case unix.EINTR, unix.ECONNABORTED, unix.EPROTO, unix.ENOPROTOOPT, unix.ENETDOWN, unix.ENETUNREACH, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENONET, unix.ETIMEDOUT:
		return errNextConn
	}
	return os.NewSyscallError("accept4", err)
}

// acceptError is an error that is ErrAcceptLater.
type acceptError struct{ error }

func (e *acceptError) Unwrap() []error { return []error{ErrAcceptLater, e.error} }

// Keepalive of TCP, as package net sets it: in seconds, and how many probes.
const (
	keepaliveIdle     = 15
	keepaliveInterval = 15
	keepaliveProbes   = 9
)

// prepareTCP sets the options that package net sets. A socket without one works as well.
func prepareTCP(fd int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepaliveIdle)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, keepaliveInterval)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepaliveProbes)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
}
