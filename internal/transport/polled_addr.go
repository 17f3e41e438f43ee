//go:build linux

package transport

import (
	"net"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// peerAddr is what is kept of the address of the peer: the system has forgotten it once the peer
// is gone, and then the reason is told with an address.
type peerAddr struct {
	ip     [16]byte
	port   uint16
	family uint8 // AF_INET and so on; 0: unknown
}

// addr returns the address, without a zone and without the name of a Unix socket.
func (a *peerAddr) addr() net.Addr {
	switch a.family {
	case unix.AF_INET:
		return &net.TCPAddr{IP: slices.Clone(a.ip[:4]), Port: int(a.port)}
	case unix.AF_INET6:
		return &net.TCPAddr{IP: slices.Clone(a.ip[:]), Port: int(a.port)}
	case unix.AF_UNIX:
		return &net.UnixAddr{Name: "@", Net: "unix"}
	}
	return noAddress{}
}

// noAddress is an address that the system does not tell any more.
type noAddress struct{}

func (noAddress) Network() string { return "closed" }
func (noAddress) String() string  { return "closed" }

func (p *Polled) remoteAddr() net.Addr {
	if a := p.ask(unix.Getpeername); a != nil {
		return a
	}
	return p.peer.addr()
}

func (p *Polled) localAddr() net.Addr {
	if a := p.ask(unix.Getsockname); a != nil {
		return a
	}
	return noAddress{}
}

// ask asks the system. It returns nil after Close.
func (p *Polled) ask(which func(fd int) (unix.Sockaddr, error)) net.Addr {
	if !p.use() {
		return nil
	}
	defer p.unuse()
	sa, err := which(int(p.fd))
	if err != nil {
		return nil
	}
	return addrOf(sa)
}

func addrOf(sa unix.Sockaddr) net.Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port}
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: sa.Addr[:], Port: sa.Port, Zone: zone(sa.ZoneId)}
	case *unix.SockaddrUnix:
		return &net.UnixAddr{Name: sa.Name, Net: "unix"}
	}
	return noAddress{}
}

// zone names an interface, as package net does.
func zone(id uint32) string {
	if id == 0 {
		return ""
	}
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(id))
}
