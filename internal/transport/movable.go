package transport

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// movable is a socket beneath crypto/tls that can be moved to an event loop. A tls.Conn keeps what
// it was made with for ever, so it is made with this:
//
//	http.Server ──▶ tls.Conn ──▶ movable ──▶ *net.TCPConn         before
//	polledTLS ────▶ tls.Conn ──▶ movable ──▶ tlsSocket ──▶ Polled  after
//
// Before, it is the socket by another type.
type movable struct{ at atomic.Pointer[net.Conn] }

// Movable returns what a listener for TLS has to return in place of nc: see Drive. That is nc
// itself if it cannot be moved.
func Movable(nc net.Conn) net.Conn {
	if !detachable(nc) {
		return nc
	}
	m := new(movable)
	m.at.Store(&nc)
	return m
}

// beneath returns what it is now.
func (m *movable) beneath() net.Conn { return *m.at.Load() }

func (m *movable) Read(p []byte) (int, error)         { return m.beneath().Read(p) }
func (m *movable) Write(p []byte) (int, error)        { return m.beneath().Write(p) }
func (m *movable) Close() error                       { return m.beneath().Close() }
func (m *movable) LocalAddr() net.Addr                { return m.beneath().LocalAddr() }
func (m *movable) RemoteAddr() net.Addr               { return m.beneath().RemoteAddr() }
func (m *movable) SetDeadline(t time.Time) error      { return m.beneath().SetDeadline(t) }
func (m *movable) SetReadDeadline(t time.Time) error  { return m.beneath().SetReadDeadline(t) }
func (m *movable) SetWriteDeadline(t time.Time) error { return m.beneath().SetWriteDeadline(t) }

// socketConn is what TCP and Unix sockets have besides.
type socketConn interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
	SyscallConn() (syscall.RawConn, error)
}

func (m *movable) CloseRead() error  { return m.beneath().(socketConn).CloseRead() }
func (m *movable) CloseWrite() error { return m.beneath().(socketConn).CloseWrite() }

func (m *movable) SyscallConn() (syscall.RawConn, error) {
	return m.beneath().(socketConn).SyscallConn()
}
