package websocket

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pumpTransport drives a stream that has no deadlines, such as the body of an
// HTTP response or a channel of SSH. A goroutine reads ahead by one buffer, so that a read can stop
// waiting without losing anything. A write cannot stop waiting; interrupting one
// that is under way closes the stream.
type pumpTransport struct {
	rwc    io.ReadWriteCloser
	under  transport     // what closes rwc, if that is a net.Conn; nil otherwise
	chunks chan []byte   // from the pump: what one Read brought
	taken  chan struct{} // to the pump: the chunk is used up, its memory is free
	closed chan struct{}
	rest   []byte // of the chunk last received

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
	writesCut                       // interrupted while one was, and the stream closed for it
)

func newPumpTransport(rwc io.ReadWriteCloser, under transport) *pumpTransport {
	return &pumpTransport{
		rwc:      rwc,
		under:    under,
		chunks:   make(chan []byte),
		taken:    make(chan struct{}),
		closed:   make(chan struct{}),
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
	n, err := t.rwc.Write(head)
	if err == nil && len(tail) > 0 {
		var m int
		m, err = t.rwc.Write(tail)
		n += m
	}
	return n, t.endWrite(err)
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

// endWrite fails also a write that was cut and yet succeeded: the stream is closed.
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
	cut := false
	if on {
		cut = t.stopWrites()
	} else {
		t.dropLimit()
		if t.writes == writesStopped {
			t.writes = writesFree
		}
	}
	t.mu.Unlock()
	if cut {
		_ = t.close()
	}
}

// stopWrites interrupts. It reports whether the stream must be closed for that.
func (t *pumpTransport) stopWrites() (cut bool) {
	switch t.writes {
	case writesFree:
		t.writes = writesStopped
	case writesOne:
		t.writes = writesCut
		return true
	}
	return false
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
		cut := t.limits == number && t.stopWrites()
		t.mu.Unlock()
		if cut {
			_ = t.close()
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
	if t.under != nil {
		return t.under.close()
	}
	return t.rwc.Close()
}

func (t *pumpTransport) netConn() net.Conn {
	if t.under != nil {
		return t.under.netConn()
	}
	return nil
}
