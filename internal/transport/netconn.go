package transport

import (
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// netConn drives any net.Conn by its methods and deadlines.
type netConn struct{ net.Conn }

func (t *netConn) Fill(b *Buffer) (int, error) {
	b.keep()
	n, err := t.Read(b.Room())
	b.Extend(n)
	return n, err
}

// Read makes the first attempt itself: readSome needs an io.Reader, and to make one of an
// interface costs as much as the rest.
func (t *netConn) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	switch {
	case n > 0:
		return n, nil
	case err != nil:
		return 0, err
	}
	return readSome(t.Conn, p, emptyReads-1)
}

// emptyReads is how many reads in a row may bring nothing. [io.Reader] discourages them,
// and says that they mean nothing happened. On a stream that keeps writes apart, as
// [net.Pipe] does, an empty write of the peer is one.
const emptyReads = 100

// readSome reads at least one byte, or fails after so many attempts. An error that came with
// bytes is left to the next read, which will meet it again.
func readSome(r io.Reader, p []byte, attempts int) (n int, err error) {
	for range attempts {
		if n, err = r.Read(p); n > 0 {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}

// Write cannot go on after a timeout other than os.ErrDeadlineExceeded, of which net.Conn
// speaks: a stream of smux may still send, later, what it reports as not sent.
func (t *netConn) Write(head, tail []byte) (int, error) {
	n, err := t.writeBoth(head, tail)
	if err != nil && !DeadlineExceeded(err) && IsTimeout(err) {
		err = fmt.Errorf("%w: %w", ErrWriteCut, err)
	}
	return n, err
}

// writeBoth believes the error rather than the count: a net.Conn that changes what it sends
// may report how much that was, and io.Writer promises an error with fewer.
func (t *netConn) writeBoth(head, tail []byte) (int, error) {
	n, err := t.writeVector(head, tail)
	if all := len(head) + len(tail); err == nil || n > all {
		n = all
	}
	return max(n, 0), err
}

func (t *netConn) writeVector(head, tail []byte) (int, error) {
	if len(tail) == 0 {
		return t.Conn.Write(head)
	}
	if len(head) == 0 {
		return t.Conn.Write(tail)
	}
	// net.Buffers makes one writev of it on exactly the standard library's types, and a
	// write of each part elsewhere.
	v := vectors.Get().(*vector)
	v.both = [2][]byte{head, tail}
	v.vec = v.both[:]
	n, err := v.vec.WriteTo(t.Conn)
	*v = vector{}
	vectors.Put(v)
	return int(n), err
}

// vector is the memory of a write in two parts. It is borrowed, so that a write
// allocates nothing and an idle connection holds none.
type vector struct {
	both [2][]byte
	vec  net.Buffers
}

var vectors = poolcheck.NewPool("vectors", func() any { return new(vector) })

// TryWrite sends nothing: a net.Conn cannot say whether it would wait.
func (t *netConn) TryWrite([]byte) int { return 0 }

func (t *netConn) InterruptRead(on bool)  { _ = t.Conn.SetReadDeadline(pastIf(on)) }
func (t *netConn) InterruptWrite(on bool) { _ = t.Conn.SetWriteDeadline(pastIf(on)) }
func (t *netConn) LimitWrite(d time.Time) { _ = t.Conn.SetWriteDeadline(d) }

func (t *netConn) CloseWrite() bool { return closeWrite(t.Conn) }

// closeWrite reports whether it could end our direction of nc.
func closeWrite(nc net.Conn) bool {
	half, ok := nc.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// Close also ends a read that waits: closing a stream of yamux does not.
func (t *netConn) Close() error {
	t.InterruptRead(true)
	return t.Conn.Close()
}

func (t *netConn) NetConn() net.Conn { return t.Conn }

func (t *netConn) Traits() Traits { return RetainsBuffers }
