package crowd

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Door is how connections are made.
type Door struct {
	Server netip.AddrPort
	// From is the first address that they come from; each address has perAddress of them.
	// The zero Addr leaves it to the system.
	From netip.Addr
}

// perAddress is well below the 28,232 ports that Linux gives away by itself.
const perAddress = 8000

const (
	key    = "dGhlIHNhbXBsZSBub25jZQ=="
	accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	// answerTimeout is for the handshake.
	answerTimeout = 30 * time.Second
)

// NewDoor returns the door of client number k of a server: every client has addresses of its
// own, so that the ports of n connections do not run out.
func NewDoor(server string, k, n int) (*Door, error) {
	to, err := netip.ParseAddrPort(server)
	if err != nil {
		return nil, err
	}
	addresses := (n + perAddress - 1) / perAddress
	return &Door{to, local(k * addresses)}, nil
}

// local is an address of the loopback device.
func local(i int) netip.Addr {
	const first = 127<<24 | 1<<16 | 1
	a := uint32(first + i)
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}

// connect makes connection i and performs the opening handshake. The socket is then
// non-blocking.
func (d *Door) connect(i int) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err = d.open(fd, i); err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (d *Door) open(fd, i int) error {
	limit := unix.NsecToTimeval(answerTimeout.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if d.From.IsValid() {
		// The port is chosen when the server's address is known too.
		if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return err
		}
		from := d.From
		for range i / perAddress {
			from = from.Next()
		}
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: from.As4()}); err != nil {
			return err
		}
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: d.Server.Addr().As4(), Port: int(d.Server.Port())}); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return d.shake(fd)
}

// shake is the opening handshake (RFC 6455 §4.1). The key is constant, and so is the answer.
func (d *Door) shake(fd int) error {
	request := "GET / HTTP/1.1\r\nHost: " + d.Server.String() + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n\r\n"
	if _, err := unix.Write(fd, []byte(request)); err != nil {
		return err
	}
	var buf [1 << 10]byte
	n := 0
	for {
		m, err := unix.Read(fd, buf[n:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("handshake: %w after %q", err, buf[:n])
		case m == 0:
			return fmt.Errorf("handshake: the server ends the connection after %q", buf[:n])
		}
		n += m
		if bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
			break
		}
	}
	if !bytes.HasPrefix(buf[:n], []byte("HTTP/1.1 101 ")) || !bytes.Contains(buf[:n], []byte(": "+accept+"\r\n")) {
		return fmt.Errorf("handshake: the server answers %q", buf[:n])
	}
	return nil
}

// call reads or writes without telling Go's scheduler, since it cannot block.
func call(trap uintptr, fd int, p []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

// wait waits for events, for a time at most.
func (c *Crowd) wait(most time.Duration) (int, error) {
	events := unsafe.Pointer(unsafe.SliceData(c.events))
	if most <= 0 {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(c.epoll), uintptr(events), uintptr(len(c.events)), 0, 0, 0)
		return ready(n, errno)
	}
	limit := unix.NsecToTimespec(most.Nanoseconds())
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(c.epoll), uintptr(events), uintptr(len(c.events)),
		uintptr(unsafe.Pointer(&limit)), 0, 0)
	return ready(n, errno)
}

// ready is the result of a wait.
func ready(n uintptr, errno unix.Errno) (int, error) {
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, errno
}
