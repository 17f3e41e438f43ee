//go:build unix

package websocket

import (
	"io"
	"net"
	"os"
	"syscall"
)

// rawTransport drives a socket of the standard library below its Read method: it
// waits until the socket is readable and only then borrows a buffer, so that an
// idle connection holds none. Waiting, deadlines and closing stay with net.
type rawTransport struct {
	netTransport
	raw     syscall.RawConn
	attempt func(fd uintptr) bool // tryRead, bound once so that a read allocates nothing

	// What the read under way is about; valid inside the read gate.
	into *readBuffer // fill: where to borrow
	dst  []byte      // read: where to put it
	n    int
	err  error
}

// newRawTransport returns nil if the socket cannot be had.
func newRawTransport(c net.Conn, s syscall.Conn) transport {
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	t := &rawTransport{netTransport: netTransport{Conn: c}, raw: raw}
	t.attempt = t.tryRead
	return t
}

func (t *rawTransport) fill(b *readBuffer) (int, error) {
	t.into = b
	n, err := t.wait()
	t.into = nil
	return n, err
}

func (t *rawTransport) read(p []byte) (int, error) {
	t.dst = p
	n, err := t.wait()
	t.dst = nil
	return n, err
}

func (t *rawTransport) wait() (int, error) {
	t.n, t.err = 0, nil
	if err := t.raw.Read(t.attempt); err != nil {
		return 0, err
	}
	if t.err != nil {
		return 0, &net.OpError{Op: "read", Net: t.Conn.RemoteAddr().Network(), Source: t.Conn.LocalAddr(), Addr: t.Conn.RemoteAddr(), Err: t.err}
	}
	if t.n == 0 {
		return 0, io.EOF
	}
	return t.n, nil
}

// tryRead reads once without waiting. It returns false when there is nothing
// yet: net then waits for the socket and calls again. The poller is
// edge-triggered, so only a read that found nothing may lead to waiting.
func (t *rawTransport) tryRead(fd uintptr) bool {
	p := t.dst
	if t.into != nil {
		p = t.into.room()
	}
	for {
		n, err := syscall.Read(int(fd), p)
		switch err {
		case nil:
			t.n = n
			if t.into != nil {
				t.into.added(n)
			}
			return true
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			if t.into != nil {
				t.into.release()
			}
			return false
		default:
			t.err = os.NewSyscallError("read", err)
			return true
		}
	}
}
