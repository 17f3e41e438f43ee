//go:build unix

package transport

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// inlineLoop is a loop over messages that runs inside the wait for its socket while it is
// busy.
//
// package net forgets, whenever a read begins, that the socket became readable before. So
// a read must probe whether there is something, and mostly finds nothing: a second system
// call for every message. A loop that stays inside one call of RawConn.Read, and returns
// to waiting from there, forgets nothing and need not probe: as epoll(7) says, a read
// that brought less than there was room for has emptied the socket, and what comes later
// is reported.
//
//	wait ──▶ try ──▶ arrived: the loop's body, for each message ──▶ wait
//
// Two things need care. First, the peer's FIN, or RST, may have come together with the
// bytes that were read. Nothing reports it any more, and only another read finds it.
// Skipping the probe is therefore limited in time: a read deadline ends the wait after
// maxSkipProbe, and the next read probes the socket.
//
// Second, the body of the loop runs while net believes that a read is under way: another
// read would wait for it, and so would Close. So the loop releases the socket while the
// body runs. Others then read by a duplicate of its descriptor (see dup.go), and Close
// only shuts the socket down:
//
//	       Release: the body begins         Close: shut down only
//	free ────────────────────────▶ released ────────────────────▶ closed
//	 │ ▲ ▲                            │  │                          ▲
//	 │ │ └────────────────────────────┘  │                          │
//	 │ │   Reacquire, or the loop leaves │                          │
//	 │ └───────────── doubled ◀──────────┘                          │
//	 │   the next read    the loop leaves, and the duplicate stays  │
//	 └──────────────────────────────────────────────────────────────┘
//	                             Close
//
// A loop that leaves and finds its socket closed closes it, as Close could not. A loop that
// leaves while somebody may be reading by the duplicate leaves that in place: the next read,
// which is inside the read gate, closes it.
type inlineLoop struct {
	// Of the loop, inside the read gate.
	attempt func(fd uintptr) bool // try, bound
	into    *Buffer
	arrived func() (stay bool)
	n       int // of the last read; others use the fields of Socket meanwhile
	readErr syscall.Errno

	// Stored under Socket.mu. dupFD is dropped under mu or inside the read gate.
	skipping atomic.Bool               // a deadline of ours limits it
	dupFD    atomic.Pointer[duplicate] // while somebody needs it
}

// The states of a socket.
const (
	socketFree     uint32 = iota
	socketReleased        // the body of an inline loop runs inside the read
	socketDoubled         // the loop has left, and the duplicate is still open
	socketClosed          // Close was called
)

// maxSkipProbe is how late the end of a stream may be seen if it came together with the
// last bytes of a busy connection.
const maxSkipProbe = time.Second

// RunInline calls arrived whenever bytes have come into b, until it returns false or it is
// time to probe whether the stream has ended. It is called inside the read gate; arrived
// may leave the gate between Release and Reacquire.
func (t *Socket) RunInline(b *Buffer, arrived func() (stay bool)) error {
	if t.state.Load() != socketFree { // another loop runs here, and is in its body, or was
		_, err := t.Fill(b)
		return err
	}
	l := t.inline
	if l == nil {
		l = &inlineLoop{}
		l.attempt = func(fd uintptr) bool { return l.try(t, fd) }
		t.mu.Lock()
		t.inline = l
		t.mu.Unlock()
	}
	l.into, l.arrived = b, arrived
	defer t.leaveInline(l) // also if the body panics
	l.n, l.readErr = 1, 0
	err := t.raw.Read(l.attempt)
	if err != nil && l.probeDue(t, err) {
		return nil
	}
	_, err = t.outcome(err, l.n, l.readErr)
	return err
}

func (t *Socket) leaveInline(l *inlineLoop) {
	l.into, l.arrived = nil, nil
	t.mu.Lock() // nobody makes a duplicate meanwhile
	left := socketFree
	if l.dupFD.Load() != nil {
		left = socketDoubled
	}
	t.state.CompareAndSwap(socketReleased, left)
	t.mu.Unlock()
	if t.state.Load() == socketClosed {
		_ = t.Conn.Close() // if Close left it to us; otherwise it is closed already
	}
}

// try is the attempt of a socketRead, for a loop.
func (l *inlineLoop) try(t *Socket, fd uintptr) (done bool) {
	for {
		p := l.into.Room()
		n, errno := sysRead(fd, p)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			l.into.Release()
			return false
		case errno != 0:
			l.readErr = errno
			return true
		case n == 0:
			l.n = 0
			return true
		}
		l.into.Extend(n)
		if !l.arrived() {
			return true
		}
		// What had come is dealt with, and the buffer is empty.
		if n < len(p) {
			l.into.Release()
			return !l.skipping.Load() && !l.skipProbe(t)
		}
	}
}

// skipProbe lets the loop wait without a probe, for a time. It fails if reads stand
// interrupted. An interruption of a loop that skips probes already puts its own deadline in
// the place of ours.
func (l *inlineLoop) skipProbe(t *Socket) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.interrupted || t.Conn.SetReadDeadline(time.Now().Add(maxSkipProbe)) != nil {
		return false
	}
	l.skipping.Store(true)
	return true
}

// probeDue reports whether err says no more than that it is time to probe, and removes the
// deadline that said so.
func (l *inlineLoop) probeDue(t *Socket, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.interrupted || !l.skipping.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	l.skipping.Store(false)
	return t.Conn.SetReadDeadline(time.Time{}) == nil
}

// Release has others read and close the socket while the body of the loop runs. It fails
// if the socket is closed.
func (t *Socket) Release() bool {
	return t.state.CompareAndSwap(socketFree, socketReleased)
}

// Reacquire ends that, inside the read gate. It fails if the loop must leave: the socket
// was closed, or read by others.
func (t *Socket) Reacquire() bool {
	if !t.state.CompareAndSwap(socketReleased, socketFree) {
		return false
	}
	return t.inline.dupFD.Load() == nil || !t.inline.dropDup()
}
