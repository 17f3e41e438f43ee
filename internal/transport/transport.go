package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// Transport is the byte stream beneath a connection. Fill, Read, Write, TryWrite and
// CloseWrite are called inside the gate of their direction, one at a time; the rest from
// anywhere.
type Transport interface {
	// Fill waits for bytes and puts them into b. If b has no memory it borrows some: only
	// once there is something to put there, where it can.
	Fill(b *Buffer) (int, error)
	// Read waits for bytes and puts them into p. Neither returns 0 without an error.
	Read(p []byte) (int, error)
	// Write sends head and then tail, in one system call where it can.
	Write(head, tail []byte) (int, error)
	// TryWrite sends as much of p as can go without waiting, which may be nothing.
	TryWrite(p []byte) int
	Interrupter
	// LimitWrite makes Write fail with os.ErrDeadlineExceeded once t has passed. The zero
	// time is no limit.
	LimitWrite(t time.Time)
	// CloseWrite ends our direction and keeps the peer's. ok is false where the stream
	// cannot do that.
	CloseWrite() (ok bool)
	// Close ends reads and writes that wait, and does not wait for them.
	Close() error
	// NetConn returns the connection beneath, nil if it is not one.
	NetConn() net.Conn
	// Traits tells what sets this kind of stream apart.
	Traits() Traits
}

// Interrupter is what can make calls of a stream stop waiting.
type Interrupter interface {
	// InterruptRead makes Fill and Read fail at once with os.ErrDeadlineExceeded and lose
	// nothing, until it is called with false.
	InterruptRead(on bool)
	// InterruptWrite does so for Write, which reports how much was sent. A stream that
	// cannot go on after that fails with ErrWriteCut instead.
	InterruptWrite(on bool)
}

// InlineLooper is a Transport in whose read a loop over messages can run: see
// [Socket.RunInline].
type InlineLooper interface {
	Transport
	// RunInline calls arrived, inside the read, whenever bytes have come into b, until it
	// returns false. arrived leaves b empty if it returns true. Both are inside the read
	// gate, but arrived may leave the gate between Release and Reacquire.
	RunInline(b *Buffer, arrived func() (stay bool)) error
	Releaser
}

// Releaser is a Transport between two reads of which the body of a loop can run.
type Releaser interface {
	// Release has others read and close the socket while the body runs. It fails if the
	// socket is closed.
	Release() bool
	// Reacquire ends that. It fails if the loop must leave the socket.
	Reacquire() bool
}

// Shared is a Transport on a network connection that others use as well: a stream of HTTP/2 or
// HTTP/3.
type Shared interface {
	Transport
	// Addresses returns the two ends of the network connection. local may be nil.
	Addresses() (local net.Addr, remote string)
	// AbortRequest ends the peer's direction if ours has ended, and loses nothing that was sent. It
	// does nothing on a stream that ends with its handler.
	AbortRequest()
}

// Traits is a set of properties of a stream.
type Traits uint8

const (
	// CountsPartialWrites: a Write that is interrupted reports exactly how many bytes will be
	// sent, because the system has taken them, however large the write is. Other streams report
	// progress only when a write ends.
	CountsPartialWrites Traits = 1 << iota
	// RetainsBuffers: after ErrWriteCut the stream may go on reading what Write was given,
	// as a stream of smux does. That memory must not be used for anything else.
	RetainsBuffers
	// TriesWrites: TryWrite can tell whether it would wait. Elsewhere it sends nothing.
	TriesWrites
	// Posts: an event loop sends what cannot be sent at once, as soon as it can. See Driven.
	Posts
)

// Has reports whether t has all of want.
func (t Traits) Has(want Traits) bool { return t&want == want }

// ErrWriteCut is returned by a Write that was interrupted where it cannot go on.
var ErrWriteCut = errors.New("write interrupted")

// DeadlineExceeded reports whether a read or write ended because of a deadline.
func DeadlineExceeded(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// IsTimeout reports whether a read or write may have ended because of a deadline: some
// streams (yamux, smux) have an error of their own for that. A timeout that the system
// reports, such as ETIMEDOUT, is not one: TCP says by it that the peer is gone.
func IsTimeout(err error) bool {
	if DeadlineExceeded(err) {
		return true
	}
	if _, ok := errors.AsType[*os.SyscallError](err); ok {
		return false
	}
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// past is a deadline that has always passed.
var past = time.Unix(1, 0)

// pastIf is the deadline that interrupts, or none.
func pastIf(on bool) time.Time {
	if on {
		return past
	}
	return time.Time{}
}

// New chooses how to drive a stream. Only types that are exactly the standard library's
// are driven below their methods: a wrapper has its reasons. s is the memory for what most
// connections need, and may be part of the result.
//
// A net.Conn that refuses deadlines, as a channel of SSH does, is driven as a stream
// without them, also beneath TLS. From others than sockets New removes deadlines.
func New(rwc io.ReadWriteCloser, s *Socket) Transport {
	switch nc := rwc.(type) {
	case *net.TCPConn:
		if s.init(nc, nc) {
			return s
		}
	case *net.UnixConn:
		if s.init(nc, nc) {
			return s
		}
	case *tls.Conn:
		t := &tlsConn{netConn: netConn{Conn: nc}}
		if !ClearDeadlines(nc) {
			return newPump(nc, t)
		}
		return t
	}
	nc, ok := rwc.(net.Conn)
	if !ok {
		return newPump(rwc, nil)
	}
	if !ClearDeadlines(nc) {
		return newPump(nc, &netConn{nc})
	}
	s.Conn = nc
	return &s.netConn
}

// ClearDeadlines removes the deadlines that were left on nc: from then on a deadline that
// is not ours ends the connection. It reports whether nc has deadlines at all.
func ClearDeadlines(nc net.Conn) bool {
	return nc.SetReadDeadline(time.Time{}) == nil && nc.SetWriteDeadline(time.Time{}) == nil
}
