package autobahn

import (
	"io"
	"net"
	"time"
)

// A stream carries the bytes of one connection: TCP or TLS now. A stream of HTTP/2 (RFC 8441)
// would be another one.
type stream interface {
	io.ReadWriteCloser
	// CloseWrite ends our half after what was written: FIN, or END_STREAM.
	CloseWrite() error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// A need is a set of what the subject of a case may be, other than frames on a stream.
type need uint8

const (
	// needHTTP1: the bytes of a request and a response with Upgrade (RFC 6455 section 4).
	needHTTP1 need = 1 << iota
	// needTCP: which side ends TCP, and what happens to one half of it.
	needTCP
)

func (n need) String() string {
	switch n {
	case needHTTP1:
		return "the opening handshake of HTTP/1.1"
	case needTCP:
		return "TCP"
	}
	return "the opening handshake of HTTP/1.1 and TCP"
}

// overTCP returns the stream of a connection by TCP or TLS.
func overTCP(conn net.Conn) stream { return tcp{conn} }

type tcp struct{ net.Conn }

// CloseWrite does nothing if the connection has no halves, as that of net.Pipe.
func (t tcp) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
