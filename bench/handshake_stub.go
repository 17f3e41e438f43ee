package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/hawser-ws/websocket/bench/servers"
)

// A stubConn is the connection of a client that requests a WebSocket and sends nothing else. It
// can be reused after it was closed. It allocates nothing.
type stubConn struct {
	request []byte
	local   net.Addr
	ended   chan struct{} // receives a token each time it is closed

	mu       sync.Mutex
	cond     sync.Cond
	pos      int
	past     bool // the read deadline has passed
	closed   bool
	response [1024]byte
	written  int
}

func newStubConn() *stubConn {
	c := &stubConn{
		request: browserRequest("127.0.0.1:8080"),
		local:   &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080},
		ended:   make(chan struct{}, 1),
	}
	c.cond.L = &c.mu
	return c
}

// again makes it a new connection.
func (c *stubConn) again() {
	c.mu.Lock()
	c.pos, c.past, c.closed, c.written = 0, false, false, 0
	c.mu.Unlock()
}

func (c *stubConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.past:
			return 0, os.ErrDeadlineExceeded
		case c.pos < len(c.request):
			n := copy(p, c.request[c.pos:])
			c.pos += n
			return n, nil
		}
		c.cond.Wait()
	}
}

func (c *stubConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written += copy(c.response[c.written:], p)
	return len(p), nil
}

func (c *stubConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	c.cond.Broadcast()
	c.ended <- struct{}{}
	return nil
}

// SetReadDeadline handles deadlines that have already passed; nothing here takes long.
func (c *stubConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	c.past = !t.IsZero() && t.Before(time.Now())
	c.cond.Broadcast()
	c.mu.Unlock()
	return nil
}

func (c *stubConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *stubConn) SetWriteDeadline(time.Time) error { return nil }
func (c *stubConn) LocalAddr() net.Addr              { return c.local }
func (c *stubConn) RemoteAddr() net.Addr             { return c.local }

// A stubListener has one connection at a time.
type stubListener struct {
	conns chan net.Conn
	addr  net.Addr
}

func (l *stubListener) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l *stubListener) Close() error   { return nil }
func (l *stubListener) Addr() net.Addr { return l.addr }

var errNotEnded = errors.New("the connection was not closed")

// countAllocations does n handshakes in this process. Behind net/http they include its
// allocations.
func countAllocations(g servers.Greeter, n int) (allocations, size float64, err error) {
	c := newStubConn()
	one := func() error {
		if err := g.Raw(c); err != nil {
			return err
		}
		<-c.ended
		return nil
	}
	if g.HTTP != nil {
		l := &stubListener{make(chan net.Conn), c.local}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = g.Serve(l)
		}()
		defer func() { close(l.conns); <-ended }()
		timeout := time.NewTimer(time.Minute)
		defer timeout.Stop()
		one = func() error {
			select {
			case l.conns <- c:
			case <-ended:
				return net.ErrClosed
			}
			select {
			case <-c.ended:
				return nil
			case <-timeout.C:
				return errNotEnded
			}
		}
	}
	several := func(n int) error {
		for range n {
			c.again()
			if err := one(); err != nil {
				return err
			}
		}
		return nil
	}
	if err := several(100); err != nil { // fills the pools
		return 0, 0, err
	}
	c.mu.Lock()
	err = checkAccepted(bytes.Clone(c.response[:c.written]))
	c.mu.Unlock()
	if err != nil {
		return 0, 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := several(n); err != nil {
		return 0, 0, err
	}
	runtime.ReadMemStats(&after)
	per := func(a, b uint64) float64 { return float64(b-a) / float64(n) }
	return per(before.Mallocs, after.Mallocs), per(before.TotalAlloc, after.TotalAlloc), nil
}
