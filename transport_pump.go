package websocket

import (
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/internal/ledger"
)

// pumpTransport drives a stream that has no deadlines, such as the body of an
// HTTP response or a channel of SSH. A goroutine reads ahead by one buffer, so that a
// read can stop waiting without losing anything. Writes are on goroutines as well, and
// have a copy of what they write: Close does not end a write on every stream, that of a
// channel of SSH waits for an answer of the peer. A write that is interrupted while it is
// under way is left to itself, and the stream cannot be written to any more.
type pumpTransport struct {
	rwc    io.ReadWriteCloser
	under  transport     // what closes rwc, if that is a net.Conn; nil otherwise
	chunks chan []byte   // from the pump: what one Read brought
	taken  chan struct{} // to the pump: the chunk is used up, its memory is free
	closed chan struct{}
	cut    chan struct{} // closed when a write was cut
	rest   []byte        // of the chunk last received

	mu       sync.Mutex
	readErr  error         // why the pump ended, before chunks is closed
	stopRead chan struct{} // closed while reads are interrupted
	pumping  sync.Once     // begins with the first read
	writes   pumpWrites
	limit    *time.Timer // of the write that comes next or is under way; nil: none
	limits   uint64      // counts them, so that a timer that fires late knows it is late
}

// pumpWrites says how it stands with writes.
type pumpWrites uint8

const (
	writesFree    pumpWrites = iota // none is under way
	writesOne                       // one is under way
	writesStopped                   // interrupted while none was under way: none begins until that is over
	writesCut                       // interrupted while one was: none begins any more
)

func newPumpTransport(rwc io.ReadWriteCloser, under transport) *pumpTransport {
	return &pumpTransport{
		rwc:      rwc,
		under:    under,
		chunks:   make(chan []byte),
		taken:    make(chan struct{}),
		closed:   make(chan struct{}),
		cut:      make(chan struct{}),
		stopRead: make(chan struct{}),
	}
}

// pump reads until the stream ends. It is alone in touching rwc.Read.
func (t *pumpTransport) pump() {
	defer close(t.chunks)
	buf := make([]byte, 4<<10)
	for {
		n, err := readSome(t.rwc, buf)
		if n > 0 {
			select {
			case t.chunks <- buf[:n]:
			case <-t.closed:
				return
			}
			select {
			case <-t.taken:
			case <-t.closed:
				return
			}
		}
		if err != nil {
			t.mu.Lock()
			t.readErr = err
			t.mu.Unlock()
			return
		}
	}
}

func (t *pumpTransport) fill(b *readBuffer) (int, error) {
	if err := t.await(); err != nil {
		return 0, err
	}
	n, err := t.read(b.room())
	b.added(n)
	return n, err
}

func (t *pumpTransport) read(p []byte) (int, error) {
	if err := t.await(); err != nil {
		return 0, err
	}
	n := copy(p, t.rest)
	if t.rest = t.rest[n:]; len(t.rest) == 0 {
		select {
		case t.taken <- struct{}{}:
		case <-t.closed:
		}
	}
	return n, nil
}

// await returns when t.rest holds something.
func (t *pumpTransport) await() error {
	if len(t.rest) > 0 {
		return nil
	}
	t.pumping.Do(func() { go t.pump() })
	t.mu.Lock()
	stop := t.stopRead
	t.mu.Unlock()
	select {
	case <-stop:
		return os.ErrDeadlineExceeded
	default:
	}
	select {
	case chunk, ok := <-t.chunks:
		if !ok {
			t.mu.Lock()
			defer t.mu.Unlock()
			if t.readErr == nil {
				return net.ErrClosed
			}
			return t.readErr
		}
		t.rest = chunk
		return nil
	case <-stop:
		return os.ErrDeadlineExceeded
	case <-t.closed:
		return net.ErrClosed
	}
}

func (t *pumpTransport) write(head, tail []byte) (int, error) {
	if err := t.beginWrite(); err != nil {
		return 0, err
	}
	n, err := t.writeCopy(head)
	for err == nil && len(tail) > 0 {
		var m int
		m, err = t.writeCopy(tail[:min(len(tail), sendSize)])
		tail = tail[m:]
		n += m
	}
	return n, t.endWrite(err)
}

var pumpBuffers = ledger.Pool{New: func() any { return new([sendSize]byte) }}

// writeCopy writes p, which is no longer than sendSize, and is not used any more when it
// returns.
func (t *pumpTransport) writeCopy(p []byte) (n int, err error) {
	buf := pumpBuffers.Get().(*[sendSize]byte)
	q := buf[:copy(buf[:], p)]
	type result struct {
		n   int
		err error
	}
	written := make(chan result, 1)
	go func() {
		n, err := t.rwc.Write(q)
		if err == nil && n < len(q) {
			err = io.ErrShortWrite
		}
		pumpBuffers.Put(buf)
		written <- result{n, err}
	}()
	select {
	case r := <-written:
		return r.n, r.err
	case <-t.cut:
		return 0, errWriteCut
	case <-t.closed:
		return 0, net.ErrClosed
	}
}

func (t *pumpTransport) beginWrite() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.writes {
	case writesStopped:
		return os.ErrDeadlineExceeded
	case writesCut:
		return errWriteCut
	}
	t.writes = writesOne
	return nil
}

// endWrite fails also a write that was cut and yet succeeded: no other can follow it.
func (t *pumpTransport) endWrite(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.writes == writesCut {
		return errWriteCut
	}
	t.writes = writesFree
	return err
}

func (t *pumpTransport) interruptRead(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.stopRead:
		if !on {
			t.stopRead = make(chan struct{})
		}
	default:
		if on {
			close(t.stopRead)
		}
	}
}

func (t *pumpTransport) interruptWrite(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if on {
		t.stopWrites()
		return
	}
	t.dropLimit()
	if t.writes == writesStopped {
		t.writes = writesFree
	}
}

// stopWrites interrupts. The writer ends the connection if that costs it: it knows why.
func (t *pumpTransport) stopWrites() {
	switch t.writes {
	case writesFree:
		t.writes = writesStopped
	case writesOne:
		t.writes = writesCut
		close(t.cut)
	}
}

func (t *pumpTransport) limitWrite(d time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropLimit()
	if t.writes == writesStopped { // by a limit that came after its write: nobody interrupts now
		t.writes = writesFree
	}
	if d.IsZero() {
		return
	}
	number := t.limits
	t.limit = time.AfterFunc(time.Until(d), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.limits == number {
			t.stopWrites()
		}
	})
}

func (t *pumpTransport) dropLimit() {
	t.limits++
	if t.limit != nil {
		t.limit.Stop()
		t.limit = nil
	}
}

// offer: a stream cannot say whether it would wait.
func (t *pumpTransport) offer([]byte) int { return 0 }

func (t *pumpTransport) closeWrite() bool { return t.under != nil && t.under.closeWrite() }

// close does not wait long for a Close that waits for the peer to read.
func (t *pumpTransport) close() error {
	t.mu.Lock()
	select {
	case <-t.closed:
		t.mu.Unlock()
		return nil
	default:
		close(t.closed)
	}
	t.mu.Unlock()
	closed := make(chan error, 1)
	go func() {
		if t.under != nil {
			closed <- t.under.close()
		} else {
			closed <- t.rwc.Close()
		}
	}()
	late := time.NewTimer(headStart)
	defer late.Stop()
	select {
	case err := <-closed:
		return err
	case <-late.C:
		return nil
	}
}

func (t *pumpTransport) netConn() net.Conn {
	if t.under != nil {
		return t.under.netConn()
	}
	return nil
}
