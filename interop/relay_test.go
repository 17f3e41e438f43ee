package interop

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// relay passes bytes on between clients and a server, and counts the connections.
type relay struct {
	address string
	sent    []*atomic.Int64 // by the client, for each connection
	mu      sync.Mutex
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: l.Addr().String()}
	var open sync.WaitGroup
	var ends []func() error
	t.Cleanup(func() {
		l.Close()
		r.mu.Lock()
		for _, end := range ends {
			end()
		}
		r.mu.Unlock()
		open.Wait()
	})
	open.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			r.mu.Lock()
			n := new(atomic.Int64)
			r.sent = append(r.sent, n)
			ends = append(ends, near.Close, far.Close)
			r.mu.Unlock()
			pass := func(w, from net.Conn, n *atomic.Int64) {
				defer w.Close()
				_, _ = io.Copy(io.MultiWriter(w, counter{n}), from)
			}
			open.Go(func() { pass(far, near, n) })
			open.Go(func() { pass(near, far, new(atomic.Int64)) })
		}
	})
	return r
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// used returns how many connections have carried more than a handshake of TLS: a browser opens
// more, in case it needs them.
func (r *relay) used() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, sent := range r.sent {
		if sent.Load() > 8<<10 {
			n++
		}
	}
	return n
}

// accepted returns how many connections there have been.
func (r *relay) accepted() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sent)
}
