package transport

import (
	"io"
	"net"
	"os"
	"sync"
)

// readAhead is the reading side of a stream whose reads cannot be interrupted. A goroutine
// reads ahead by one buffer, so that a call can stop waiting and lose nothing.
type readAhead struct {
	r      io.Reader
	chunks chan []byte   // from the goroutine: what one Read brought
	taken  chan struct{} // to the goroutine: the chunk is used up, its memory is free
	closed chan struct{}
	rest   []byte // of the chunk last received

	readMu   sync.Mutex
	readErr  error         // why the goroutine ended, before chunks is closed
	stopRead chan struct{} // closed while reads are interrupted
	reading  sync.Once     // begins with the first read
}

func (t *readAhead) init(r io.Reader) {
	t.r = r
	t.chunks, t.taken = make(chan []byte), make(chan struct{})
	t.closed, t.stopRead = make(chan struct{}), make(chan struct{})
}

// run reads until the stream ends. It alone calls r.Read.
func (t *readAhead) run() {
	defer close(t.chunks)
	buf := make([]byte, 4<<10)
	for {
		n, err := readSome(t.r, buf, emptyReads)
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
			t.readMu.Lock()
			t.readErr = err
			t.readMu.Unlock()
			return
		}
	}
}

func (t *readAhead) Fill(b *Buffer) (int, error) {
	if err := t.await(); err != nil {
		return 0, err
	}
	n, err := t.Read(b.Room())
	b.Extend(n)
	return n, err
}

func (t *readAhead) Read(p []byte) (int, error) {
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
func (t *readAhead) await() error {
	if len(t.rest) > 0 {
		return nil
	}
	t.reading.Do(func() { go t.run() })
	t.readMu.Lock()
	stop := t.stopRead
	t.readMu.Unlock()
	select {
	case <-stop:
		return os.ErrDeadlineExceeded
	default:
	}
	select {
	case chunk, ok := <-t.chunks:
		if !ok {
			t.readMu.Lock()
			defer t.readMu.Unlock()
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

func (t *readAhead) InterruptRead(on bool) {
	t.readMu.Lock()
	defer t.readMu.Unlock()
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

// close ends what waits. It reports whether this call did.
func (t *readAhead) close() bool {
	t.readMu.Lock()
	defer t.readMu.Unlock()
	select {
	case <-t.closed:
		return false
	default:
		close(t.closed)
		return true
	}
}
