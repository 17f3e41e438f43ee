//go:build unix

package websocket

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// residence is how a loop over messages lives inside the wait for its socket.
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
// finds it. So trust is limited in time: a deadline makes the loop look after at the
// most trustFor. A loop that is not busy gains little, and always looks.
//
// And the body of the loop runs while net believes that a read is under way: a
// second one would wait for the first, and so would Close. While the socket is lent to
// the body, others read through a duplicate of its descriptor, and close only shuts
// the socket down: the loop closes it when it leaves.
type residence struct {
	use atomic.Uint32 // one of socketFree, socketLent and socketClosed

	// Of the loop, inside the read gate.
	attempt  func(fd uintptr) bool // bound by the first loop
	into     *readBuffer
	arrived  func() (stay bool)
	n        int // of the last read; not rawTransport's, which others use meanwhile
	readErr  syscall.Errno
	trusting bool          // a deadline limits the trust
	since    time.Duration // clock: beginning of the time in which messages are counted
	messages uint8         // that came since

	mu          sync.Mutex
	interrupted bool     // reads stand interrupted
	second      *os.File // a duplicate of the descriptor, while somebody needs it
	secondRaw   syscall.RawConn
}

const (
	socketFree   uint32 = iota
	socketLent          // the body of a loop runs inside the read
	socketClosed        // close was called
)

const (
	// trustFor is how late the end of a stream may be seen that came with the last
	// octets of a busy connection.
	trustFor = time.Second
	// busy is how many arrivals in trustFor make a connection one that is worth it.
	busy = 8
)

var clockStart = time.Now()

// reside calls arrived whenever octets have come into b, until it returns false. It
// is called inside the read gate; arrived may leave that between lend and regain.
func (t *rawTransport) reside(b *readBuffer, arrived func() (stay bool)) error {
	r := &t.residence
	if r.attempt == nil {
		r.attempt = t.tryReside
	}
	r.into, r.arrived = b, arrived
	defer t.leaveResidence() // also if the body panics
	for {
		r.n, r.readErr = 1, 0
		err := t.raw.Read(r.attempt)
		if err == nil || !r.distrust(t, err) {
			_, err = t.outcome(err, r.n, r.readErr)
			return err
		}
	}
}

func (t *rawTransport) leaveResidence() {
	r := &t.residence
	r.into, r.arrived = nil, nil
	if !r.use.CompareAndSwap(socketLent, socketFree) && r.use.Load() == socketClosed {
		_ = t.Conn.Close() // where close left it to us; otherwise it is closed
	}
}

// tryReside is tryRead for a loop.
func (t *rawTransport) tryReside(fd uintptr) (done bool) {
	r := &t.residence
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
		if n < len(p) && r.trust(t) {
			r.into.release()
			return false
		}
	}
}

// trust reports whether the loop may wait without looking.
func (r *residence) trust(t *rawTransport) bool {
	if r.trusting {
		return true
	}
	now := time.Since(clockStart)
	if now-r.since >= trustFor {
		r.since, r.messages = now, 0
	}
	if r.messages++; r.messages < busy {
		return false
	}
	r.messages = 0
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.interrupted {
		r.trusting = t.Conn.SetReadDeadline(time.Now().Add(trustFor)) == nil
	}
	return r.trusting
}

// distrust reports whether err says no more than that it is time to look.
func (r *residence) distrust(t *rawTransport, err error) bool {
	if !r.trusting || !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.interrupted {
		return false
	}
	r.trusting = false
	return t.Conn.SetReadDeadline(time.Time{}) == nil
}

// lend lets others read and close while the body of the loop runs. It fails if the
// socket is closed.
func (t *rawTransport) lend() bool {
	return t.residence.use.CompareAndSwap(socketFree, socketLent)
}

// regain ends that, inside the gate. It fails if the loop must leave: the socket was
// closed, or read by others.
func (t *rawTransport) regain() bool {
	r := &t.residence
	if !r.use.CompareAndSwap(socketLent, socketFree) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.second == nil {
		return true
	}
	_ = r.second.Close()
	r.second, r.secondRaw = nil, nil
	return false
}

// readable returns what to wait on.
func (t *rawTransport) readable() (syscall.RawConn, error) {
	r := &t.residence
	if r.use.Load() == socketFree {
		return t.raw, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.use.Load() == socketClosed:
		return nil, net.ErrClosed
	case r.second != nil:
		return r.secondRaw, nil
	}
	file, err := t.Conn.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return nil, err
	}
	raw, err := file.SyscallConn()
	if err == nil && r.interrupted {
		err = file.SetReadDeadline(past)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	r.second, r.secondRaw = file, raw
	return raw, nil
}

func (t *rawTransport) interruptRead(on bool) {
	r := &t.residence
	r.mu.Lock()
	defer r.mu.Unlock()
	r.interrupted = on
	if !on {
		r.trusting = false
	}
	_ = t.Conn.SetReadDeadline(pastIf(on))
	if r.second != nil {
		_ = r.second.SetReadDeadline(pastIf(on))
	}
}

// close does not wait for the body of a loop, from which it may have been called.
func (t *rawTransport) close() error {
	r := &t.residence
	lent := r.use.Swap(socketClosed) == socketLent
	r.mu.Lock()
	if r.second != nil {
		_ = r.second.Close()
		r.second, r.secondRaw = nil, nil
	}
	r.mu.Unlock()
	if !lent {
		return t.Conn.Close()
	}
	if s, ok := t.Conn.(interface {
		CloseRead() error
		CloseWrite() error
	}); ok {
		_ = s.CloseRead()
		_ = s.CloseWrite()
	}
	return nil
}
