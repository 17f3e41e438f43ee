//go:build linux

package transport

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// recordQueue holds records of TLS until the socket takes them. It has no memory while it is
// empty. Its methods do not wait; the descriptor must be in use when they are given a Polled.
type recordQueue struct {
	left   atomic.Int32 // how many bytes are unsent; stored under mu
	mu     sync.Mutex
	data   *[]byte // of readSize; nil: none
	from   int32   // data[from:from+left] is unsent
	corked bool    // nothing is sent, for more follows
	shut   bool    // the direction ends when all is sent
	err    error   // the socket takes no more
}

// used reports whether anything is unsent.
func (q *recordQueue) used() bool { return q.left.Load() > 0 }

// errQueueFull ends a connection whose peer lets TLS answer all the time and reads no answer.
var errQueueFull = errors.New("the peer asks for answers of TLS and does not read them")

// add puts p behind what is there, and sends what the socket takes. What is left is there before
// that is found out: Ready either comes after it, or has the sending tried once more.
func (q *recordQueue) add(p *Polled, record []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return 0, q.err
	}
	if q.data == nil {
		q.data = readBuffers.Get().(*[]byte)
		q.from = 0
	}
	end := q.from + q.left.Load()
	if len(*q.data)-int(end) < len(record) {
		end = int32(copy(*q.data, (*q.data)[q.from:end]))
		q.from = 0
	}
	if len(*q.data)-int(end) < len(record) {
		q.fail(errQueueFull)
		return 0, q.err
	}
	copy((*q.data)[end:], record)
	q.left.Add(int32(len(record)))
	if q.corked {
		return len(record), nil
	}
	q.send(p)
	return len(record), q.err
}

func (q *recordQueue) overflowed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err == errQueueFull
}

// cork begins a write. It fails, and the socket is full, if something is left of the last.
func (q *recordQueue) cork(p *Polled) bool {
	if !p.use() {
		return true // the write will fail
	}
	defer p.unuse()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.send(p); q.left.Load() > 0 {
		return false
	}
	q.corked = true
	return true
}

// uncork sends what has gathered. The descriptor need not be in use: nothing is sent after Close.
func (q *recordQueue) uncork(p *Polled) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.corked = false
	if p.use() {
		q.send(p)
		p.unuse()
	}
}

// flush sends what the socket takes.
func (q *recordQueue) flush(p *Polled) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.corked {
		q.send(p)
	}
}

// shutLater ends our direction once all is sent.
func (q *recordQueue) shutLater(p *Polled) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = true
	q.send(p)
}

// send sends what the socket takes. The socket is full if that is not all. Under mu.
func (q *recordQueue) send(p *Polled) {
	if q.left.Load() == 0 && !q.shut {
		return
	}
	var err error
	for q.left.Load() > 0 && err == nil {
		var n int
		n, err = p.send(nil, (*q.data)[q.from:q.from+q.left.Load()], nil)
		q.from += int32(n)
		q.left.Add(int32(-n))
	}
	switch {
	case err == ErrAgain:
		return
	case err != nil:
		q.fail(err)
	default:
		q.empty()
		if q.shut {
			_ = unix.Shutdown(int(p.fd), unix.SHUT_WR)
		}
	}
}

// fail drops everything. Under mu.
func (q *recordQueue) fail(err error) {
	q.err = err
	q.empty()
}

// empty gives the memory back. Under mu.
func (q *recordQueue) empty() {
	q.left.Store(0)
	if q.data != nil {
		giveBack(q.data)
		q.data = nil
	}
}

// drop drops everything, after Close.
func (q *recordQueue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fail(net.ErrClosed)
}
