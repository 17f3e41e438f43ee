package transport

import (
	"io"
	"net"

	"github.com/hawser-ws/websocket/internal/poolcheck"
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

// TryWrite sends nothing: a stream cannot say whether it would wait.
func (t *pump) TryWrite([]byte) int { return 0 }
