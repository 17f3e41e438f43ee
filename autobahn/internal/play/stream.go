package play

import (
	"io"
	"net"
	"time"
)

// A Stream carries the bytes of one connection: TCP, TLS or a stream of HTTP/2 (RFC 8441).
type Stream interface {
	io.ReadWriteCloser
	// CloseWrite ends our half after what was written: FIN, or END_STREAM.
	CloseWrite() error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// A Need is a set of what the subject of a case may be, other than frames on a stream.
type Need uint8

const (
	// NeedHTTP1: the bytes of a request and a response with Upgrade (RFC 6455 section 4).
	NeedHTTP1 Need = 1 << iota
	// NeedTCP: which side ends TCP, and what happens to one half of it.
	NeedTCP
	// NeedHTTP2: extended CONNECT and the stream of HTTP/2 (RFC 8441).
	NeedHTTP2
)

func (n Need) String() string {
	switch n {
	case NeedHTTP1:
		return "the opening handshake of HTTP/1.1"
	case NeedTCP:
		return "TCP"
	case NeedHTTP2:
		return "a stream of HTTP/2"
	}
	return "the opening handshake of HTTP/1.1 and TCP"
}

// OverTCP returns the stream of a connection by TCP or TLS.
func OverTCP(conn net.Conn) Stream { return tcp{conn} }

type tcp struct{ net.Conn }

// CloseWrite does nothing if the connection has no halves, as that of net.Pipe.
func (t tcp) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
