//go:build linux

package transport

import (
	"bytes"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// driven is a Driven with an epoll set of its own.
type driven struct {
	Driven
	fd            int
	waited, freed atomic.Int32
	done          chan struct{}
}

func (d *driven) Waiting() { d.waited.Add(1) }
func (d *driven) Freed()   { d.freed.Add(1) }

// drive takes the socket out of nc, and reports its events.
func drive(t testing.TB, nc net.Conn) *driven {
	t.Helper()
	d := undriven(t, nc)
	d.poll(t)
	return d
}

// undriven takes the socket out of nc, and reports nothing.
func undriven(t testing.TB, nc net.Conn) *driven {
	t.Helper()
	d := &driven{done: make(chan struct{})}
	var err error
	if d.Driven, d.fd, err = Drive(New(nc, new(Socket)), new(Polled), d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.Close()
		d.FreeRead()
		d.FreeWrite()
		if n := d.freed.Load(); n != 1 {
			t.Errorf("Freed was called %d times", n)
		}
	})
	return d
}

// poll reports events until the test ends.
func (d *driven) poll(t testing.TB) {
	t.Helper()
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	err = unix.EpollCtl(set, unix.EPOLL_CTL_ADD, d.fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET})
	if err != nil {
		t.Fatal(err)
	}
	var stop atomic.Bool
	go func() {
		defer close(d.done)
		events := make([]unix.EpollEvent, 1)
		for !stop.Load() {
			if n, _ := unix.EpollWait(set, events, 10); n == 1 {
				d.Ready(eventsOf(events[0].Events))
			}
		}
		_ = unix.Close(set)
	}()
	t.Cleanup(func() {
		stop.Store(true)
		<-d.done
	})
}

func eventsOf(e uint32) (ev Events) {
	if e&unix.EPOLLIN != 0 {
		ev |= Readable
	}
	if e&unix.EPOLLOUT != 0 {
		ev |= Writable
	}
	if e&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		ev |= Ended
	}
	return ev
}

// eachDriven runs a test of a stream of each kind.
func eachDriven(t *testing.T, test func(t *testing.T, d *driven, far net.Conn)) {
	t.Helper()
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			near, far := pair(t, network)
			test(t, drive(t, near), far)
		})
		t.Run("TLS over "+network, func(t *testing.T) {
			near, far := pair(t, network)
			server, client := overTLS(t, Movable(near), far)
			test(t, drive(t, server), client)
		})
	}
}

func TestPolledIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Polled{}); n > 56 {
		t.Errorf("%d bytes", n)
	}
}

// It holds no buffer while it waits, loses nothing when it is interrupted, and ends as net.Conn
// does.
func TestPolledReads(t *testing.T) {
	eachDriven(t, func(t *testing.T, s *driven, far net.Conn) {
		if !s.Traits().Has(Posts | TriesWrites | CountsPartialWrites) {
			t.Errorf("traits %b", s.Traits())
		}
		var b Buffer
		if n, err := s.TryFill(&b); n != 0 || err != ErrAgain || b.data != nil {
			t.Fatalf("TryFill: %d, %v, with a buffer: %t", n, err, b.data != nil)
		}
		testReads(t, s, far)
	})
}

// An error of the system is told as net.Conn tells it.
func TestPolledIsReset(t *testing.T) {
	near, far := pair(t, "tcp")
	s := drive(t, near)
	_, err := s.Write([]byte("unread"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = far.(*net.TCPConn).SetLinger(0)
	_ = far.Close()
	_, err = s.Read(make([]byte, 1))
	wantIs(t, "Read", err, syscall.ECONNRESET)
	if _, ok := err.(*net.OpError); !ok || !strings.Contains(err.Error(), far.LocalAddr().String()) {
		t.Errorf("Read: %T %v", err, err)
	}
	for err = nil; err == nil; {
		_, err = s.Write([]byte("head"), []byte("tail"))
	}
	wantIs(t, "Write", err, syscall.EPIPE)
	if s.TryWrite([]byte("x")) != 0 {
		t.Error("something was sent")
	}
}

// A write that waits is interrupted, or ends by its limit, and tells how far it came.
func TestPolledWrites(t *testing.T) {
	eachDriven(t, func(t *testing.T, s *driven, far net.Conn) {
		part := bytes.Repeat([]byte("x"), 1<<20)
		total := 0
		for n := 1; n > 0; total += n {
			n = s.TryWrite(part)
		}
		if total == 0 || !s.Full() {
			t.Fatal("TryWrite sends nothing, or the socket is not full")
		}
		type result struct {
			n   int
			err error
		}
		write := func() <-chan result {
			return background(func() result { n, err := s.Write(part, part); return result{n, err} })
		}
		s.InterruptWrite(true)
		r := <-write()
		wantIs(t, "Write", r.err, os.ErrDeadlineExceeded)
		total += r.n
		s.InterruptWrite(false)
		s.LimitWrite(time.Now().Add(10 * time.Millisecond))
		r = <-write()
		wantIs(t, "Write with a limit", r.err, os.ErrDeadlineExceeded)
		total += r.n
		s.LimitWrite(time.Time{})
		all := write()
		arrived := background(func() int64 { n, _ := io.Copy(io.Discard, far); return n })
		if r = <-all; r.n != 2*len(part) || r.err != nil {
			t.Errorf("%d bytes, %v", r.n, r.err)
		}
		s.CloseWrite()
		if n := <-arrived; n != int64(total+r.n) {
			t.Errorf("%d bytes have arrived, %d were counted", n, total+r.n)
		}
	})
}
