//go:build unix

package websocket

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// rawTransport drives a socket of the standard library below its Read method: it
// waits until the socket is readable and only then borrows a buffer, so that an
// idle connection holds none. Waiting, deadlines and closing stay with net.
type rawTransport struct {
	netTransport
	raw syscall.RawConn
	// Bound once, so that a call allocates nothing.
	attemptRead, attemptWrite func(fd uintptr) bool

	// What the read under way is about; valid inside the read gate.
	into    *readBuffer // fill: where to borrow
	dst     []byte      // read: where to put it
	n       int
	readErr syscall.Errno

	// Likewise of the write under way, inside the write gate.
	src      []byte // what is still to be written
	once     bool   // without waiting
	writeErr syscall.Errno

	use         atomic.Uint32 // socketFree, socketLent or socketClosed
	interrupted bool          // reads stand interrupted; under mu
	mu          sync.Mutex
	residence   *residence // nil before the first; set under mu, inside the read gate
}

// newRawTransport returns nil if the socket cannot be had.
func newRawTransport(c net.Conn, s syscall.Conn) transport {
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	t := &rawTransport{netTransport: netTransport{Conn: c}, raw: raw}
	t.attemptRead, t.attemptWrite = t.tryRead, t.tryWrite
	return t
}

func (t *rawTransport) fill(b *readBuffer) (int, error) {
	t.into = b
	err := t.wait()
	t.into = nil
	return t.outcome(err, t.n, t.readErr)
}

func (t *rawTransport) read(p []byte) (int, error) {
	t.dst = p
	err := t.wait()
	t.dst = nil
	return t.outcome(err, t.n, t.readErr)
}

// wait reads once, as soon as there is something.
func (t *rawTransport) wait() error {
	t.n, t.readErr = 0, 0
	raw, err := t.readable()
	if err != nil {
		return err
	}
	return raw.Read(t.attemptRead)
}

// outcome is what net.Conn's Read would return.
func (t *rawTransport) outcome(err error, n int, errno syscall.Errno) (int, error) {
	switch {
	case err != nil:
		return 0, err
	case errno != 0:
		return 0, t.opError("read", errno)
	case n <= 0:
		return 0, io.EOF
	}
	return n, nil
}

func (t *rawTransport) opError(op string, err syscall.Errno) error {
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
	t.src, t.once, t.writeErr = head, false, 0
	err := t.raw.Write(t.attemptWrite)
	n := len(head) - len(t.src)
	t.src = nil
	if err == nil && t.writeErr != 0 {
		err = t.opError("write", t.writeErr)
	}
	return n, err
}

// offer writes once. An error is met again by the write that follows.
func (t *rawTransport) offer(p []byte) int {
	t.src, t.once = p, true
	_ = t.raw.Write(t.attemptWrite)
	n := len(p) - len(t.src)
	t.src = nil
	return n
}

// tryWrite writes until all is sent or the socket takes no more: net then waits
// and calls again.
func (t *rawTransport) tryWrite(fd uintptr) (done bool) {
	for len(t.src) > 0 {
		n, errno := sysWrite(fd, t.src)
		switch errno {
		case 0:
			t.src = t.src[n:]
			if t.once {
				return true
			}
		case syscall.EINTR:
		case syscall.EAGAIN:
			return t.once
		default:
			t.writeErr = errno
			return true
		}
	}
	return true
}

// tryRead reads once without waiting. It returns false when there is nothing
// yet: net then waits for the socket and calls again. The poller is
// edge-triggered, so only a read that found nothing may lead to waiting; but see
// residence.
func (t *rawTransport) tryRead(fd uintptr) (done bool) {
	for {
		p := t.dst
		if t.into != nil {
			p = t.into.room()
		}
		n, errno := sysRead(fd, p)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			if t.into != nil {
				t.into.release()
			}
			return false
		case errno != 0:
			t.readErr = errno
			return true
		}
		t.n = n
		if t.into != nil {
			t.into.added(n)
		}
		return true
	}
}
