//go:build linux

package transport

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// watched notes whether the descriptor was open when it was told.
type watched struct {
	fd    int
	freed []bool
}

func (w *watched) Waiting() {}
func (w *watched) Freed()   { w.freed = append(w.freed, isOpen(w.fd)) }

func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// The descriptor is closed by the last of those who may use it, whoever that is.
func TestPolledIsClosedByTheLast(t *testing.T) {
	steps := []string{"Close", "FreeRead", "FreeWrite", "unuse"}
	for _, order := range permutations(len(steps)) {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			near, _ := pair(t, "unix")
			fd, err := Detach(near)
			if err != nil {
				t.Fatal(err)
			}
			w := &watched{fd: fd}
			p := NewPolled(fd, w)
			if !p.use() {
				t.Fatal("it cannot be used")
			}
			for i, step := range order {
				if !isOpen(fd) || len(w.freed) > 0 {
					t.Fatalf("it is closed before step %d", i)
				}
				for range 2 {
					switch steps[step] {
					case "Close":
						_ = p.Close()
					case "FreeRead":
						p.FreeRead()
					case "FreeWrite":
						p.FreeWrite()
					}
				}
				if steps[step] == "unuse" {
					p.unuse()
				}
			}
			if isOpen(fd) || len(w.freed) != 1 || !w.freed[0] {
				t.Errorf("open: %v, told %v", isOpen(fd), w.freed)
			}
			if p.use() {
				t.Error("it can be used after that")
			}
		})
	}
}

func permutations(n int) (all [][]int) {
	if n == 0 {
		return [][]int{nil}
	}
	for _, p := range permutations(n - 1) {
		for i := range n {
			q := append(append(append([]int{}, p[:i]...), n-1), p[i:]...)
			all = append(all, q)
		}
	}
	return all
}

// A half that is free is not used any more, and an owner is not needed.
func TestPolledIsFree(t *testing.T) {
	near, far := pair(t, "tcp")
	fd, err := Detach(near)
	if err != nil {
		t.Fatal(err)
	}
	p := NewPolled(fd, nil)
	send(t, far, "unread")
	p.FreeRead()
	_, err = p.Read(make([]byte, 1))
	wantIs(t, "Read", err, net.ErrClosed)
	p.FreeWrite()
	_, err = p.Write([]byte("x"), nil)
	wantIs(t, "Write", err, net.ErrClosed)
	if p.TryWrite([]byte("x")) != 0 {
		t.Error("something was sent")
	}
	if err := errors.Join(p.Close(), p.Close()); err != nil || isOpen(fd) {
		t.Errorf("%v, open: %v", err, isOpen(fd))
	}
}

// NetConn is there to be looked at.
func TestPolledNetConn(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		near, far := pair(t, network)
		local, remote := near.LocalAddr().String(), near.RemoteAddr().String()
		d := undriven(t, near)
		nc := d.NetConn()
		if nc != d.NetConn() {
			t.Error("there are two of them")
		}
		if nc.LocalAddr().String() != local || nc.RemoteAddr().String() != remote || nc.RemoteAddr().Network() != far.LocalAddr().Network() {
			t.Errorf("%s: %v, %v; want %s, %s", network, nc.LocalAddr(), nc.RemoteAddr(), local, remote)
		}
		_, err1 := nc.Read(nil)
		_, err2 := nc.Write(nil)
		raw, err := nc.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		yes := func(uintptr) bool { return true }
		for i, err := range []error{err1, err2, nc.Close(), nc.SetDeadline(past), nc.SetReadDeadline(past), nc.SetWriteDeadline(past), raw.Read(yes), raw.Write(yes)} {
			wantIs(t, fmt.Sprint(i), err, errDriven)
		}
		if err := raw.Control(func(fd uintptr) {
			if int(fd) != d.fd {
				t.Errorf("%d, want %d", fd, d.fd)
			}
		}); err != nil {
			t.Error(err)
		}
		_ = d.Close()
		if a := nc.RemoteAddr(); a.String() != remote || a.Network() != network {
			t.Errorf("%s: %v after Close, want %s", network, a, remote)
		}
		if a := nc.LocalAddr(); a.String() != "closed" || a.Network() != "closed" {
			t.Errorf("%s: %v after Close", network, a)
		}
		wantIs(t, "Control", raw.Control(func(uintptr) {}), net.ErrClosed)
	}
}

// Addresses are written as package net writes them.
func TestPolledAddresses(t *testing.T) {
	interfaces, err := net.Interfaces()
	if err != nil || len(interfaces) == 0 {
		t.Fatal(err)
	}
	first := interfaces[0]
	six := [16]byte{0: 0xfe, 1: 0x80, 15: 1}
	for want, sa := range map[string]unix.Sockaddr{
		"192.0.2.1:80":                    &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 1}, Port: 80},
		"[fe80::1]:80":                    &unix.SockaddrInet6{Addr: six, Port: 80},
		"[fe80::1%" + first.Name + "]:80": &unix.SockaddrInet6{Addr: six, Port: 80, ZoneId: uint32(first.Index)},
		"[fe80::1%1073741824]:80":         &unix.SockaddrInet6{Addr: six, Port: 80, ZoneId: 1 << 30},
		"/run/x":                          &unix.SockaddrUnix{Name: "/run/x"},
		"closed":                          &unix.SockaddrVM{},
	} {
		if got := addrOf(sa).String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for want, a := range map[string]peerAddr{
		"192.0.2.1:80": {ip: [16]byte{192, 0, 2, 1}, port: 80, family: unix.AF_INET},
		"[fe80::1]:80": {ip: six, port: 80, family: unix.AF_INET6},
		"@":            {family: unix.AF_UNIX},
		"closed":       {},
	} {
		if got := a.addr().String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
