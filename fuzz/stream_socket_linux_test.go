package fuzz_test

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/hawser-ws/websocket"
)

// socketPair makes two sockets that are connected.
func socketPair(t *testing.T, tcp bool) (ours, peer socket) {
	t.Helper()
	if tcp {
		return tcpPair(t)
	}
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]socket
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "")
		c, err := net.FileConn(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		ends[i] = c.(socket)
	}
	return ends[0], ends[1]
}

// drained waits until all that has come to a socket has been read, or nobody will: what
// comes next then comes by itself.
func drained(t *testing.T, c *websocket.Conn) {
	t.Helper()
	raw, err := c.NetConn().(syscall.Conn).SyscallConn()
	if err != nil {
		return
	}
	// A pause, however short, has the runtime look who can read.
	for begin := time.Now(); ; time.Sleep(time.Microsecond) {
		var n int32
		if raw.Control(func(fd uintptr) {
			_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCINQ, uintptr(unsafe.Pointer(&n)))
		}) != nil || n == 0 {
			return
		}
		if time.Since(begin) > time.Minute {
			t.Fatal("nobody reads")
		}
	}
}
