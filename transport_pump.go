package websocket

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pumpTransport drives a stream that has no deadlines, such as the body of an
// HTTP response. A goroutine reads ahead by one buffer, so that a read can stop
// waiting without losing anything. A write cannot stop waiting; interrupting one
// that is under way closes the stream.
type pumpTransport struct {
	rwc    io.ReadWriteCloser
	chunks chan []byte   // from the pump: what one Read brought
	taken  chan struct{} // to the pump: the chunk is used up, its memory is free
	closed chan struct{}
	rest   []byte // of the chunk last received

	mu        sync.Mutex
	readErr   error         // why the pump ended, before chunks is closed
	stopRead  chan struct{} // closed while reads are interrupted
	begun     bool          // the pump runs
	writing   bool          // a write is under way
	stopWrite bool          // writes are interrupted; one that has not begun may go on later
	cut       bool          // one that had begun was interrupted, and the stream closed for it
	limit     *time.Timer
}

func newPumpTransport(rwc io.ReadWriteCloser) *pumpTransport {
	return &pumpTransport{
		rwc:      rwc,
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
		n, err := t.rwc.Read(buf)
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
	t.mu.Lock()
	stop := t.stopRead
	if !t.begun {
		t.begun = true
		go t.pump()
	}
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
	t.mu.Lock()
	if t.stopWrite {
		t.mu.Unlock()
		return 0, os.ErrDeadlineExceeded
	}
	t.writing = true
	t.mu.Unlock()
	n, err := t.rwc.Write(head)
	if err == nil && len(tail) > 0 {
		var m int
		m, err = t.rwc.Write(tail)
		n += m
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writing = false
	if err != nil && t.cut {
		err = errWriteCut
	}
	return n, err
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
	t.stopWrite = on
	cut := on && t.writing
	t.cut = t.cut || cut
	t.mu.Unlock()
	if cut {
		_ = t.close()
	}
}

func (t *pumpTransport) limitWrite(d time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.limit != nil {
		t.limit.Stop()
	}
	if !d.IsZero() {
		t.limit = time.AfterFunc(time.Until(d), func() { t.interruptWrite(true) })
	}
}

// offer: a stream cannot say whether it would wait.
func (t *pumpTransport) offer([]byte) int { return 0 }

func (t *pumpTransport) closeWrite() bool { return false }

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
	return t.rwc.Close()
}

func (t *pumpTransport) netConn() net.Conn { return nil }
