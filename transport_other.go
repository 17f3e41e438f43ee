//go:build !unix

package websocket

import (
	"net"
	"syscall"
)

// rawTransport: this system has no readiness to wait for, or none that suits.
type rawTransport struct{ netTransport }

func (t *rawTransport) init(net.Conn, syscall.Conn) bool { return false }
