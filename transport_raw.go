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
	raw syscall.RawConn
	// Bound once, so that a call allocates nothing.
	attemptRead, attemptWrite, attemptOffer func(fd uintptr) bool

	// What the read under way is about; valid inside the read gate.
	into *readBuffer // fill: where to borrow
	dst  []byte      // read: where to put it
	n    int
	err  error

	// Likewise of the write under way, inside the write gate.
	src      []byte
	wrote    int
	writeErr error
}

// newRawTransport returns nil if the socket cannot be had.
func newRawTransport(c net.Conn, s syscall.Conn) transport {
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	t := &rawTransport{netTransport: netTransport{Conn: c}, raw: raw}
	t.attemptRead, t.attemptWrite, t.attemptOffer = t.tryRead, t.tryWrite, t.tryOffer
	return t
}

func (t *rawTransport) fill(b *readBuffer) (int, error) {
	t.into, t.n, t.err = b, 0, nil
	err := t.raw.Read(t.attemptRead)
	t.into = nil
	if err != nil || t.n <= 0 {
		return 0, t.readError(err)
	}
	return t.n, nil
}

func (t *rawTransport) read(p []byte) (int, error) {
	t.dst, t.n, t.err = p, 0, nil
	err := t.raw.Read(t.attemptRead)
	t.dst = nil
	if err != nil || t.n <= 0 {
		return 0, t.readError(err)
	}
	return t.n, nil
}

// readError is what net.Conn's Read would return.
func (t *rawTransport) readError(err error) error {
	switch {
	case err != nil:
		return err
	case t.err != nil:
		return t.opError("read", t.err)
	}
	return io.EOF
}

func (t *rawTransport) opError(op string, err error) error {
	return &net.OpError{
		Op: op, Net: t.Conn.RemoteAddr().Network(), Source: t.Conn.LocalAddr(), Addr: t.Conn.RemoteAddr(),
		Err: os.NewSyscallError(op, err),
	}
}

// write sends one slice below net's Write, whose way to the system call takes more
// of the stack; two go by writev.
func (t *rawTransport) write(head, tail []byte) (int, error) {
	if len(tail) > 0 {
		return t.netTransport.write(head, tail)
	}
	t.src, t.wrote, t.writeErr = head, 0, nil
	err := t.raw.Write(t.attemptWrite)
	t.src = nil
	if err == nil && t.writeErr != nil {
		err = t.opError("write", t.writeErr)
	}
	return t.wrote, err
}

// offer writes once. An error is met again by the write that follows.
func (t *rawTransport) offer(p []byte) int {
	t.src, t.wrote = p, 0
	_ = t.raw.Write(t.attemptOffer)
	t.src = nil
	return t.wrote
}

func (t *rawTransport) tryOffer(fd uintptr) bool {
	if n, err := syscall.Write(int(fd), t.src); err == nil {
		t.wrote = n
	}
	return true
}

// tryWrite writes until all is sent or the socket takes no more: net then waits
// and calls again.
func (t *rawTransport) tryWrite(fd uintptr) bool {
	for t.wrote < len(t.src) {
		n, err := syscall.Write(int(fd), t.src[t.wrote:])
		switch err {
		case nil:
			t.wrote += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			t.writeErr = err
			return true
		}
	}
	return true
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
			t.err = err
			return true
		}
	}
}
