//go:build linux

package transport

import (
	"io"
	"os"
	"syscall"
)

// cannotRead returns why the descriptor cannot be read now, or nil.
func (p *Polled) cannotRead(ready uint32) error {
	switch {
	case p.life.Load()&(readFreed|closing) != 0:
		return p.closedError("read")
	case ready&readInterrupted != 0:
		return p.opError("read", os.ErrDeadlineExceeded)
	case isDry(ready):
		return ErrAgain
	}
	return nil
}

// read reads into b, or into q if b is nil, without waiting. One call suffices: as epoll(7) says,
// a read that brought less than there was room for has emptied the socket, and what comes later
// is reported. A peer that sends TCP's urgent data or, on a Unix socket, descriptors cuts reads
// short, and only delays itself.
//
// Few functions and little memory are touched here: most turns find them in no cache.
func (p *Polled) read(b *Buffer, q []byte) (int, error) {
	for {
		ready := p.ready.Load()
		if p.life.Load()&(readFreed|closing) != 0 || ready&readInterrupted != 0 || isDry(ready) {
			if b != nil {
				b.Release()
			}
			return 0, p.cannotRead(ready)
		}
		if b != nil {
			q = b.Room()
		}
		n, errno := sysRead(uintptr(p.fd), q)
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			p.ready.CompareAndSwap(ready, (ready|dry)&^ended)
		case errno != 0:
			return 0, p.opError("read", os.NewSyscallError("read", errno))
		case n <= 0:
			return 0, io.EOF
		default:
			if n < len(q) {
				p.ready.CompareAndSwap(ready, ready|dry)
			}
			if b != nil {
				b.Extend(n)
			}
			return n, nil
		}
	}
}

// TryFill makes one system call, or none if the socket is known to be empty.
func (p *Polled) TryFill(b *Buffer) (int, error) { return p.read(b, nil) }

// TryRead is TryFill into q.
func (p *Polled) TryRead(q []byte) (int, error) { return p.read(nil, q) }

func (p *Polled) Fill(b *Buffer) (int, error) {
	if n, err := p.read(b, nil); err != ErrAgain {
		return n, err
	}
	return p.untilReadable(func() (int, error) { return p.read(b, nil) })
}

func (p *Polled) Read(q []byte) (int, error) {
	if n, err := p.read(nil, q); err != ErrAgain {
		return n, err
	}
	return p.untilReadable(func() (int, error) { return p.read(nil, q) })
}

// Release needs to release nothing: others may always read, inside the gate.
func (p *Polled) Release() bool   { return p.life.Load()&closing == 0 }
func (p *Polled) Reacquire() bool { return p.life.Load()&closing == 0 }

// cannotWrite returns why the descriptor cannot be written now, or nil.
func (p *Polled) cannotWrite() error {
	ready := p.ready.Load()
	switch {
	case p.life.Load()&(writeFreed|closing) != 0:
		return p.closedError("write")
	case ready&writeInterrupted != 0 || p.limitPassed():
		return p.opError("write", os.ErrDeadlineExceeded)
	case ready&full != 0:
		return ErrAgain
	}
	return nil
}

// send makes one system call, or none if the socket is known to be full, whether or not writes
// stand interrupted. both is memory, if there is a tail.
func (p *Polled) send(both *twoParts, head, tail []byte) (n int, err error) {
	for {
		ready := p.ready.Load()
		if ready&full != 0 {
			return 0, ErrAgain
		}
		var errno syscall.Errno
		if len(tail) == 0 {
			n, errno = sysWrite(uintptr(p.fd), head)
		} else {
			n, errno = sysWriteBoth(uintptr(p.fd), both, head, tail)
		}
		switch errno {
		case 0:
			if n < len(head)+len(tail) {
				p.ready.CompareAndSwap(ready, ready|full)
			}
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			p.ready.CompareAndSwap(ready, ready|full)
		default:
			return 0, p.opError("write", os.NewSyscallError("write", errno))
		}
	}
}

// TryWrite makes one system call, or none if the socket is known to be full. If it sends less
// than q, the socket was full, or it does not send at all: an error is met again by the Write
// that follows.
func (p *Polled) TryWrite(q []byte) (sent int) {
	for sent < len(q) && p.cannotWrite() == nil {
		n, err := p.send(nil, q[sent:], nil)
		if sent += n; err != nil {
			break
		}
	}
	return sent
}

// Write sends everything, and waits as long as that takes.
func (p *Polled) Write(head, tail []byte) (int, error) {
	s := socketWrites.Get().(*socketWrite)
	s.p, s.tail = head, tail
	var err error
	for err == nil && len(s.p)+len(s.tail) > 0 {
		if err = p.write(s); err == ErrAgain {
			_, err = p.untilWritable(func() (int, error) { return 0, p.write(s) })
		}
	}
	n := len(head) + len(tail) - len(s.p) - len(s.tail)
	s.p, s.tail = nil, nil
	socketWrites.Put(s)
	return n, err
}

// write sends what it can of s by one system call.
func (p *Polled) write(s *socketWrite) error {
	if err := p.cannotWrite(); err != nil {
		return err
	}
	n, err := p.send(&s.both, s.p, s.tail)
	s.wrote(n)
	return err
}
