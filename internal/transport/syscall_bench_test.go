//go:build linux && !386 && !s390x && !race

package transport

import (
	"strconv"
	"syscall"
	"testing"
	"unsafe"
)

// Calls that cannot wait cost no more than those that were here before: a message is
// sent through a socket and read, and read again in vain.
func BenchmarkSystemCalls(b *testing.B) {
	calls := map[string]struct {
		read, write func(fd uintptr, p []byte) (int, syscall.Errno)
	}{
		"recvfrom": {sysRead, sysWrite},
		"read":     {plainRead, plainWrite},
	}
	for _, size := range []int{64, 1 << 10, 16 << 10} {
		for _, name := range []string{"read", "recvfrom", "read", "recvfrom"} {
			b.Run(name+"/"+strconv.Itoa(size), func(b *testing.B) {
				fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
				if err != nil {
					b.Fatal(err)
				}
				defer syscall.Close(fds[0])
				defer syscall.Close(fds[1])
				call, p := calls[name], make([]byte, size)
				for b.Loop() {
					n, errno := call.write(uintptr(fds[0]), p)
					m, errno2 := call.read(uintptr(fds[1]), p)
					_, errno3 := call.read(uintptr(fds[1]), p)
					if n != size || m != size || errno != 0 || errno2 != 0 || errno3 != syscall.EAGAIN {
						b.Fatal(n, m, errno, errno2, errno3)
					}
				}
			})
		}
	}
}

func plainRead(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

func plainWrite(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}
