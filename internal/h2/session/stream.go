package session

import (
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Stream is one stream of a session, a [transport.Transport]. All of it is under Session.mu.
//
// A read that is interrupted loses nothing. A write that is interrupted reports exactly how
// much of it will be sent, and the stream can go on.
type Stream struct {
	s  *Session
	st *h2.Stream

	changed  sync.Cond // for reads and writes that wait
	in       inbox
	readErr  error    // nil: more may come; io.EOF: the peer has ended its direction
	writeErr error    // nil: more may be sent
	head     *h2.Head // the answer to a request of ours, until Open returns
	limit    *writeLimit

	reading, writing flow
	sending          sending
	closing          closing
	users            uint8 // who has not finished with it yet
}

// flow says whether a direction stands interrupted.
type flow uint8

const (
	flowing flow = iota
	interrupted
)

// closing says whether Close was called.
type closing uint8

const (
	notClosed closing = iota
	closed
)

var _ transport.Shared = (*Stream)(nil)

// newStream is a stream that has no h2.Stream yet.
func (s *Session) newStream() *Stream {
	x := &Stream{s: s, users: 1}
	x.changed.L = &s.mu
	return x
}

// answered notes that a head has come.
func (x *Stream) answered(head *h2.Head) {
	if head.EndStream {
		x.endReading(io.EOF)
	}
}

// endReading ends the peer's direction. What had come before is still there to be read.
func (x *Stream) endReading(err error) {
	if x.readErr == nil {
		x.readErr = err
	}
	x.changed.Broadcast()
}

// fail ends both directions.
func (x *Stream) fail(err error) {
	x.endReading(err)
	if x.writeErr == nil {
		x.writeErr = err
	}
	x.changed.Broadcast()
	x.s.changed.Broadcast() // Open may wait for the answer
}

// Fill moves what has come to b, which gets memory only once there is something.
func (x *Stream) Fill(b *transport.Buffer) (int, error) {
	x.s.mu.Lock()
	err := x.await()
	if err != nil {
		x.s.leave()
		b.Release()
		return 0, err
	}
	n := x.take(b.Room())
	x.s.leave()
	b.Extend(n)
	return n, nil
}

// Read waits for bytes and puts them into p.
func (x *Stream) Read(p []byte) (int, error) {
	x.s.mu.Lock()
	n, err := 0, x.await()
	if err == nil {
		n = x.take(p)
	}
	x.s.leave()
	return n, err
}

// await waits until there is something to read.
func (x *Stream) await() error {
	for {
		switch {
		case x.closing == closed:
			return net.ErrClosed
		case x.reading == interrupted:
			return os.ErrDeadlineExceeded
		case x.in.size > 0:
			return nil
		case x.readErr != nil:
			return x.readErr
		}
		x.changed.Wait()
	}
}

// take moves what has come to p. The peer may send as much again.
func (x *Stream) take(p []byte) int {
	n := x.in.read(p)
	x.s.ep.Consumed(x.st, n)
	return n
}

// InterruptRead makes Fill and Read fail with os.ErrDeadlineExceeded until it is called with
// false.
func (x *Stream) InterruptRead(on bool) {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.reading = flowIf(on)
	x.changed.Broadcast()
}

func flowIf(stopped bool) flow {
	if stopped {
		return interrupted
	}
	return flowing
}

// Close ends both directions: by RST_STREAM with CANCEL, unless both have ended. It does not
// wait.
func (x *Stream) Close() error {
	x.s.mu.Lock()
	defer x.s.leave()
	x.close(h2.Cancel)
	return nil
}

func (x *Stream) close(code h2.Code) {
	if x.closing == closed {
		return
	}
	x.closing = closed
	if x.s.phase != over {
		x.s.ep.Reset(x.st, code)
	}
	x.readErr, x.writeErr = net.ErrClosed, net.ErrClosed
	x.in.discard()
	x.limit.stop()
	x.changed.Broadcast()
	x.giveUp()
}

// giveUp is called when one of the users has finished. The last gives the stream back.
func (x *Stream) giveUp() {
	if x.users--; x.users > 0 {
		return
	}
	s := x.s
	s.ep.Release(x.st)
	if s.ep.InUse() == 0 {
		now := time.Now()
		s.clock.idleSince = now
		s.drained()
		s.watch(now)
	}
}

// NetConn returns nil: others share the network connection.
func (x *Stream) NetConn() net.Conn { return nil }

// Addresses returns the two ends of the network connection. local may be nil.
func (x *Stream) Addresses() (local net.Addr, remote string) { return x.s.local, x.s.remote }

// Traits: the endpoint copies what it frames, and can take back the rest.
func (x *Stream) Traits() transport.Traits {
	return transport.CountsPartialWrites | transport.TriesWrites
}
