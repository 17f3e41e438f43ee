//go:build linux

package transport

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// accepted waits for a connection.
func accepted(t *testing.T, a *Acceptor) Accepted {
	t.Helper()
	s, err := a.Accept(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A connection that is accepted below package net is prepared as package net prepares it.
func TestAccept(t *testing.T) {
	for network, address := range map[string]string{
		"tcp": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": filepath.Join(t.TempDir(), "socket"),
	} {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		a := NewAcceptor(l)
		defer a.Close()
		defer a.Close()
		if _, err := a.Accept(0); err != ErrAgain {
			t.Errorf("%s: %v without a connection", network, err)
		}
		far, err := net.Dial(network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
		s := accepted(t, a)
		if asked := newPeerAddr(s.FD); s.peer != asked {
			t.Errorf("%s: the peer is %v, and %v if the system is asked", network, s.peer.addr(), asked.addr())
		}
		d := new(Polled)
		d.InitAccepted(s, nil)
		defer d.Close()
		flags, _ := unix.FcntlInt(uintptr(d.fd), unix.F_GETFL, 0)
		cloexec, _ := unix.FcntlInt(uintptr(d.fd), unix.F_GETFD, 0)
		if flags&unix.O_NONBLOCK == 0 || cloexec&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s: flags %x, %x", network, flags, cloexec)
		}
		if network != "unix" {
			other, err := net.Dial(network, l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			nc, err := l.Accept() // its own accepting goes on
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			wantSameOptions(t, d.NetConn(), nc)
		}
		if _, err := d.Write([]byte("hello"), nil); err != nil {
			t.Error(err)
		}
		p := make([]byte, 5)
		if _, err := io.ReadFull(far, p); err != nil || string(p) != "hello" {
			t.Errorf("%s: %q, %v", network, p, err)
		}
		d.FreeRead()
		d.FreeWrite()
	}
}

func wantSameOptions(t *testing.T, ours, nets net.Conn) {
	t.Helper()
	for _, option := range [][2]int{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE},
	} {
		if got, want := sockopt(t, ours, option), sockopt(t, nets, option); got != want {
			t.Errorf("option %v is %d, and %d from package net", option, got, want)
		}
	}
}

func sockopt(t *testing.T, nc net.Conn, option [2]int) (value int) {
	t.Helper()
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	used := raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), option[0], option[1]) })
	if err := errors.Join(used, err); err != nil {
		t.Fatal(err)
	}
	return value
}

// Errors say whether to go on.
func TestAcceptFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := NewAcceptor(l)
	defer a.Close()
	_, err = accept(-1)
	wantIs(t, "Accept", err, unix.EBADF)
	if errors.Is(err, ErrAcceptLater) || errors.Is(err, ErrAgain) {
		t.Error("it goes on with what is no listener")
	}
	for errno, want := range map[unix.Errno]error{
		unix.EAGAIN:       ErrAgain,
		unix.EMFILE:       ErrAcceptLater,
		unix.ENFILE:       ErrAcceptLater,
		unix.ENOBUFS:      ErrAcceptLater,
		unix.ENOMEM:       ErrAcceptLater,
		unix.ECONNABORTED: errNextConn,
		unix.EINTR:        errNextConn,
		unix.EINVAL:       unix.EINVAL,
	} {
		if err := acceptOutcome(errno); !errors.Is(err, want) {
			t.Errorf("%v: %v, want %v", errno, err, want)
		} else if want == ErrAcceptLater && !errors.Is(err, errno) {
			t.Errorf("%v: %v does not say why", errno, err)
		}
	}
	_ = l.Close()
	_, err = a.Accept(0)
	wantIs(t, "Accept from what is closed", err, net.ErrClosed)
	if NewAcceptor(struct{ net.Listener }{l}) != nil {
		t.Error("a listener of somebody's own has an Acceptor")
	}
	if NewAcceptor(new(net.TCPListener)) != nil {
		t.Error("a listener that was not made has an Acceptor")
	}
}

// Many connections may come at once.
func TestAcceptAllocates(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a := NewAcceptor(l)
	defer a.Close()
	const n = 20
	for range n + 1 {
		far, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
	}
	_ = unix.Close(accepted(t, a).FD)
	if allocs := testing.AllocsPerRun(n-1, func() { // which runs it once more
		s, err := a.Accept(0)
		if err != nil {
			t.Fatal(err)
		}
		_ = unix.Close(s.FD)
	}); allocs > 0 {
		t.Errorf("%v allocations for a connection", allocs)
	}
}

// An Acceptor waits for whoever comes next. It does not keep the port of a listener that is closed.
func TestAcceptorWaits(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := NewAcceptor(l)
	defer a.Close()
	for range 50 {
		dialled := make(chan error, 1)
		go func() {
			far, err := net.Dial("tcp", l.Addr().String())
			if err == nil {
				err = far.Close()
			}
			dialled <- err
		}()
		_ = unix.Close(accepted(t, a).FD)
		if err := <-dialled; err != nil {
			t.Fatal(err)
		}
	}
	closed := make(chan error, 1)
	go func() {
		_, err := a.Accept(20 * time.Millisecond)
		for err == ErrAgain {
			_, err = a.Accept(20 * time.Millisecond)
		}
		closed <- err
	}()
	_ = l.Close()
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
	wantIs(t, "Accept from what was closed meanwhile", <-closed, net.ErrClosed)
}
