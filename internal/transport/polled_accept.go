//go:build linux

package transport

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Acceptor takes connections from the queue of a listener of package net, below that package,
// which allocates more for a connection than an event loop needs to keep. While it waits, the
// listener's descriptor is in an epoll set of its own, which is in Go's poller. So it notices late
// that somebody closes the listener: package net's Accept notices at once, and is the one to wait
// while nobody comes. Its methods are called by one goroutine.
type Acceptor struct {
	raw    syscall.RawConn              // the listener
	accept func(listener uintptr)       // acceptOn; bound once
	file   *os.File                     // the epoll set
	set    syscall.RawConn              // the same
	look   func(epoll uintptr) (_ bool) // tryAccept; bound once

	got Accepted
	err error
}

// Accepted is a connection that was accepted.
type Accepted struct {
	FD   int
	peer peerAddr
}

// Adopt returns the connection whose descriptor is fd as if an Acceptor had accepted it.
func Adopt(fd int) Accepted { return Accepted{fd, newPeerAddr(fd)} }

// NewAcceptor returns nil if l is not exactly a *net.TCPListener or *net.UnixListener.
func NewAcceptor(l net.Listener) *Acceptor {
	switch l.(type) {
	case *net.TCPListener, *net.UnixListener:
	default:
		return nil
	}
	raw, err := l.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	a := &Acceptor{raw: raw}
	a.accept, a.look = a.acceptOn, a.tryAccept
	if a.watch() != nil {
		return nil
	}
	return a
}

// watch makes the epoll set. Its entry for the listener goes when the listener is closed.
func (a *Acceptor) watch() error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	_ = unix.SetNonblock(epoll, true) // so that package os has it in Go's poller
	a.file = os.NewFile(uintptr(epoll), "epoll")
	used := a.raw.Control(func(listener uintptr) {
		e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(listener)}
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, int(listener), &e)
	})
	if err = errors.Join(used, err); err == nil {
		a.set, err = a.file.SyscallConn()
	}
	if err != nil {
		a.Close()
	}
	return err
}

// Close releases what a needs to wait. The listener stays open.
func (a *Acceptor) Close() { _ = a.file.Close() }

// Accept takes a connection from the queue and prepares it as package net does. It waits for one
// as long as patience, and then fails with ErrAgain. It fails with net.ErrClosed once the listener
// is closed, maybe after as long, and with an error that is ErrAcceptLater if it may succeed later.
func (a *Acceptor) Accept(patience time.Duration) (Accepted, error) {
	if a.tryAccept(0) {
		return a.got, a.err
	}
	if err := a.file.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return Accepted{}, err
	}
	switch err := a.set.Read(a.look); {
	case errors.Is(err, os.ErrDeadlineExceeded):
		a.tryAccept(0) // tells whether the listener is closed
	case err != nil:
		return Accepted{}, err
	}
	return a.got, a.err
}

// tryAccept reports whether Accept needs to wait no more.
func (a *Acceptor) tryAccept(uintptr) bool {
	if err := a.raw.Control(a.accept); err != nil {
		a.got, a.err = Accepted{}, err
	}
	return a.err != ErrAgain
}

func (a *Acceptor) acceptOn(listener uintptr) { a.got, a.err = accept(int(listener)) }

// ErrAcceptLater is what Accept fails with if the system has not enough of something, descriptors
// above all. It goes on after a pause.
var ErrAcceptLater = errors.New("the system cannot accept a connection now")

func accept(listener int) (got Accepted, err error) {
	for {
		got.FD, err = sysAccept(listener, &got.peer)
		if err = acceptOutcome(err); err == errNextConn {
			continue
		}
		if err != nil {
			return Accepted{FD: -1}, err
		}
		if got.peer.family != unix.AF_UNIX {
			prepareTCP(got.FD)
		}
		return got, nil
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
