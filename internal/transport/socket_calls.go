//go:build unix

package transport

import (
	"syscall"

	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// socketFill is a Fill under way. It is borrowed together with the function that net calls,
// so that a call allocates nothing. Every idle connection waits with one, so it is small.
type socketFill struct {
	attempt func(fd uintptr) (done bool) // try, bound

	into  *Buffer
	n     int32  // what was read
	errno uint32 // a syscall.Errno
}

// socketRead is a Read under way, borrowed in the same way.
type socketRead struct {
	attempt func(fd uintptr) (done bool) // try, bound

	p     []byte // what is to be filled
	n     int    // what was read
	errno syscall.Errno
}

// socketWrite is a write under way, borrowed in the same way.
type socketWrite struct {
	attempt func(fd uintptr) (done bool) // try, bound

	p     []byte // what is left to write
	tail  []byte // follows p
	once  bool   // without waiting
	errno syscall.Errno

	both twoParts // to send p and tail together
}

var (
	socketFills = poolcheck.NewPool("socket fills", func() any {
		s := new(socketFill)
		s.attempt = s.try
		return s
	})
	socketReads = poolcheck.NewPool("socket reads", func() any {
		s := new(socketRead)
		s.attempt = s.try
		return s
	})
	socketWrites = poolcheck.NewPool("socket writes", func() any {
		s := new(socketWrite)
		s.attempt = s.try
		return s
	})
)

// try reads once without waiting. It returns false when there is nothing yet: net then
// waits for the socket and calls again. The poller is edge-triggered, so only a read that
// found nothing may lead to waiting; but see inlineLoop.
func (s *socketRead) try(fd uintptr) (done bool) {
	s.n, s.errno = readOnce(fd, s.p)
	return s.errno != syscall.EAGAIN
}

// try is that of a socketRead, and borrows memory only once there is something to read.
func (s *socketFill) try(fd uintptr) (done bool) {
	n, errno := readOnce(fd, s.into.Room())
	switch errno {
	case 0:
		s.into.Extend(n)
	case syscall.EAGAIN:
		s.into.Release()
		return false
	}
	s.n, s.errno = int32(n), uint32(errno)
	return true
}

// readOnce reads once without waiting.
func readOnce(fd uintptr, p []byte) (n int, errno syscall.Errno) {
	for {
		if n, errno = sysRead(fd, p); errno != syscall.EINTR {
			return n, errno
		}
	}
}

// try writes until all is sent or the socket takes no more: net then waits and calls
// again.
func (s *socketWrite) try(fd uintptr) (done bool) {
	for len(s.p)+len(s.tail) > 0 {
		var n int
		var errno syscall.Errno
		if len(s.tail) == 0 { // here, because the stack of an idle goroutine is as large as it was once
			n, errno = sysWrite(fd, s.p)
		} else {
			n, errno = s.writeBoth(fd)
		}
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

// writeBoth makes one system call for p and the tail. It is not inlined, to keep the stack of
// try small.
//
//go:noinline
func (s *socketWrite) writeBoth(fd uintptr) (int, syscall.Errno) {
	return sysWriteBoth(fd, &s.both, s.p, s.tail)
}

func (s *socketWrite) wrote(n int) {
	of := min(n, len(s.p))
	s.p, s.tail = s.p[of:], s.tail[n-of:]
}
