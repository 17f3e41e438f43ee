package transport

import (
	"crypto/tls"
	"net"
)

// Plain chooses how to drive nc for a shell whose users set its deadlines themselves and
// look at its errors. It leaves the deadlines as they are, and errors are those of nc. Of
// the methods of the result only Fill, Read, Write and TryWrite are for such a shell. s is
// the memory for what most connections need, and may be part of the result.
func Plain(nc net.Conn, s *Socket) Transport {
	switch c := nc.(type) {
	case *net.TCPConn:
		if s.init(c, c) {
			return s
		}
	case *net.UnixConn:
		if s.init(c, c) {
			return s
		}
	case *tls.Conn:
		return &plainTLS{tlsConn{netConn: netConn{c}}}
	}
	return &plainConn{netConn{nc}}
}

// plainConn is a netConn whose errors stay as they are.
type plainConn struct{ netConn }

func (t *plainConn) Write(head, tail []byte) (int, error) { return t.writeBoth(head, tail) }

// plainTLS is a tlsConn whose errors stay as they are.
type plainTLS struct{ tlsConn }

func (t *plainTLS) Write(head, tail []byte) (int, error) { return t.writeBoth(head, tail) }
