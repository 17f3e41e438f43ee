package websocket

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/conn"
)

// pacedConn takes a little time for each write.
type pacedConn struct{ net.Conn }

func (pacedConn) SetWriteDeadline(time.Time) error { return nil }
func (pacedConn) Write(p []byte) (int, error) {
	time.Sleep(100 * time.Microsecond)
	return len(p), nil
}

// Of goroutines that write without a pause each has its turn, and so have control frames.
func TestWritersTakeTurns(t *testing.T) {
	const writers, rounds = 8, 300
	for _, role := range []conn.Role{conn.Server, conn.Client} {
		c := newConn(pacedConn{}, connParams{role: role})
		var counts [writers + 1]atomic.Int64
		var total atomic.Int64
		var all sync.WaitGroup
		for i := range counts {
			all.Go(func() {
				for total.Load() < rounds {
					var err error
					if i == writers {
						err = c.WriteControl(PingMessage, nil, time.Time{})
					} else {
						err = c.WriteMessage(TextMessage, []byte("text"))
					}
					if err != nil {
						t.Error(err)
						return
					}
					counts[i].Add(1)
					total.Add(1)
				}
			})
		}
		all.Wait()
		for i := range counts {
			if n := counts[i].Load(); n < rounds/(writers+1)/4 {
				t.Errorf("%v: writer %d had %d of %d turns", role, i, n, total.Load())
			}
		}
	}
}

// What a large message has made of a buffer does not stay in the program's pool.
func TestPoolKeepsNoLargeBuffer(t *testing.T) {
	pool := new(lastValue)
	c := newConn(pacedConn{}, connParams{role: conn.Server, writePool: pool})
	w, err := c.NextWriter(BinaryMessage)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("x"))
	_, _ = w.Write(make([]byte, 1<<20))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b, ok := pool.v.(*writeBuffer); !ok || cap(b.data) > maxWriteBuffer {
		t.Errorf("%T in the pool", pool.v)
	}
}
