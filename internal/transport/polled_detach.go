//go:build linux

package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// detachable reports whether nc is a socket of exactly package net.
func detachable(nc net.Conn) bool {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

// Detach takes the socket out of nc, and closes nc: the peer notices nothing. It fails, and
// nothing has happened, if nc is not exactly a *net.TCPConn or *net.UnixConn, also beneath what
// Movable returns. Nobody may use nc meanwhile.
func Detach(nc net.Conn) (fd int, err error) {
	if m, ok := nc.(*movable); ok {
		nc = m.beneath()
	}
	if !detachable(nc) {
		return -1, errNoDetach
	}
	if fd, err = duplicateFD(nc.(socketConn)); err != nil {
		return -1, err
	}
	_ = nc.Close()
	return fd, nil
}

// duplicateFD returns another descriptor of the same socket.
func duplicateFD(socket syscall.Conn) (fd int, err error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return -1, err
	}
	used := raw.Control(func(f uintptr) { fd, err = unix.FcntlInt(f, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(used, err); err != nil {
		return -1, err
	}
	return fd, nil
}

// Drive takes the socket out of nc, as Detach does, and drives it. That works also if nc is a
// *tls.Conn on what Movable has returned, after its handshake. fd is for the event loop to watch.
func Drive(nc net.Conn, owner Owner) (d Driven, fd int, err error) {
	secure, ok := nc.(*tls.Conn)
	if !ok {
		if fd, err = Detach(nc); err != nil {
			return nil, -1, err
		}
		return NewPolled(fd, owner), fd, nil
	}
	m, ok := secure.NetConn().(*movable)
	if !ok || !secure.ConnectionState().HandshakeComplete {
		return nil, -1, errNoDetach
	}
	if fd, err = Detach(m); err != nil {
		return nil, -1, err
	}
	t := &polledTLS{conn: secure}
	t.Init(fd, owner)
	var s net.Conn = &tlsSocket{polledConn{&t.Polled}, t}
	m.at.Store(&s)
	return t, fd, nil
}
