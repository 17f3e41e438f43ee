//go:build linux

package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Numbers of descriptors are used again at once, beside reads, writes and whoever looks at
// addresses and options. No byte reaches a wrong peer, and nobody sees a wrong address: each
// connection carries the port of its client, in both directions.
func TestPolledReusesDescriptors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a := NewAcceptor(l)
	defer a.Close()
	set := newPollSet(t)
	var servers, clients sync.WaitGroup
	const parallel, each = 8, 30
	accept := make(chan struct{}, parallel)
	for range parallel {
		clients.Go(func() {
			for range each {
				nc, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				accept <- struct{}{}
				reuseClient(t, nc)
			}
		})
	}
	for range parallel * each {
		<-accept
		p := set.add(t, accepted(t, a).FD)
		servers.Go(func() { reuseServer(t, p) })
	}
	clients.Wait()
	servers.Wait()
	set.stop(t)
}

// mark is what a connection carries: the port of its client again and again.
func mark(port int, size int) []byte {
	return bytes.Repeat(binary.BigEndian.AppendUint32(nil, uint32(port)), size/4)
}

// reuseClient sends its mark, and looks whether it gets it.
func reuseClient(t *testing.T, nc net.Conn) {
	defer nc.Close()
	want := mark(nc.LocalAddr().(*net.TCPAddr).Port, 1<<12)
	sent := background(func() error {
		for {
			if _, err := nc.Write(want); err != nil {
				return nil
			}
		}
	})
	got, part := 0, make([]byte, 1<<14)
	for {
		n, err := nc.Read(part)
		for i := range n {
			if part[i] != want[(got+i)%4] {
				t.Errorf("byte %d is %x, want %x", got+i, part[i], want[(got+i)%4])
				return
			}
		}
		if got += n; err != nil {
			break
		}
	}
	_ = nc.Close()
	<-sent
}

// reuseServer reads, writes and looks until it has closed the connection.
func reuseServer(t *testing.T, p *Polled) {
	nc := p.NetConn()
	port := nc.RemoteAddr().(*net.TCPAddr).Port
	want := mark(port, 1<<12)
	var all sync.WaitGroup
	all.Go(func() {
		defer p.FreeRead()
		got, part := 0, make([]byte, 1<<14)
		for {
			n, err := p.Read(part)
			for i := range n {
				if part[i] != want[(got+i)%4] {
					t.Errorf("port %d: byte %d is %x", port, got+i, part[i])
					return
				}
			}
			if got += n; err != nil {
				return
			}
		}
	})
	all.Go(func() {
		defer p.FreeWrite()
		for from := 0; ; {
			n := p.TryWrite(want[from:])
			if n == 0 {
				m, err := p.Write(want[from:from+2], want[from+2:])
				if n = m; err != nil {
					return
				}
			}
			from = (from + n) % 4
		}
	})
	all.Go(func() {
		for {
			if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok && a.Port != port {
				t.Errorf("the port is %d, and was %d", a.Port, port)
			}
			raw, _ := nc.(syscall.Conn).SyscallConn()
			err := raw.Control(func(fd uintptr) {
				if sa, err := unix.Getpeername(int(fd)); err == nil && sa.(*unix.SockaddrInet4).Port != port {
					t.Errorf("the port is %v, and was %d", sa, port)
				}
			})
			if errors.Is(err, net.ErrClosed) {
				return
			}
		}
	})
	time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
	_ = p.Close()
	all.Wait()
}

// pollSet reports the events of many.
type pollSet struct {
	fd   int
	done chan struct{}

	mu  sync.Mutex
	all map[int32]*Polled
}

// polledMember is one of a pollSet.
type polledMember struct {
	*pollSet
	fd int
}

func (polledMember) Waiting() {}

func (m polledMember) Freed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = unix.EpollCtl(m.pollSet.fd, unix.EPOLL_CTL_DEL, m.fd, nil)
	delete(m.all, int32(m.fd))
}

func newPollSet(t *testing.T) *pollSet {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	s := &pollSet{fd: fd, done: make(chan struct{}), all: map[int32]*Polled{}}
	go s.report()
	return s
}

func (s *pollSet) report() {
	defer close(s.done)
	events := make([]unix.EpollEvent, 16)
	for {
		n, err := unix.EpollWait(s.fd, events, 1000)
		for _, e := range events[:max(n, 0)] {
			s.mu.Lock()
			p := s.all[e.Fd]
			s.mu.Unlock()
			if p != nil {
				p.Ready(eventsOf(e.Events))
			} else if e.Fd == -1 {
				return
			}
		}
		if err != nil && err != unix.EINTR {
			return
		}
	}
}

func (s *pollSet) add(t *testing.T, fd int) *Polled {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := NewPolled(fd, polledMember{s, fd})
	if s.all[int32(fd)] != nil {
		t.Errorf("descriptor %d is in use", fd)
	}
	s.all[int32(fd)] = p
	err := unix.EpollCtl(s.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(fd)})
	if err != nil {
		t.Error(err)
	}
	return p
}

// stop ends report by an event of a pipe.
func (s *pollSet) stop(t *testing.T) {
	s.mu.Lock()
	if len(s.all) > 0 {
		t.Errorf("%d are left", len(s.all))
	}
	s.mu.Unlock()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	_ = unix.EpollCtl(s.fd, unix.EPOLL_CTL_ADD, pipe[0], &unix.EpollEvent{Events: unix.EPOLLIN, Fd: -1})
	_ = unix.Close(pipe[1])
	<-s.done
	_ = unix.Close(pipe[0])
	_ = unix.Close(s.fd)
}
