//go:build linux

package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// polledTLS drives TLS on a descriptor in an epoll set, by crypto/tls as it is. That takes a
// net.Conn, a tlsSocket: its reads never wait, and return ErrAgain; its writes never wait either,
// and go to a queue, because crypto/tls loses a record whose write fails.
//
//	TryFill ──▶ tls.Conn.Read ───▶ tlsSocket.Read ──▶ Polled
//	TryWrite ─▶ tls.Conn.Write ──▶ tlsSocket.Write ──▶ queue ──▶ Polled, by Ready as well
//
// Nothing is written while the queue holds anything, so it holds no more than one write did. The
// socket is full then, and stays so until Ready has sent the rest. A write that waits for that can
// be interrupted, and go on afterwards.
type polledTLS struct {
	Polled
	conn  *tls.Conn
	queue recordQueue
}

// TryFill asks crypto/tls even if the socket is empty: it may hold bytes.
func (t *polledTLS) TryFill(b *Buffer) (int, error) {
	n, err := t.TryRead(b.Room())
	b.Extend(n)
	b.Release()
	return n, err
}

// TryRead reads once. An error that came with bytes is met again by the next.
func (t *polledTLS) TryRead(p []byte) (int, error) {
	if err := t.cannotRead(t.ready.Load()); err != nil && err != ErrAgain {
		return 0, err
	}
	n, err := t.conn.Read(p)
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, ErrAgain):
		return 0, ErrAgain
	case err == nil:
		return 0, io.ErrNoProgress
	case t.queue.overflowed(): // crypto/tls has passed over that, and cannot decrypt what follows
		return 0, errQueueFull
	}
	return 0, err
}

func (t *polledTLS) Fill(b *Buffer) (int, error) {
	if n, err := t.TryFill(b); err != ErrAgain {
		return n, err
	}
	return t.untilReadable(func() (int, error) { return t.TryFill(b) })
}

func (t *polledTLS) Read(p []byte) (int, error) {
	if n, err := t.TryRead(p); err != ErrAgain {
		return n, err
	}
	return t.untilReadable(func() (int, error) { return t.TryRead(p) })
}

// maxQueued is how many bytes one write hands to crypto/tls: with what records add, they fit in
// the queue.
const maxQueued = readSize / 2

// tryWrite hands over a part of head and tail, if the queue is empty.
func (t *polledTLS) tryWrite(head, tail []byte) (n int, err error) {
	if err := t.cannotWrite(); err != nil {
		return 0, err
	}
	if !t.queue.cork(&t.Polled) {
		return 0, ErrAgain
	}
	defer t.queue.uncork(&t.Polled)
	head = head[:min(len(head), maxQueued)]
	tail = tail[:min(len(tail), maxQueued-len(head))]
	for _, p := range [2][]byte{head, tail} {
		if len(p) == 0 || err != nil {
			continue
		}
		var m int
		m, err = t.conn.Write(p)
		n += m
	}
	return n, err
}

func (t *polledTLS) Write(head, tail []byte) (sent int, err error) {
	for err == nil && len(head)+len(tail) > 0 {
		var n int
		if n, err = t.tryWrite(head, tail); err == ErrAgain {
			n, err = t.waitToWrite(head, tail)
		}
		sent += n
		of := min(n, len(head))
		head, tail = head[of:], tail[n-of:]
	}
	return sent, err
}

// waitToWrite is apart from Write because its function would allocate there.
func (t *polledTLS) waitToWrite(head, tail []byte) (int, error) {
	return t.untilWritable(func() (int, error) { return t.tryWrite(head, tail) })
}

func (t *polledTLS) TryWrite(p []byte) (sent int) {
	for sent < len(p) {
		n, err := t.tryWrite(p[sent:], nil)
		if sent += n; err != nil {
			break
		}
	}
	return sent
}

// Ready sends what is left of the last write.
func (t *polledTLS) Ready(ev Events) (wasFull bool) {
	wasFull = t.note(ev)
	if t.queue.used() && t.use() {
		t.queue.flush(&t.Polled)
		t.unuse()
	}
	t.ring(ev)
	return wasFull && !t.Full()
}

// CloseWrite ends the TLS direction and, when that is sent, the TCP direction beneath it.
func (t *polledTLS) CloseWrite() bool {
	if t.conn.CloseWrite() != nil || !t.use() {
		return false
	}
	defer t.unuse()
	t.queue.shutLater(&t.Polled)
	return true
}

// Close drops what is left of the last write.
func (t *polledTLS) Close() error {
	err := t.Polled.Close()
	t.queue.drop()
	return err
}

// NetConn returns the tls.Conn, which knows the state of TLS.
func (t *polledTLS) NetConn() net.Conn { return t.conn }

// tlsSocket is a polledTLS as crypto/tls sees it.
type tlsSocket struct {
	polledConn
	t *polledTLS
}

func (s *tlsSocket) Read(p []byte) (int, error) { return s.t.Polled.read(nil, p) }

// Write takes all of p, also inside a read: TLS answers a KeyUpdate there.
func (s *tlsSocket) Write(p []byte) (int, error) {
	if !s.t.use() {
		return 0, s.t.closedError("write")
	}
	defer s.t.unuse()
	return s.t.queue.add(&s.t.Polled, p)
}

func (*tlsSocket) CloseRead() error  { return errDriven }
func (*tlsSocket) CloseWrite() error { return errDriven }
