package transport

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pump drives a stream that has no deadlines, such as the body of an HTTP response or a
// channel of SSH. A goroutine reads ahead by one buffer, so that a read can stop waiting
// without losing anything. Writes run on goroutines as well, and have a copy of what they
// write: Close does not end a write on every stream. That of a channel of SSH waits for an
// answer of the peer. A write that is interrupted while it is under way is left to itself,
// and the stream cannot be written to any more.
type pump struct {
	rwc    io.ReadWriteCloser
	under  Transport     // what closes rwc, if that is a net.Conn; nil otherwise
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

func newPump(rwc io.ReadWriteCloser, under Transport) *pump {
	return &pump{
		rwc:      rwc,
		under:    under,
		chunks:   make(chan []byte),
		taken:    make(chan struct{}),
		closed:   make(chan struct{}),
		cut:      make(chan struct{}),
		stopRead: make(chan struct{}),
	}
}

// run reads until the stream ends. It alone calls rwc.Read.
func (t *pump) run() {
	defer close(t.chunks)
	buf := make([]byte, 4<<10)
	for {
		n, err := readSome(t.rwc, buf, emptyReads)
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

func (t *pump) Fill(b *Buffer) (int, error) {
	if err := t.await(); err != nil {
		return 0, err
	}
	n, err := t.Read(b.Room())
	b.Extend(n)
	return n, err
}

func (t *pump) Read(p []byte) (int, error) {
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
func (t *pump) await() error {
	if len(t.rest) > 0 {
		return nil
	}
	t.pumping.Do(func() { go t.run() })
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

func (t *pump) InterruptRead(on bool) {
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

func (t *pump) CloseWrite() bool { return t.under != nil && t.under.CloseWrite() }

// closePatience limits how long Close waits for the Close of the stream.
const closePatience = 5 * time.Millisecond

// Close waits at most closePatience: the Close of some streams blocks until the peer reads.
func (t *pump) Close() error {
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
			closed <- t.under.Close()
		} else {
			closed <- t.rwc.Close()
		}
	}()
	late := time.NewTimer(closePatience)
	defer late.Stop()
	select {
	case err := <-closed:
		return err
	case <-late.C:
		return nil
	}
}

func (t *pump) NetConn() net.Conn {
	if t.under != nil {
		return t.under.NetConn()
	}
	return nil
}

func (t *pump) Traits() Traits { return 0 }
