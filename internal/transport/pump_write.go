package transport

import (
	"io"
	"net"
	"os"
	"time"

	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// pumpWrites says how it stands with writes.
type pumpWrites uint8

const (
	writesFree    pumpWrites = iota // none is under way
	writesOne                       // one is under way
	writesStopped                   // interrupted while none was under way: none begins until that is over
	writesCut                       // interrupted while one was: none begins any more
)

func (t *pump) Write(head, tail []byte) (int, error) {
	if err := t.beginWrite(); err != nil {
		return 0, err
	}
	n, err := t.writeCopies(head)
	if err == nil {
		var m int
		m, err = t.writeCopies(tail)
		n += m
	}
	return n, t.endWrite(err)
}

// writeCopies makes no write of nothing, which means something to a stream of messages.
func (t *pump) writeCopies(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = t.writeCopy(p[n:min(len(p), n+pumpSize)])
		n += m
	}
	return n, err
}

// pumpSize is how much one write of the stream gets, in bytes.
const pumpSize = 32 << 10

var pumpBuffers = poolcheck.NewPool("pump buffers", func() any { return new([pumpSize]byte) })

// written is how a write of the stream ended.
type written struct {
	n   int
	err error
}

// writeCopy writes p, which is no longer than pumpSize, and is not used any more when it
// returns.
func (t *pump) writeCopy(p []byte) (n int, err error) {
	buf := pumpBuffers.Get().(*[pumpSize]byte)
	q := buf[:copy(buf[:], p)]
	done := make(chan written, 1)
	go func() {
		n, err := t.rwc.Write(q)
		if err == nil && n < len(q) {
			err = io.ErrShortWrite
		}
		pumpBuffers.Put(buf)
		done <- written{max(0, min(n, len(q))), err} // see writeBoth
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-t.cut:
		return 0, ErrWriteCut
	case <-t.closed:
		return 0, net.ErrClosed
	}
}

func (t *pump) beginWrite() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.writes {
	case writesStopped:
		return os.ErrDeadlineExceeded
	case writesCut:
		return ErrWriteCut
	}
	t.writes = writesOne
	return nil
}

// endWrite fails also a write that was cut and yet succeeded: no other can follow it.
func (t *pump) endWrite(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.writes == writesCut {
		return ErrWriteCut
	}
	t.writes = writesFree
	return err
}

func (t *pump) InterruptWrite(on bool) {
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
func (t *pump) stopWrites() {
	switch t.writes {
	case writesFree:
		t.writes = writesStopped
	case writesOne:
		t.writes = writesCut
		close(t.cut)
	}
}

func (t *pump) LimitWrite(d time.Time) {
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

func (t *pump) dropLimit() {
	t.limits++
	if t.limit != nil {
		t.limit.Stop()
		t.limit = nil
	}
}

// TryWrite sends nothing: a stream cannot say whether it would wait.
func (t *pump) TryWrite([]byte) int { return 0 }
