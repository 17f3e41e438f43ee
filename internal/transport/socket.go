//go:build unix

package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// Socket drives a socket of the standard library below its Read method: it waits until
// the socket is readable and only then borrows a buffer, so that an idle connection holds
// none. Waiting, deadlines and closing stay with package net.
//
// It is also the memory of any other net.Conn, which uses its first field only.
type Socket struct {
	netConn
	raw syscall.RawConn

	state       atomic.Uint32 // socketFree and so on: see inline.go
	interrupted bool          // reads stand interrupted; under mu
	mu          sync.Mutex
	inline      *inlineLoop // nil before the first; set under mu, inside the read gate
}

// init reports whether the socket can be had.
func (t *Socket) init(c net.Conn, s syscall.Conn) bool {
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	t.Conn, t.raw = c, raw
	return true
}

// Fill borrows the memory of b once there is something to read.
func (t *Socket) Fill(b *Buffer) (int, error) {
	raw, err := t.readable()
	if err != nil {
		return 0, err
	}
	s := socketFills.Get().(*socketFill)
	s.into = b
	err = raw.Read(s.attempt)
	n, errno := int(s.n), syscall.Errno(s.errno)
	*s = socketFill{attempt: s.attempt}
	socketFills.Put(s)
	if err != nil && t.inline != nil && t.inline.probeDue(t, err) {
		return t.Fill(b) // the deadline was of a loop that has left
	}
	return t.outcome(err, n, errno)
}

func (t *Socket) Read(p []byte) (int, error) {
	raw, err := t.readable()
	if err != nil {
		return 0, err
	}
	s := socketReads.Get().(*socketRead)
	s.p = p
	err = raw.Read(s.attempt)
	n, errno := s.n, s.errno
	*s = socketRead{attempt: s.attempt}
	socketReads.Put(s)
	if err != nil && t.inline != nil && t.inline.probeDue(t, err) {
		return t.Read(p)
	}
	return t.outcome(err, n, errno)
}

// outcome is what net.Conn's Read would return.
func (t *Socket) outcome(err error, n int, errno syscall.Errno) (int, error) {
	switch {
	case err != nil:
		return 0, t.waitError("read", err)
	case errno != 0:
		return 0, t.opError("read", errno)
	case n <= 0:
		return 0, io.EOF
	}
	return n, nil
}

func (t *Socket) opError(op string, err syscall.Errno) error {
	return &net.OpError{
		Op: op, Net: t.Conn.RemoteAddr().Network(), Source: t.Conn.LocalAddr(), Addr: t.Conn.RemoteAddr(),
		Err: os.NewSyscallError(op, err),
	}
}

// waitError makes err, of a wait for the socket, what net.Conn's Read or Write would return.
// Programs look at the operation and the addresses. The error was made for this wait.
func (t *Socket) waitError(op string, err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		e.Op, e.Source, e.Addr = op, t.Conn.LocalAddr(), t.Conn.RemoteAddr()
	}
	return err
}

// Write sends below net's Write, whose way to the system call takes more of the stack.
func (t *Socket) Write(head, tail []byte) (int, error) {
	s := socketWrites.Get().(*socketWrite)
	s.p, s.tail = head, tail
	err := t.raw.Write(s.attempt)
	n, errno := len(head)+len(tail)-len(s.p)-len(s.tail), s.errno
	s.p, s.tail, s.errno = nil, nil, 0
	socketWrites.Put(s)
	switch {
	case err != nil:
		err = t.waitError("write", err)
	case errno != 0:
		err = t.opError("write", errno)
	}
	return n, err
}

// TryWrite writes once. An error is met again by the Write that follows.
func (t *Socket) TryWrite(p []byte) int {
	s := socketWrites.Get().(*socketWrite)
	s.p, s.once = p, true
	_ = t.raw.Write(s.attempt)
	n := len(p) - len(s.p)
	s.p, s.once, s.errno = nil, false, 0
	socketWrites.Put(s)
	return n
}

// InterruptRead also interrupts those who read by another descriptor. A deadline by which
// an inline loop skips probes is replaced.
func (t *Socket) InterruptRead(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.interrupted = on
	t.netConn.InterruptRead(on)
	if l := t.inline; l != nil {
		if !on {
			l.skipping.Store(false)
		}
		if dup := l.dupFD.Load(); dup != nil {
			_ = dup.file.SetReadDeadline(pastIf(on))
		}
	}
}

// Close does not wait for the body of an inline loop, from which it may have been called.
// A second Close does nothing.
func (t *Socket) Close() error {
	was := t.state.Swap(socketClosed)
	t.mu.Lock()
	if l := t.inline; l != nil {
		l.dropDup()
	}
	t.mu.Unlock()
	switch was {
	case socketClosed:
		return nil
	case socketReleased:
		shutDown(t.Conn) // the loop closes it when it leaves
		return nil
	}
	return t.Conn.Close()
}

func (t *Socket) Traits() Traits { return CountsPartialWrites | TriesWrites }
