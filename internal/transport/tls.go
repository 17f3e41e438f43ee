package transport

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
)

// tlsConn drives TLS. A read that is interrupted can go on; a write cannot, because the
// record that was begun is lost (see [tls.Conn.SetWriteDeadline]).
type tlsConn struct {
	netConn
	first [496]byte // half a KiB in all
}

// Fill waits with a little memory of its own, so that an idle connection need not hold a
// buffer of ours besides those of crypto/tls. Most messages fit in it. The rest of a
// longer record comes without a system call.
func (t *tlsConn) Fill(b *Buffer) (int, error) {
	return fillAfter(t, b, t.first[:])
}

// fillAfter waits in first, so that a connection that is idle holds no buffer, and then fills b.
func fillAfter(r io.Reader, b *Buffer, first []byte) (int, error) {
	if b.Buffered() > 0 { // of a frame, the rest of which is mostly there
		n, err := r.Read(b.Room())
		b.Extend(n)
		return n, err
	}
	b.Release()
	n, err := r.Read(first)
	if n > 0 {
		b.Extend(copy(b.Room(), first[:n]))
	}
	return n, err
}

func (t *tlsConn) Write(head, tail []byte) (int, error) {
	n, err := t.writeBoth(head, tail)
	if err != nil && IsTimeout(err) {
		err = fmt.Errorf("%w: %w", ErrWriteCut, err)
	}
	return n, err
}

// CloseWrite ends the TLS direction and the TCP direction beneath it.
func (t *tlsConn) CloseWrite() bool {
	if !t.netConn.CloseWrite() {
		return false
	}
	closeWrite(t.beneath())
	return true
}

// Close does not say goodbye as tls.Conn.Close does, which waits up to 5 s for a peer
// that does not read. In an orderly end CloseWrite has said it.
//
// On a socket that was made blocking behind our back, crypto/tls waits in a system call
// that only a shutdown ends. The socket's Close would wait for that call.
func (t *tlsConn) Close() error {
	t.InterruptRead(true)
	beneath := t.beneath()
	shutDown(beneath)
	return beneath.Close()
}

// Traits: crypto/tls has copied, into its record, what it was given.
func (t *tlsConn) Traits() Traits { return 0 }

func (t *tlsConn) beneath() net.Conn { return t.Conn.(*tls.Conn).NetConn() }

// shutDown ends both directions of a socket, whoever waits for it.
func shutDown(nc net.Conn) {
	socket, ok := nc.(interface {
		CloseRead() error
		CloseWrite() error
	})
	if ok {
		_ = socket.CloseRead()
		_ = socket.CloseWrite()
	}
}
