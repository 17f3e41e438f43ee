//go:build unix

package websocket

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// residence is how a loop over messages lives inside the wait for its socket while it
// is busy.
//
// net forgets, whenever a read begins, that the socket became readable before. So
// a read must look whether there is something, and mostly finds nothing: a second
// system call for every message. A loop that stays inside one call of RawConn.Read,
// and returns to waiting from there, forgets nothing and need not look: as epoll(7)
// says, a read that brought less than there was room for has emptied the socket, and
// what comes later is told of.
//
//	wait ──▶ tryReside ──▶ arrived: the loop's body, for each message ──▶ wait
//
// Two things have to be seen to. The peer's FIN, or RST, may have come together with
// the octets that were read; nothing is told of it any more, and only another read
// finds it. So trust is limited in time: a deadline ends the residence after trustFor,
// and the loop, back outside, looks.
//
// And the body of the loop runs while net believes that a read is under way: a
// second one would wait for the first, and so would Close. While the socket is lent to
// the body, others read through a duplicate of its descriptor, and close only shuts
// the socket down: the loop closes it when it leaves.
type residence struct {
	// Of the loop, inside the read gate.
	attempt func(fd uintptr) bool // bound
	into    *readBuffer
	arrived func() (stay bool)
	n       int // of the last read; not rawTransport's, which others use meanwhile
	readErr syscall.Errno

	// Changed under rawTransport.mu.
	trusting atomic.Bool               // a deadline limits the trust
	second   atomic.Pointer[duplicate] // while somebody needs it

	left atomic.Pointer[[]byte] // see forsake
}

// duplicate is the socket by another descriptor, which net waits for separately.
type duplicate struct {
	file *os.File
	raw  syscall.RawConn
}

// The uses of a socket.
const (
	socketFree   uint32 = iota
	socketLent          // the body of a loop runs inside the read
	socketClosed        // close was called
)

// trustFor is how late the end of a stream may be seen that came with the last octets
// of a busy connection.
const trustFor = time.Second

// reside calls arrived whenever octets have come into b, until it returns false or
// it is time to look whether the stream has ended. It is called inside the read gate;
// arrived may leave that between lend and regain.
func (t *rawTransport) reside(b *readBuffer, arrived func() (stay bool)) error {
	if t.use.Load() != socketFree { // another loop lives here, and its body runs
		_, err := t.fill(b)
		return err
	}
	r := t.residence
	if r == nil {
		r = &residence{}
		r.attempt = func(fd uintptr) bool { return r.tryReside(t, fd) }
		t.mu.Lock()
		t.residence = r
		t.mu.Unlock()
	}
	r.into, r.arrived = b, arrived
	defer t.leaveResidence(r) // also if the body panics
	r.n, r.readErr = 1, 0
	err := t.raw.Read(r.attempt)
	if err != nil && r.distrust(t, err) {
		return nil
	}
	_, err = t.outcome(err, r.n, r.readErr)
	return err
}

func (t *rawTransport) leaveResidence(r *residence) {
	r.into, r.arrived = nil, nil
	if !t.use.CompareAndSwap(socketLent, socketFree) && t.use.Load() == socketClosed {
		_ = t.Conn.Close() // where close left it to us; otherwise it is closed
	}
}

// tryReside is the try of a socketRead, for a loop.
func (r *residence) tryReside(t *rawTransport, fd uintptr) (done bool) {
	for {
		p := r.into.room()
		n, errno := sysRead(fd, p)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			r.into.release()
			return false
		case errno != 0:
			r.readErr = errno
			return true
		case n == 0:
			r.n = 0
			return true
		}
		r.into.added(n)
		if !r.arrived() {
			return true
		}
		// What had come is dealt with, and the buffer is empty.
		if n < len(p) {
			r.into.release()
			return !r.trusting.Load() && !r.trust(t)
		}
	}
}

// trust lets the loop wait without looking, for a time. It fails if reads stand
// interrupted. An interruption of a loop that trusts already has its own deadline in
// place of ours.
func (r *residence) trust(t *rawTransport) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.interrupted || t.Conn.SetReadDeadline(time.Now().Add(trustFor)) != nil {
		return false
	}
	r.trusting.Store(true)
	return true
}

// distrust reports whether err says no more than that it is time to look.
func (r *residence) distrust(t *rawTransport, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.interrupted || !r.trusting.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	r.trusting.Store(false)
	return t.Conn.SetReadDeadline(time.Time{}) == nil
}

// lend lets others read and close while the body of the loop runs. It fails if the
// socket is closed.
func (t *rawTransport) lend() bool {
	return t.use.CompareAndSwap(socketFree, socketLent)
}

// regain ends that, inside the gate. It fails if the loop must leave: the socket was
// closed, or read by others.
func (t *rawTransport) regain() bool {
	if !t.use.CompareAndSwap(socketLent, socketFree) {
		return false
	}
	return t.residence.second.Load() == nil || !t.residence.dropSecond()
}

func (t *rawTransport) forsake(lent *[]byte) { t.residence.left.Store(lent) }

// forsaken: a loop takes up residence only after the one before has left it, and takes
// first what that left, so there is never more than one.
func (t *rawTransport) forsaken() *[]byte {
	r := t.residence // which is made inside the gate
	if r == nil || r.left.Load() == nil {
		return nil
	}
	return r.left.Swap(nil)
}

// dropSecond closes the duplicate, if there is one.
func (r *residence) dropSecond() bool {
	second := r.second.Swap(nil)
	if second != nil {
		_ = second.file.Close()
	}
	return second != nil
}

// readable returns what to wait on.
func (t *rawTransport) readable() (syscall.RawConn, error) {
	if t.use.Load() == socketFree {
		return t.raw, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.residence
	if r == nil || t.use.Load() == socketClosed {
		return nil, net.ErrClosed
	}
	if second := r.second.Load(); second != nil {
		return second.raw, nil
	}
	file, err := t.Conn.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return lentConn{t.raw, t}, nil // there are no descriptors left
	}
	raw, err := file.SyscallConn()
	if err == nil && t.interrupted {
		err = file.SetReadDeadline(past)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	r.second.Store(&duplicate{file, raw})
	return raw, nil
}

// lentConn reads a socket that is lent without a descriptor of its own to wait for.
type lentConn struct {
	syscall.RawConn
	t *rawTransport
}

func (l lentConn) Read(attempt func(fd uintptr) (done bool)) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 64*time.Millisecond) {
		l.t.mu.Lock()
		interrupted := l.t.interrupted
		l.t.mu.Unlock()
		if interrupted {
			return os.ErrDeadlineExceeded
		}
		if l.t.use.Load() == socketClosed {
			return net.ErrClosed
		}
		done := false
		if err := l.Control(func(fd uintptr) { done = attempt(fd) }); err != nil || done {
			return err
		}
		time.Sleep(pause)
	}
}

func (t *rawTransport) interruptRead(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.interrupted = on
	t.netTransport.interruptRead(on)
	if r := t.residence; r != nil {
		if !on {
			r.trusting.Store(false)
		}
		if second := r.second.Load(); second != nil {
			_ = second.file.SetReadDeadline(pastIf(on))
		}
	}
}

// close does not wait for the body of a loop, from which it may have been called.
func (t *rawTransport) close() error {
	lent := t.use.Swap(socketClosed) == socketLent
	t.mu.Lock()
	if r := t.residence; r != nil {
		r.dropSecond()
	}
	t.mu.Unlock()
	if !lent {
		return t.Conn.Close()
	}
	if s, ok := t.Conn.(halves); ok {
		_ = s.CloseRead()
		_ = s.CloseWrite()
	}
	return nil
}
