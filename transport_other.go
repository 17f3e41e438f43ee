//go:build !unix

package websocket

import (
	"net"
	"syscall"
)

// newRawTransport: this system has no readiness to wait for, or none that suits.
func newRawTransport(net.Conn, syscall.Conn) transport { return nil }
