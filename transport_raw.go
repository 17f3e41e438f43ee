//go:build unix

package websocket

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hawser-ws/websocket/internal/ledger"
)

// rawTransport drives a socket of the standard library below its Read method: it
// waits until the socket is readable and only then borrows a buffer, so that an
// idle connection holds none. Waiting, deadlines and closing stay with net.
type rawTransport struct {
	netTransport
	raw syscall.RawConn

	use         atomic.Uint32 // socketFree, socketLent or socketClosed
	interrupted bool          // reads stand interrupted; under mu
	mu          sync.Mutex
	residence   *residence // nil before the first; set under mu, inside the read gate
}

// init reports whether the socket can be had.
func (t *rawTransport) init(c net.Conn, s syscall.Conn) bool {
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	t.Conn, t.raw = c, raw
	return true
}

// socketRead is a read under way. It is lent, together with the function that net
// calls, so that a call allocates nothing. Every connection that waits has one.
type socketRead struct {
	attempt func(fd uintptr) (done bool) // try, bound

	into  *readBuffer // where to borrow; nil: into p
	p     []byte      // what is to be filled
	n     int         // what was read
	errno syscall.Errno
}

// socketWrite is a write under way, lent in the same way.
type socketWrite struct {
	attempt func(fd uintptr) (done bool) // try, bound

	p     []byte // what is left to write
	tail  []byte // follows p
	once  bool   // without waiting
	errno syscall.Errno

	both twoParts // to send p and tail together
}

var (
	socketReads = ledger.Pool{New: func() any {
		s := new(socketRead)
		s.attempt = s.try
		return s
	}}
	socketWrites = ledger.Pool{New: func() any {
		s := new(socketWrite)
		s.attempt = s.try
		return s
	}}
)

func (t *rawTransport) fill(b *readBuffer) (int, error) { return t.receive(b, nil) }
func (t *rawTransport) read(p []byte) (int, error)      { return t.receive(nil, p) }

// receive reads once, as soon as there is something.
func (t *rawTransport) receive(b *readBuffer, p []byte) (int, error) {
	raw, err := t.readable()
	if err != nil {
		return 0, err
	}
	s := socketReads.Get().(*socketRead)
	s.into, s.p = b, p
	err = raw.Read(s.attempt)
	n, errno := s.n, s.errno
	*s = socketRead{attempt: s.attempt}
	socketReads.Put(s)
	if err != nil && t.residence != nil && t.residence.distrust(t, err) {
		return t.receive(b, p) // the deadline was of a loop that has left
	}
	return t.outcome(err, n, errno)
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

// write sends below net's Write, whose way to the system call takes more of the stack.
func (t *rawTransport) write(head, tail []byte) (int, error) {
	s := socketWrites.Get().(*socketWrite)
	s.p, s.tail = head, tail
	err := t.raw.Write(s.attempt)
	n, errno := len(head)+len(tail)-len(s.p)-len(s.tail), s.errno
	s.p, s.tail, s.errno = nil, nil, 0
	socketWrites.Put(s)
	if err == nil && errno != 0 {
		err = t.opError("write", errno)
	}
	return n, err
}

// offer writes once. An error is met again by the write that follows.
func (t *rawTransport) offer(p []byte) int {
	s := socketWrites.Get().(*socketWrite)
	s.p, s.once = p, true
	_ = t.raw.Write(s.attempt)
	n := len(p) - len(s.p)
	s.p, s.once, s.errno = nil, false, 0
	socketWrites.Put(s)
	return n
}

// try writes until all is sent or the socket takes no more: net then waits
// and calls again.
func (s *socketWrite) try(fd uintptr) (done bool) {
	for len(s.p)+len(s.tail) > 0 {
		n, errno := s.writeSome(fd)
		switch errno {
		case 0:
			s.wrote(n)
			if s.once {
				return true
			}
		case syscall.EINTR:
		case syscall.EAGAIN:
			return s.once
		default:
			s.errno = errno
			return true
		}
	}
	return true
}

// writeSome makes one system call, for the tail as well if there is one.
func (s *socketWrite) writeSome(fd uintptr) (int, syscall.Errno) {
	if len(s.tail) == 0 {
		return sysWrite(fd, s.p)
	}
	return sysWriteBoth(fd, &s.both, s.p, s.tail)
}

func (s *socketWrite) wrote(n int) {
	of := min(n, len(s.p))
	s.p, s.tail = s.p[of:], s.tail[n-of:]
}

// try reads once without waiting. It returns false when there is nothing
// yet: net then waits for the socket and calls again. The poller is
// edge-triggered, so only a read that found nothing may lead to waiting; but see
// residence.
func (s *socketRead) try(fd uintptr) (done bool) {
	for {
		p := s.p
		if s.into != nil {
			p = s.into.room()
		}
		n, errno := sysRead(fd, p)
		switch errno {
		case 0:
			s.n = n
			if s.into != nil {
				s.into.added(n)
			}
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			if s.into != nil {
				s.into.release()
			}
			return false
		default:
			s.errno = errno
			return true
		}
	}
}
