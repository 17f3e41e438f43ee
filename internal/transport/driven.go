package transport

import (
	"errors"
	"net"
)

// Driven is a Transport that an event loop drives: the loop reports by Ready what has become
// possible. TryWrite sends all that it is given, unless the stream is Full then or has failed.
//
// TryFill and TryRead are called inside the gate for reading. Ready, Full and Backlog may be called
// from anywhere, and neither waits.
type Driven interface {
	Transport
	Releaser
	// TryFill puts what has come into b, without waiting. It returns ErrAgain if nothing has come.
	TryFill(b *Buffer) (int, error)
	// TryRead puts it into q instead.
	TryRead(q []byte) (int, error)
	// Ready reports what has become possible, and wakes who waits for it. wasFull says that
	// nothing could be sent until now, and can be again.
	Ready(ev Events) (wasFull bool)
	// Full reports whether nothing can be sent before Ready says so.
	Full() bool
	// Backlog returns how many bytes are in the system that the peer has still to take, 0 if
	// that is not known. While the stream is Full they only become fewer.
	Backlog() int
	// FreeRead says that nobody will read any more. It is called inside the gate for reading,
	// any number of times.
	FreeRead()
	// FreeWrite says that nobody will write any more. It is called inside the gate for writing,
	// any number of times.
	FreeWrite()
}

// Owner is who has a Driven.
type Owner interface {
	// Waiting is called when a Fill, Read or Write is about to wait.
	Waiting()
	// Freed is called once, just before the descriptor is closed: the loop must forget it.
	Freed()
}

// Reporter is a net.Conn that can be driven without an event loop: it reports by itself what has
// become possible. There is one in memory, for tests.
type Reporter interface {
	net.Conn
	// Drive returns what drives the stream from now on. It is called inside both gates. report
	// does not wait, and may be called from anywhere.
	Drive(report func(Events)) Driven
}

// Reporting returns the Reporter that t drives by its methods, if it is one.
func Reporting(t Transport) (r Reporter, ok bool) {
	if t, isConn := t.(*netConn); isConn {
		r, ok = t.Conn.(Reporter)
	}
	return r, ok
}

// Events is a set of what can become possible on a descriptor.
type Events uint32

const (
	Readable Events = 1 << iota
	Writable
	Ended // the peer has ended its direction, or the stream is broken
)

// ErrAgain is returned by what does not wait when there is nothing to be had. crypto/tls lets it
// pass, because it is a net.Error that calls itself temporary: the connection goes on after it.
var ErrAgain error = again{}

type again struct{}

func (again) Error() string   { return "nothing has come yet" }
func (again) Timeout() bool   { return false }
func (again) Temporary() bool { return true }

// errNoDetach is returned by Detach where it cannot be done.
var errNoDetach = errors.New("this stream cannot be driven by an event loop: it is not a TCP or Unix socket of package net on Linux")
