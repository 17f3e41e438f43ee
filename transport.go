package websocket

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/hawser-ws/websocket/internal/ledger"
)

// transport is the octet stream beneath a connection. Reads come from inside the
// read gate and writes from inside the write gate, one at a time; the rest may
// come from anywhere.
type transport interface {
	// fill waits for octets and puts them into b. If b has no memory it borrows
	// some, where it can only once there is something to put there.
	fill(b *readBuffer) (int, error)
	// read waits for octets and puts them into p.
	read(p []byte) (int, error)
	// write sends head and then tail, in one system call where it can.
	write(head, tail []byte) (int, error)
	// offer sends as much of p as can go without waiting, which may be nothing.
	offer(p []byte) int
	// interruptRead makes fill and read fail at once with os.ErrDeadlineExceeded
	// and lose nothing, until it is called with false.
	interruptRead(on bool)
	// interruptWrite does so for write, which tells how much was sent. A transport
	// that cannot go on after that fails with errWriteCut instead.
	interruptWrite(on bool)
	// limitWrite makes write fail with os.ErrDeadlineExceeded when t has passed.
	limitWrite(t time.Time)
	// closeWrite ends our direction and keeps the peer's. ok is false where the
	// transport has no such thing.
	closeWrite() (ok bool)
	close() error
	// netConn returns the connection beneath, nil if it is not one.
	netConn() net.Conn
}

// resident is a transport in which a loop over messages can live: see residence.
type resident interface {
	// reside calls arrived, inside the wait, whenever octets have come into b, until
	// it returns false; arrived leaves b empty if it returns true. Both are inside the
	// read gate, but arrived may leave it between lend and regain.
	reside(b *readBuffer, arrived func() (stay bool)) error
	// lend has the socket read and closed by others. It fails if it is closed.
	lend() bool
	// regain ends that. It fails if arrived must return false.
	regain() bool
	// forsake is for a loop that cannot enter the gate again: it leaves the memory that
	// its body had of the read buffer to whoever is inside next. forsaken returns it, nil
	// if there is none.
	forsake(lent *[]byte)
	forsaken() *[]byte
}

// interrupted reports whether a read or write ended because of a deadline.
func interrupted(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// timedOut reports whether a read or write may have ended because of a deadline: some
// streams (yamux, smux) have an error of their own for that. A timeout of the system's,
// such as ETIMEDOUT, is none: it is how TCP says that the peer is gone.
func timedOut(err error) bool {
	if interrupted(err) {
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

// drive chooses how to drive a stream. Only the types that are exactly the standard
// library's are driven below their methods: a wrapper has its reasons. The memory for
// what most connections need is part of the Conn.
//
// A net.Conn that refuses deadlines, as a channel of SSH does, is driven as a stream
// without them, also beneath TLS.
func (c *Conn) drive(rwc io.ReadWriteCloser) {
	switch s := rwc.(type) {
	case *net.TCPConn:
		if c.socket.init(s, s) {
			c.transport = &c.socket
			return
		}
	case *net.UnixConn:
		if c.socket.init(s, s) {
			c.transport = &c.socket
			return
		}
	case *tls.Conn:
		t := &tlsTransport{netTransport: netTransport{Conn: s}}
		if !clearDeadlines(s) {
			c.transport = newPumpTransport(s, t)
			return
		}
		c.transport = t
		return
	}
	if nc, ok := rwc.(net.Conn); ok {
		if !clearDeadlines(nc) {
			c.transport = newPumpTransport(nc, &netTransport{nc})
			return
		}
		c.socket.Conn = nc
		c.transport = &c.socket.netTransport
		return
	}
	c.transport = newPumpTransport(rwc, nil)
}

// clearDeadlines removes the deadlines that were left on nc: from here on a deadline
// that is not ours ends the connection. It reports whether nc has deadlines at all.
func clearDeadlines(nc net.Conn) bool {
	return nc.SetReadDeadline(time.Time{}) == nil && nc.SetWriteDeadline(time.Time{}) == nil
}

// netTransport drives any net.Conn by its methods and deadlines.
type netTransport struct{ net.Conn }

// vector is the memory of a write in two parts, lent so that it allocates nothing
// and an idle connection holds none.
type vector struct {
	both [2][]byte
	vec  net.Buffers
}

var vectors = ledger.Pool{New: func() any { return new(vector) }}

func (t *netTransport) fill(b *readBuffer) (int, error) {
	b.keep()
	n, err := readSome(t.Conn, b.room())
	b.added(n)
	return n, err
}

func (t *netTransport) read(p []byte) (int, error) { return readSome(t.Conn, p) }

// emptyReads is how many reads in a row may bring nothing: [io.Reader] discourages
// them and means by them that nothing happened. A peer's empty write is one where a
// stream keeps writes apart, as [net.Pipe] does.
const emptyReads = 100

// readSome reads at least one octet, or fails. An error that came with octets is
// left to the next read, which will meet it again.
func readSome(r io.Reader, p []byte) (n int, err error) {
	for range emptyReads {
		if n, err = r.Read(p); n > 0 {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}

// write cannot go on after a timeout that is not os.ErrDeadlineExceeded, of which
// net.Conn speaks: a stream of smux may still send, later, what it says it has not.
func (t *netTransport) write(head, tail []byte) (int, error) {
	n, err := t.writeBoth(head, tail)
	if err != nil && !interrupted(err) && timedOut(err) {
		err = fmt.Errorf("%w: %w", errWriteCut, err)
	}
	return n, err
}

func (t *netTransport) writeBoth(head, tail []byte) (int, error) {
	if len(tail) == 0 {
		return t.Conn.Write(head)
	}
	if len(head) == 0 {
		return t.Conn.Write(tail)
	}
	// net.Buffers is one writev on what is exactly the standard library's, and a
	// write for each part elsewhere.
	v := vectors.Get().(*vector)
	v.both = [2][]byte{head, tail}
	v.vec = v.both[:]
	n, err := v.vec.WriteTo(t.Conn)
	*v = vector{}
	vectors.Put(v)
	return int(n), err
}

// offer: a net.Conn cannot say whether it would wait.
func (t *netTransport) offer([]byte) int { return 0 }

func (t *netTransport) interruptRead(on bool)  { _ = t.Conn.SetReadDeadline(pastIf(on)) }
func (t *netTransport) interruptWrite(on bool) { _ = t.Conn.SetWriteDeadline(pastIf(on)) }
func (t *netTransport) limitWrite(d time.Time) { _ = t.Conn.SetWriteDeadline(d) }

func pastIf(on bool) time.Time {
	if on {
		return past
	}
	return time.Time{}
}

func (t *netTransport) closeWrite() bool {
	half, ok := t.Conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// close also ends a read that waits, which Close does not do to a stream of yamux.
func (t *netTransport) close() error {
	t.interruptRead(true)
	return t.Conn.Close()
}

func (t *netTransport) netConn() net.Conn { return t.Conn }

// tlsTransport drives TLS. A read that is interrupted can go on; a write cannot,
// because the record that was begun is lost (see [tls.Conn.SetWriteDeadline]).
type tlsTransport struct {
	netTransport
	first [496]byte // half a KiB in all
}

// fill waits with a little memory of its own, so that an idle connection need not
// hold a buffer of ours besides those of crypto/tls. Most messages fit in it. What is
// left of a record that does not comes without a system call.
func (t *tlsTransport) fill(b *readBuffer) (int, error) {
	if b.buffered() > 0 { // of a frame, the rest of which is mostly there
		n, err := readSome(t.Conn, b.room())
		b.added(n)
		return n, err
	}
	b.release()
	n, err := readSome(t.Conn, t.first[:])
	if n > 0 {
		b.added(copy(b.room(), t.first[:n]))
	}
	return n, err
}

func (t *tlsTransport) write(head, tail []byte) (int, error) {
	n, err := t.writeBoth(head, tail)
	if err != nil && timedOut(err) {
		err = fmt.Errorf("%w: %w", errWriteCut, err)
	}
	return n, err
}

// closeWrite ends the TLS direction and the TCP direction beneath it.
func (t *tlsTransport) closeWrite() bool {
	if !t.netTransport.closeWrite() {
		return false
	}
	if half, ok := t.beneath().(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	return true
}

// close does not say goodbye as tls.Conn.Close does, which waits up to 5 s for a
// peer that does not read. In an orderly end closeWrite has said it.
//
// A socket that was made blocking behind our back has crypto/tls wait in a system call
// that only a shutdown ends. Its Close would wait for that call.
func (t *tlsTransport) close() error {
	t.interruptRead(true)
	beneath := t.beneath()
	if socket, ok := beneath.(halves); ok {
		_ = socket.CloseRead()
		_ = socket.CloseWrite()
	}
	return beneath.Close()
}

// halves is a socket whose directions can be shut down.
type halves interface {
	CloseRead() error
	CloseWrite() error
}

func (t *tlsTransport) beneath() net.Conn { return t.Conn.(*tls.Conn).NetConn() }

// errWriteCut is returned by a write that was interrupted where it cannot go on.
var errWriteCut = errors.New("write interrupted")
