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

// Drive takes the socket out of t, which is then of no use, and drives it: the peer notices
// nothing. That works for a Socket, and for TLS on what Movable has returned, after its handshake.
// p is the memory for what drives a socket, and may be the result. fd is for the event loop to
// watch. Drive is called inside both gates.
//
// It fails, and nothing has happened, if t is another kind of stream, if bytes that were read
// before stand in front of it, or if it is called by the body of an inline loop on t.
func Drive(t Transport, p *Polled, owner Owner) (d Driven, fd int, err error) {
	fd, err = -1, errNoDetach
	switch t := t.(type) {
	case *preloaded:
		if len(t.p) == 0 {
			return Drive(t.Transport, p, owner)
		}
	case *Socket:
		fd, err = t.detach()
	case *tlsConn:
		return driveTLS(t.Conn.(*tls.Conn), owner)
	case *netConn:
		if m, ok := t.Conn.(*movable); ok {
			fd, err = Detach(m)
		}
	}
	if err != nil {
		return nil, -1, err
	}
	p.Init(fd, owner)
	return p, fd, nil
}

// CanDrive reports whether Drive may succeed. It fails only where something is in the way then.
func CanDrive(t Transport) bool {
	switch t := t.(type) {
	case *preloaded:
		return len(t.p) == 0 && CanDrive(t.Transport)
	case *Socket:
		return detachable(t.Conn)
	case *tlsConn:
		_, ok := t.Conn.(*tls.Conn).NetConn().(*movable)
		return ok
	case *netConn:
		_, ok := t.Conn.(*movable)
		return ok
	}
	return false
}

// errInBody is returned by Drive in the body of an inline loop.
var errInBody = errors.New("a loop over messages runs on this connection")

// detach is Detach for a Socket.
func (t *Socket) detach() (fd int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.state.Load() {
	case socketReleased:
		return -1, errInBody
	case socketClosed:
		return -1, net.ErrClosed
	}
	if fd, err = Detach(t.Conn); err != nil {
		return -1, err
	}
	t.state.Store(socketClosed)
	if t.inline != nil {
		t.inline.dropDup()
	}
	return fd, nil
}

func driveTLS(secure *tls.Conn, owner Owner) (d Driven, fd int, err error) {
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
