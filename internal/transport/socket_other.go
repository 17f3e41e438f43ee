//go:build !unix

package transport

import (
	"net"
	"syscall"
)

// Socket is the memory for most connections. This system has no readiness to wait for,
// or none that suits: a Socket is a net.Conn like any other.
type Socket struct{ netConn }

func (t *Socket) init(net.Conn, syscall.Conn) bool { return false }
