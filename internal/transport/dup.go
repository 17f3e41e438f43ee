//go:build unix

package transport

import (
	"net"
	"os"
	"syscall"
	"time"
)

// duplicate is a socket by another descriptor. net waits for it separately, so that
// others can read while the body of an inline loop runs.
type duplicate struct {
	file *os.File
	raw  syscall.RawConn
}

// dropDup closes the duplicate, if there is one.
func (l *inlineLoop) dropDup() bool {
	dup := l.dupFD.Swap(nil)
	if dup != nil {
		_ = dup.file.Close()
	}
	return dup != nil
}

// readable returns what to wait on.
func (t *Socket) readable() (syscall.RawConn, error) {
	if t.state.Load() == socketFree {
		return t.raw, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.inline
	if t.state.CompareAndSwap(socketDoubled, socketFree) {
		l.dropDup()
	}
	switch {
	case t.state.Load() == socketFree:
		return t.raw, nil
	case l == nil, t.state.Load() == socketClosed:
		return nil, net.ErrClosed
	}
	if dup := l.dupFD.Load(); dup != nil {
		return dup.raw, nil
	}
	file, err := t.Conn.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return pollingConn{t.raw, t}, nil // there are no descriptors left
	}
	raw, err := file.SyscallConn()
	if err == nil && t.interrupted {
		err = file.SetReadDeadline(past)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	l.dupFD.Store(&duplicate{file, raw})
	return raw, nil
}

// pollingConn reads a socket that is released without a descriptor of its own to wait for.
type pollingConn struct {
	syscall.RawConn
	t *Socket
}

func (p pollingConn) Read(attempt func(fd uintptr) (done bool)) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 64*time.Millisecond) {
		p.t.mu.Lock()
		interrupted := p.t.interrupted
		p.t.mu.Unlock()
		if interrupted {
			return os.ErrDeadlineExceeded
		}
		if p.t.state.Load() == socketClosed {
			return net.ErrClosed
		}
		done := false
		if err := p.Control(func(fd uintptr) { done = attempt(fd) }); err != nil || done {
			return err
		}
		time.Sleep(pause)
	}
}
