//go:build linux

package transport

import (
	"errors"
	"net"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// polledConn is a Polled as a net.Conn, to look at: addresses, and socket options by SyscallConn.
type polledConn struct{ p *Polled }

// errDriven is what its other methods return.
var errDriven = errors.New("the connection is driven by an event loop: NetConn is for addresses and socket options")

func (c polledConn) Read([]byte) (int, error)         { return 0, c.p.opError("read", errDriven) }
func (c polledConn) Write([]byte) (int, error)        { return 0, c.p.opError("write", errDriven) }
func (c polledConn) Close() error                     { return c.p.opError("close", errDriven) }
func (c polledConn) SetDeadline(time.Time) error      { return c.p.opError("set", errDriven) }
func (c polledConn) SetReadDeadline(time.Time) error  { return c.p.opError("set", errDriven) }
func (c polledConn) SetWriteDeadline(time.Time) error { return c.p.opError("set", errDriven) }

func (c polledConn) LocalAddr() net.Addr  { return c.p.address(unix.Getsockname) }
func (c polledConn) RemoteAddr() net.Addr { return c.p.address(unix.Getpeername) }

// address asks the system. It returns noAddress after Close.
func (p *Polled) address(ask func(fd int) (unix.Sockaddr, error)) net.Addr {
	if !p.use() {
		return noAddress{}
	}
	defer p.unuse()
	sa, err := ask(int(p.fd))
	if err != nil {
		return noAddress{}
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: net.IP(sa.Addr[:]), Port: sa.Port}
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: net.IP(sa.Addr[:]), Port: sa.Port, Zone: zone(sa.ZoneId)}
	case *unix.SockaddrUnix:
		return &net.UnixAddr{Name: sa.Name, Net: "unix"}
	}
	return noAddress{}
}

// zone names an interface, as package net does.
func zone(id uint32) string {
	if id == 0 {
		return ""
	}
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(id))
}

// noAddress is the address of a socket that is closed.
type noAddress struct{}

func (noAddress) Network() string { return "closed" }
func (noAddress) String() string  { return "closed" }

// opError is what net.Conn's methods would return.
func (p *Polled) opError(op string, err error) error {
	remote := p.address(unix.Getpeername)
	return &net.OpError{Op: op, Net: remote.Network(), Source: p.address(unix.Getsockname), Addr: remote, Err: err}
}

func (p *Polled) closedError(op string) error { return &net.OpError{Op: op, Err: net.ErrClosed} }

// SyscallConn is for socket options.
func (c polledConn) SyscallConn() (syscall.RawConn, error) { return polledRaw(c), nil }

// polledRaw keeps the descriptor open while it is used.
type polledRaw struct{ p *Polled }

func (r polledRaw) Control(f func(fd uintptr)) error {
	if !r.p.use() {
		return r.p.closedError("raw-control")
	}
	defer r.p.unuse()
	f(uintptr(r.p.fd))
	return nil
}

func (r polledRaw) Read(func(fd uintptr) (done bool)) error {
	return r.p.opError("raw-read", errDriven)
}

func (r polledRaw) Write(func(fd uintptr) (done bool)) error {
	return r.p.opError("raw-write", errDriven)
}
