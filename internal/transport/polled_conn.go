//go:build linux

package transport

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// polledConn is a Polled as a net.Conn, to look at: addresses, and socket options by SyscallConn.
type polledConn struct{ p *Polled }

// errDriven is what its other methods return.
var errDriven = errors.New("the connection is driven by an event loop: NetConn is for addresses and socket options")

func (polledConn) Read([]byte) (int, error)         { return 0, errDriven }
func (polledConn) Write([]byte) (int, error)        { return 0, errDriven }
func (polledConn) Close() error                     { return errDriven }
func (polledConn) SetDeadline(time.Time) error      { return errDriven }
func (polledConn) SetReadDeadline(time.Time) error  { return errDriven }
func (polledConn) SetWriteDeadline(time.Time) error { return errDriven }

func (c polledConn) LocalAddr() net.Addr  { return c.p.localAddr() }
func (c polledConn) RemoteAddr() net.Addr { return c.p.remoteAddr() }

// opError is what net.Conn's methods would return.
func (p *Polled) opError(op string, err error) error {
	remote := p.remoteAddr()
	return &net.OpError{Op: op, Net: remote.Network(), Source: p.localAddr(), Addr: remote, Err: err}
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

func (polledRaw) Read(func(fd uintptr) (done bool)) error  { return errDriven }
func (polledRaw) Write(func(fd uintptr) (done bool)) error { return errDriven }
